"""A durable run over tasks: finished work is never done again."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from habilis.agent.result import Result, result_from_json
from habilis.agent.task import Task
from habilis.errors import SessionError
from habilis.events import Event

if TYPE_CHECKING:
    from habilis.agent.agent import Agent
    from habilis.memory.journal import Journal

OnResult = Callable[[Result], None]


class Session:
    """A named list of tasks and the results so far, kept in the library's journal.

    Interrupted or killed, it goes on where it was: finished tasks are read back, the
    one under way is begun again.

    Raises:
        SessionError: there is no library to keep the journal in, two tasks have one id,
            or the name stands for other tasks.
    """

    def __init__(
        self, agent: Agent, name: str, tasks: Sequence[Task] = (), *, source: str = ""
    ) -> None:
        if not name.strip():
            raise SessionError("a session needs a name")
        if agent.library is None:
            raise SessionError(
                f"session {name!r} needs a library to keep its journal in: Agent(library=...)"
            )
        keys = [task.key for task in tasks]
        double = next((key for key in keys if keys.count(key) > 1), None)
        if double:
            raise SessionError(f"two tasks of session {name!r} have the id {double!r}")
        self.name, self.tasks, self.source = name, tuple(tasks), source
        self._agent = agent
        self._journal: Journal = agent.library.journal

    @property
    def finished(self) -> dict[str, Result]:
        """Results so far, by task id."""
        rows = self._journal.finished(self.name)
        types = {task.key: task.output_type for task in self.tasks}
        return {key: result_from_json(text, types.get(key)) for key, text in rows.items()}

    async def run(
        self,
        *,
        observer: Callable[[Event], None] | None = None,
        on_result: OnResult | None = None,
    ) -> list[Result]:
        """Run the tasks that are not finished, in order; return all results so far.

        What the skills made on the way have in common then becomes skills of its own.
        Ends early, between two tasks, when `habilis session stop` asks for it.
        """
        self._open()
        state, before = "stopped", len(self._journal.finished(self.name))
        try:
            for task in self.tasks:
                if self._journal.stop_requested(self.name):
                    break
                result = await self._once(task, observer)
                if on_result is not None:
                    on_result(result)
            else:
                if before < len(self.tasks):
                    await self._agent.share(self.name, observer=observer)
                state = "finished"
        finally:
            self._journal.close_session(self.name, state=state)
        done = self.finished
        return [done[task.key] for task in self.tasks if task.key in done]

    def run_sync(
        self,
        *,
        observer: Callable[[Event], None] | None = None,
        on_result: OnResult | None = None,
    ) -> list[Result]:
        """Do what `run` does, for callers without an event loop."""
        return asyncio.run(self.run(observer=observer, on_result=on_result))

    async def run_one(
        self, task: Task, *, observer: Callable[[Event], None] | None = None
    ) -> Result:
        """Run one task under this name, or return its result if it is finished."""
        self._open()
        state = "stopped"
        try:
            result = await self._once(task, observer)
            state = "finished"
            return result
        finally:
            self._journal.close_session(self.name, state=state)

    def _open(self) -> None:
        fingerprint = _fingerprint(self.tasks) if self.tasks else ""
        known = self._journal.session(self.name)
        if known is not None and known.fingerprint != fingerprint:
            raise SessionError(
                f"session {self.name!r} exists with other tasks ({known.count} of them, from "
                f"{known.source or 'Python'}); choose another name"
            )
        self._journal.open_session(
            self.name, fingerprint=fingerprint, count=len(self.tasks), source=self.source
        )

    async def _once(self, task: Task, observer: Callable[[Event], None] | None) -> Result:
        recorded = self._journal.finished(self.name).get(task.key)
        if recorded is not None:
            return result_from_json(recorded, task.output_type)
        result = await self._agent.run_task(task, session=self.name, observer=observer)
        self._journal.finish_task(self.name, task.key, result.to_json())
        return result


def _fingerprint(tasks: Sequence[Task]) -> str:
    text = "\n".join(task.fingerprint for task in tasks)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
