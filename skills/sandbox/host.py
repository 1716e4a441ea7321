"""What the host does when sandboxed code asks: call a user's tool, or give a skill's source."""

from __future__ import annotations

import asyncio
import builtins
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from habilis.skills.outcome import HostCall
from habilis.skills.sandbox.aside import Abandoned, Aside
from habilis.skills.sandbox.inputs import tool_name
from habilis.skills.sandbox.printed import without_paths
from habilis.skills.sandbox.wire import WireError, pack, unpack

Approve = Callable[[str, Mapping[str, object]], bool | Awaitable[bool]]
LoadSkill = Callable[[str], Sequence[tuple[str, str]]]


class ToolRaised(Exception):
    """What a tool raised, in the words that the code is told, to be told them again."""

    def __init__(self, kind: str, text: str, plain: bool) -> None:
        super().__init__(kind, text, plain)
        self.kind, self.text, self.plain = kind, text, plain

    @classmethod
    def of(cls, error: BaseException) -> ToolRaised:
        """Return an error's name and text; `plain` says that it is one of Python's own."""
        if isinstance(error, ToolRaised):
            return error
        kind = type(error).__name__
        try:
            text = str(error.args[0] if isinstance(error, KeyError) and error.args else error)
        except Exception:  # its class is the user's own code
            text = "an error without a text"
        return cls(kind, without_paths(text), getattr(builtins, kind, None) is type(error))


class Host:
    """Answers a worker's questions while a thread waits for the action.

    A tool is a plain function, sync or async: its arguments are bound to its signature,
    shown to `approve`, and the call is recorded. It runs in a thread of its own, so that
    one that hangs can be left behind; `approve` and `load_skill` run in the thread that
    waits, where a prompt may be shown, and an `approve` that is async beside it.
    """

    def __init__(
        self,
        tools: Sequence[Callable[..., object]],
        *,
        approve: Approve | None = None,
        load_skill: LoadSkill | None = None,
    ) -> None:
        self._approve, self._load_skill = approve, load_skill
        self._tools: dict[str, Callable[..., object]] = {}
        for tool in tools:
            self._tools[tool_name(tool, taken=self._tools)] = tool
        self._aside = Aside()

    @property
    def tool_names(self) -> frozenset[str]:
        return frozenset(self._tools)

    def tool_cards(self) -> list[list[str]]:
        """Return each tool's name and docstring."""
        return [[name, inspect.getdoc(tool) or ""] for name, tool in self._tools.items()]

    def source_of(self, skill: str) -> str:
        """Return the text of a saved skill and all it needs; empty when there is none."""
        sources = self._skill_sources(skill).get("sources", [])
        return "\n".join(source for _, source in sources)

    def leave(self) -> None:
        """Wait no longer for the tool that is running, if one is."""
        self._aside.leave()

    def answer(
        self, question: Mapping[str, Any], calls: list[HostCall], *, stopped: Callable[[], bool]
    ) -> dict[str, Any]:
        """Return what the worker is told; a call of a tool is added to `calls`.

        What a tool raises goes to the code. What `approve` raises goes to the caller.
        No tool is called any more once `stopped()` is true.

        Raises:
            WireError: this is no question.
            Abandoned: `leave()` was called, or the call was stopped.
        """
        name = question.get("name")
        if isinstance(name, str) and question.get("ask") == "skill":
            return self._skill_sources(name)
        if isinstance(name, str) and question.get("ask") == "tool":
            reply, record = self._call(name, question.get("arguments"), stopped)
            calls.append(record)
            if reply is None:
                raise Abandoned
            return reply
        raise WireError("the worker sent no question")

    def _skill_sources(self, name: str) -> dict[str, Any]:
        if self._load_skill is None:
            return {"error": f"no skill named {name!r}: there are no saved skills here"}
        try:
            return {"sources": [[each, source] for each, source in self._load_skill(name)]}
        except Exception as error:  # the code gets it as an ImportError
            return {"error": without_paths(str(error))}

    def _call(
        self, name: str, arguments: object, stopped: Callable[[], bool]
    ) -> tuple[dict[str, Any] | None, HostCall]:
        """Return the reply and the record; no reply when the call was abandoned."""
        given: Mapping[str, object] = {}
        try:
            tool = self._tools[name]
            positional, named = _unpacked(arguments)
            given = {"args": positional, **named}
            bound = _bind(name, tool, positional, named)
            given = dict(bound.arguments)
        except (TypeError, KeyError, WireError) as error:
            return _failed(name, given, TypeError(str(error)))
        try:
            if not self._approved(name, given, stopped):
                return _failed(name, given, PermissionError(f"the call of {name} was not approved"))
            done = self._aside.do(lambda: _result(tool, bound), stopped=stopped)
        except Abandoned:
            return None, HostCall(name=name, arguments=given, error="Abandoned: interrupted")
        if isinstance(done, BaseException):
            return _failed(name, given, done)
        value, packed = done
        return {"value": packed}, HostCall(name=name, arguments=given, value=value)

    def _approved(
        self, name: str, given: Mapping[str, object], stopped: Callable[[], bool]
    ) -> bool:
        """Nothing but True is a yes: what is merely truthy may be a mistake."""
        if self._approve is None:
            return True
        verdict = self._approve(name, given)
        if inspect.isawaitable(verdict):
            awaitable = verdict
            verdict = self._aside.do(lambda: _awaited(awaitable), stopped=stopped)
        return verdict is True


def _result(
    tool: Callable[..., object], bound: inspect.BoundArguments
) -> tuple[object, bytes] | BaseException:
    """Return a tool's value, plain and packed, or what it raised."""
    try:
        value = tool(*bound.args, **bound.kwargs)
        if inspect.isawaitable(value):
            value = _awaited(value)
        return value, pack(value)
    except (Exception, SystemExit, GeneratorExit, asyncio.CancelledError) as error:
        return error  # the user's own code may raise anything; only Ctrl-C is for the caller


def _unpacked(arguments: object) -> tuple[list[Any], dict[str, Any]]:
    given = unpack(arguments) if isinstance(arguments, bytes) else None
    match given:
        case [list(positional), dict(named)]:
            return positional, named
    raise WireError("these are no arguments")


def _awaited(awaitable: Awaitable[Any]) -> Any:
    async def wait() -> Any:
        return await awaitable

    return asyncio.run(wait())


def _bind(
    name: str, tool: Callable[..., object], positional: list[Any], named: dict[str, Any]
) -> inspect.BoundArguments:
    signature = _signature(tool)
    try:
        return signature.bind(*positional, **named)
    except TypeError as error:
        raise TypeError(f"{name}(): {error}; it is called as {name}{signature}") from None


def _signature(tool: Callable[..., object]) -> inspect.Signature:
    try:
        # Annotations that are text (`from __future__ import annotations`) read better resolved.
        return inspect.signature(tool, eval_str=True)
    except Exception:  # resolving runs the user's names, which may be gone
        pass
    try:
        return inspect.signature(tool)
    except ValueError:  # some builtins have none
        return inspect.signature(lambda *args, **keywords: None)


def _failed(
    name: str, given: Mapping[str, object], error: BaseException
) -> tuple[dict[str, Any], HostCall]:
    raised = ToolRaised.of(error)
    named = f"{raised.kind}: {raised.text}"
    reply = {
        "error_type": raised.kind if raised.plain else "RuntimeError",
        "error": raised.text if raised.plain else named,
    }
    return reply, HostCall(name=name, arguments=given, error=named)
