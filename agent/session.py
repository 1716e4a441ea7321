"""A durable run over tasks: finished work is never done again, paid work never paid again."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING

from habilis.agent.budget import Budget
from habilis.agent.result import Result, result_from_json
from habilis.agent.sessions.abreast import run_abreast
from habilis.agent.sessions.payers import payer_for
from habilis.agent.sessions.running import Running, StopSession
from habilis.agent.sessions.task_record import TaskRecord
from habilis.agent.task import Task
from habilis.errors import BudgetSpent, HabilisError, SessionError
from habilis.events import Event
from habilis.memory.journal_ledger import scope_of

if TYPE_CHECKING:
    from habilis.agent.agent import Agent
    from habilis.memory.journal import Journal
    from habilis.memory.journal_claims import Claim

OnResult = Callable[[Result], None]
Observer = Callable[[Event], None]


class Session:
    """A named list of tasks and the results so far, kept in the library's journal.

    Interrupted or killed, it goes on where it was: finished tasks are read back, the one
    under way is replayed up to its last recorded step. `budget` limits the whole session,
    all its runs together. `patience_s` is how long an endpoint may be away before the
    session gives up; until then it pauses.

    Raises:
        SessionError: there is no library to keep the journal in, two tasks have one id,
            or the name stands for other tasks.
    """

    def __init__(
        self,
        agent: Agent,
        name: str,
        tasks: Sequence[Task] = (),
        *,
        source: str = "",
        settings: str = "{}",
        budget: Budget | None = None,
        patience_s: float = 0.0,
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
        self.name, self.tasks, self.source, self.settings = name, tuple(tasks), source, settings
        self.stopped_because = ""  # why the last run ended before all tasks were finished
        self._agent, self._library = agent, agent.library
        self._journal: Journal = agent.library.journal
        self._budget, self._patience_s = budget, patience_s
        self._running: Running | None = None
        self._telling = threading.Lock()

    @property
    def finished(self) -> dict[str, Result]:
        """Results so far, by task id."""
        rows = self._journal.finished(self.name)
        types = {task.key: task.output_type for task in self.tasks}
        return {key: result_from_json(text, types.get(key)) for key, text in rows.items()}

    def stop(self, *, grace_s: float | None = None) -> None:
        """Let a run, in whatever thread, end after the step it is at.

        A step that takes longer than `grace_s` is cut off; resumed, it is done again,
        but a call of a model that is under way is not paid again.
        """
        if self._running is not None:
            self._running.stop(grace_s=grace_s)

    async def run(
        self,
        *,
        observer: Observer | None = None,
        on_result: OnResult | None = None,
        parallel: int = 1,
        executor: Executor | None = None,
    ) -> list[Result]:
        """Run the tasks that are not finished, in order; return all results so far.

        `parallel` tasks run side by side, each in a thread of `executor` (one of our own
        by default). What the skills made on the way have in common then becomes skills of
        its own. Ends early, with `stopped_because`, when `stop` or `habilis session stop`
        asks for it or the session's budget is spent.

        Raises:
            SessionBusy: another process runs this session.
            ClaimLost: another process has taken it over, because this one seemed dead.
            AuthorError: an endpoint failed for good.
        """
        if parallel < 1:
            raise SessionError(f"parallel={parallel!r} makes no sense: give at least 1")
        self._make()
        claim = self._journal.claims.take(self.name)
        state, before = "stopped", len(self._journal.finished(self.name))
        try:
            running = self._start(claim, observer)
            if parallel == 1 and executor is None:
                await self._one_by_one(running, observer, on_result)
            else:
                await self._side_by_side(running, observer, on_result, parallel, executor)
            if not self.stopped_because:
                if before < len(self.tasks):
                    await self._agent.share(self.name, observer=observer)
                state = "finished"
        except HabilisError as error:
            self.stopped_because = str(error)
            raise
        finally:
            self._end(claim, state)
        done = self.finished
        return [done[task.key] for task in self.tasks if task.key in done]

    def run_sync(
        self,
        *,
        observer: Observer | None = None,
        on_result: OnResult | None = None,
        parallel: int = 1,
        executor: Executor | None = None,
    ) -> list[Result]:
        """Do what `run` does, for callers without an event loop."""
        return asyncio.run(
            self.run(observer=observer, on_result=on_result, parallel=parallel, executor=executor)
        )

    async def run_one(self, task: Task, *, observer: Observer | None = None) -> Result:
        """Run one task under this name, or return its result if it is finished.

        Raises:
            SessionBusy: another process is at this very task.
        """
        self._make()
        recorded = self._journal.result(self.name, task.key)
        if recorded is not None:
            return result_from_json(recorded, task.output_type)
        claim = self._journal.claims.take(self.name, task.key)
        state = "stopped"
        try:
            running = self._start(claim, observer)
            result = await self._do(task, claim, running, observer)
            state = "finished"
            return result
        finally:
            self._end(claim, state)

    # one task after another, or side by side ---------------------------------

    async def _one_by_one(
        self, running: Running, observer: Observer | None, on_result: OnResult | None
    ) -> None:
        for task in self.tasks:
            if self._asked_to_stop(running):
                return
            try:
                result = await self._once(task, running, observer)
            except (StopSession, BudgetSpent) as stop:
                self.stopped_because = str(stop) or "asked to stop"
                return
            if on_result is not None:
                on_result(result)

    async def _side_by_side(
        self,
        running: Running,
        observer: Observer | None,
        on_result: OnResult | None,
        parallel: int,
        executor: Executor | None,
    ) -> None:
        def run_task(task: Task) -> Result:
            return asyncio.run(self._once(task, running, observer))

        try:
            await run_abreast(
                self.tasks,
                run_task,
                parallel=parallel,
                executor=executor,
                ended=lambda: self._asked_to_stop(running),
                failed=running.stopping.set,
                on_result=on_result,
            )
        except (StopSession, BudgetSpent) as stop:
            self.stopped_because = str(stop) or "asked to stop"

    def _asked_to_stop(self, running: Running) -> bool:
        if running.stopping.is_set() or self._journal.stop_requested(self.name):
            self.stopped_because = "asked to stop"
        return bool(self.stopped_because)

    async def _once(self, task: Task, running: Running, observer: Observer | None) -> Result:
        recorded = self._journal.result(self.name, task.key)
        if recorded is not None:
            return result_from_json(recorded, task.output_type)
        claim = self._journal.claims.take(self.name, task.key)
        try:
            return await self._do(task, claim, running, observer)
        finally:
            self._journal.claims.release(claim)

    async def _do(
        self, task: Task, claim: Claim, running: Running, observer: Observer | None
    ) -> Result:
        payer = payer_for(self._agent.author, self._library, process=claim.process)
        record = TaskRecord(claim, running=running, library=self._library, payer=payer)
        tell = None if observer is None else self._one_at_a_time(observer)
        async with running.at_work():
            result = await self._agent.run_task(task, observer=tell, record=record)
        self._journal.finish_task(claim, result.to_json())
        return result

    def _one_at_a_time(self, observer: Observer) -> Observer:
        def tell(event: Event) -> None:
            with self._telling:
                observer(event)

        return tell

    # begin and end -----------------------------------------------------------

    def _make(self) -> None:
        fingerprint = _fingerprint(self.tasks) if self.tasks else ""
        known = self._journal.session(self.name)
        if known is not None and known.fingerprint != fingerprint:
            raise SessionError(
                f"session {self.name!r} exists with other tasks ({known.count} of them, from "
                f"{known.source or 'Python'}); choose another name"
            )
        self._journal.make_session(
            self.name,
            fingerprint=fingerprint,
            count=len(self.tasks),
            source=self.source,
            settings=self.settings,
        )

    def _start(self, claim: Claim, observer: Observer | None) -> Running:
        self._journal.open_session(claim)
        if self._budget is not None:
            self._journal.ledger.limit(scope_of(self.name), **vars(self._budget))
        self.stopped_because = ""
        self._running = Running(
            self._journal,
            self.name,
            patience_s=self._patience_s,
            tell=self._one_at_a_time(observer or (lambda event: None)),
        )
        return self._running

    def _end(self, claim: Claim, state: str) -> None:
        lap_s = self._running.lap() if self._running is not None else 0.0
        self._running = None
        try:
            why = self.stopped_because
            self._journal.close_session(claim, state=state, lap_s=lap_s, why=why)
        finally:
            self._journal.claims.release(claim)


def _fingerprint(tasks: Sequence[Task]) -> str:
    text = "\n".join(task.fingerprint for task in tasks)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
