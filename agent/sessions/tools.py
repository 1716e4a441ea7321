"""The user's tools, each call recorded: a resumed task gets what they returned then."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import inspect
import json
from collections.abc import Callable, Mapping

from habilis.agent.record import Approve, Tool
from habilis.memory.journal_calls import HostCallRow, HostCalls, HostCallState
from habilis.memory.journal_claims import Claim
from habilis.skills.sandbox.host import ToolRaised
from habilis.skills.sandbox.wire import dumps, loads


class RecordedTools:
    """Wraps tools so that the nth call of a task is made once.

    A call that was begun and never returned is made again: it may have its effect twice.
    """

    def __init__(self, calls: HostCalls, claim: Claim, *, step: Callable[[], int]) -> None:
        self._calls, self._claim, self._step = calls, claim, step
        self._known = {row.position: row for row in calls.of_task(claim.session, claim.task)}
        self._position = 0

    def forget(self) -> int:
        """Give no recorded results from here on; return the position of the next call."""
        self._known = {}
        return self._position

    def wrap(self, tool: Tool) -> Tool:
        """Return the tool with its signature, each call recorded."""

        @functools.wraps(tool)
        def recorded(*arguments: object, **keywords: object) -> object:
            bound = _bound(tool, arguments, keywords)
            known = self._recorded(tool.__name__, bound)
            if known is not None:
                self._position += 1
                return _again(known)
            return self._made(tool, arguments, keywords, bound)

        return recorded

    def approve(self, approve: Approve | None) -> Approve | None:
        """Return the hook; what was approved once is not asked again."""
        if approve is None:
            return None

        def ask(name: str, arguments: Mapping[str, object]) -> object:
            return self._recorded(name, arguments) is not None or approve(name, arguments)

        return ask

    def _recorded(self, name: str, arguments: Mapping[str, object]) -> HostCallRow | None:
        row = self._known.get(self._position)
        if row is None or row.state is HostCallState.BEGUN:
            return None
        return row if (row.name, row.arguments) == (name, _hash(arguments)) else None

    def _made(
        self,
        tool: Tool,
        arguments: tuple[object, ...],
        keywords: dict[str, object],
        bound: Mapping[str, object],
    ) -> object:
        call = HostCallRow(
            position=self._position,
            step=self._step(),
            name=tool.__name__,
            arguments=_hash(bound),
            state=HostCallState.BEGUN,
        )
        self._calls.write(self._claim, call)
        self._position += 1
        try:
            value = tool(*arguments, **keywords)
            if inspect.isawaitable(value):
                value = asyncio.run(_awaited(value))
            state, text = HostCallState.RETURNED, dumps(value)
        except KeyboardInterrupt:  # the user's, not the tool's: it has not come to an end
            raise
        except BaseException as error:
            self._end(call, HostCallState.RAISED, json.dumps(ToolRaised.of(error).args))
            raise
        self._end(call, state, text)
        return value

    def _end(self, call: HostCallRow, state: HostCallState, value: str) -> None:
        self._calls.write(
            self._claim,
            HostCallRow(**{**vars(call), "state": state, "value": value}),
        )


def _again(row: HostCallRow) -> object:
    """Return what the call came to, or raise it in the words the code was told then."""
    if row.state is HostCallState.RETURNED:
        return loads(row.value)
    raise ToolRaised(*json.loads(row.value))


def _bound(
    tool: Tool, arguments: tuple[object, ...], keywords: dict[str, object]
) -> Mapping[str, object]:
    """Name the arguments as `approve` sees them."""
    try:
        return dict(inspect.signature(tool).bind(*arguments, **keywords).arguments)
    except ValueError:  # some builtins have no signature
        return {"args": arguments, "keywords": keywords}


def _hash(arguments: Mapping[str, object]) -> str:
    return hashlib.sha256(dumps(dict(arguments)).encode()).hexdigest()[:32]


async def _awaited(value: object) -> object:
    return await value  # type: ignore[misc]
