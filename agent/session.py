"""A durable run over tasks: finished work is never done again, paid work never paid again."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from habilis.agent.budget import Budget
from habilis.agent.curriculum import Curriculum
from habilis.agent.engines.driver import Driver
from habilis.agent.engines.engine import Engine, engine_for
from habilis.agent.given import checked, refuse_inside_a_loop
from habilis.agent.result import Result, result_from_json
from habilis.agent.sessions.abreast import run_abreast
from habilis.agent.sessions.one_task import do_claimed, do_once
from habilis.agent.sessions.proposing import next_proposal
from habilis.agent.sessions.running import Running, StopSession
from habilis.agent.sessions.stream import TaskStream
from habilis.agent.task import Task
from habilis.errors import BudgetSpent, SessionError
from habilis.events import Event
from habilis.memory.journal_ledger import scope_of

if TYPE_CHECKING:
    from habilis.agent.agent import Agent
    from habilis.memory.journal import Journal
    from habilis.memory.journal_claims import Claim

OnResult = Callable[[Result], None]
Observer = Callable[[Event], None]


class Session:
    """Named tasks (a list, a stream, a curriculum) and their results, kept in the journal.

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
        tasks: Iterable[Task] | Curriculum = (),
        *,
        source: str = "",
        settings: str = "{}",
        budget: Budget | None = None,
        patience_s: float = 0.0,
    ) -> None:
        if not isinstance(name, str) or not name.strip():
            raise SessionError("a session needs a name, a text")
        if agent.library is None:
            raise SessionError(
                f"session {name!r} needs a library to keep its journal in: Agent(library=...)"
            )
        self.name, self.source, self.settings = name, source, settings
        self._stream = TaskStream(tasks, session=name)
        self.stopped_because = ""  # why the last run ended before all tasks were finished
        self._agent = agent
        self._journal: Journal = agent.library.journal
        self._budget = None if budget is None else checked(budget, Budget, "budget")
        self._patience_s = patience_s
        self._running: Running | None = None
        self._telling = threading.Lock()
        self._observer: Observer | None = None

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks; of a stream or a curriculum those that have come so far."""
        return tuple(self._stream.tasks)

    @property
    def count(self) -> int:
        """How many tasks there are at most; 0 where nobody knows."""
        return self._stream.count

    @property
    def finished(self) -> dict[str, Result]:
        """Results so far, by task id."""
        rows = self._journal.finished(self.name)
        types = {task.key: task.output_type for task in self.tasks}
        return {key: result_from_json(text, types.get(key)) for key, text in rows.items()}

    def stop(self, *, grace_s: float | None = None) -> bool:
        """Let a run, in whatever thread, end after the step it is at; False when there is none.

        A step that takes longer than `grace_s` is cut off; resumed, it is done again,
        but a call of a model that is under way is not paid again.
        """
        if (running := self._running) is not None:
            running.stop(grace_s=grace_s)
        return running is not None

    async def run(
        self,
        *,
        observer: Observer | None = None,
        on_result: OnResult | None = None,
        parallel: int | None = None,
        engine: str = "",
        executor: Executor | None = None,
    ) -> list[Result]:
        """Run the tasks that are not finished, in order; return all results so far.

        `parallel` tasks run side by side (one; on an engine as many as it has threads), on
        the `engine` of this address ("dask://HOST:PORT", "ray://HOST:PORT"), or in an
        `executor` of yours: threads of this process, or jobs wherever another kind of
        executor runs them. What the skills made on the way have in common then becomes
        skills of its own. Ends early, with `stopped_because`, when `stop` or `habilis
        session stop` asks for it or the session's budget is spent.

        Raises:
            SessionBusy: another process runs this session.
            ClaimLost: another process has taken it over, because this one seemed dead.
            EngineLost: the engine is unreachable, or went away.
            AuthorError: an endpoint failed for good.
        """
        if parallel is not None and (not isinstance(parallel, int) or parallel < 1):
            raise SessionError(f"parallel={parallel!r} makes no sense: give at least 1")
        afar = await asyncio.to_thread(engine_for, engine, executor)
        try:
            return await self._run(afar, executor, parallel, observer, on_result)
        finally:
            if afar is not None:
                await asyncio.to_thread(afar.close)

    async def _run(
        self,
        afar: Engine | None,
        executor: Executor | None,
        parallel: int | None,
        observer: Observer | None,
        on_result: OnResult | None,
    ) -> list[Result]:
        self._stream.begin(self._journal, source=self.source, settings=self.settings)
        claim = self._journal.claims.take(self.name)
        known = self._journal.session(self.name)
        state, before = "stopped", len(self._journal.finished_keys(self.name))
        try:
            running = self._start(claim, observer)
            try:
                if afar is not None:
                    driver = Driver(
                        afar,
                        claim,
                        running,
                        agent=self._agent,
                        tasks=self.tasks,
                        patience_s=self._patience_s,
                        tell=self._tell,
                    )
                    await driver.run(
                        next_task=self._next,
                        parallel=parallel,
                        ended=self._ended,
                        on_result=on_result,
                    )
                elif executor is None and parallel in (None, 1):
                    await self._one_by_one(running, on_result)
                else:
                    await self._side_by_side(running, parallel or 1, executor, on_result)
            except (StopSession, BudgetSpent) as stop:
                self.stopped_because = str(stop) or "asked to stop"
            if not self.stopped_because:
                if before < len(self.tasks) or (known is not None and known.state != "finished"):
                    await self._agent.share(self.name, observer=observer)
                state = "finished"
        except Exception as error:
            self.stopped_because = str(error) or type(error).__name__
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
        parallel: int | None = None,
        engine: str = "",
        executor: Executor | None = None,
    ) -> list[Result]:
        """Do what `run` does, for callers without an event loop."""
        refuse_inside_a_loop("session.run(...)")
        return asyncio.run(
            self.run(
                observer=observer,
                on_result=on_result,
                parallel=parallel,
                engine=engine,
                executor=executor,
            )
        )

    async def run_one(self, task: Task, *, observer: Observer | None = None) -> Result:
        """Run one task under this name, or return its result if it is finished.

        Raises:
            SessionBusy: another process is at this very task.
        """
        self._stream.begin(self._journal, source=self.source, settings=self.settings)
        recorded = self._journal.result(self.name, task.key)
        if recorded is not None:
            return result_from_json(recorded, task.output_type)
        claim = self._journal.claims.take(self.name, task.key)
        state = "stopped"
        try:
            running = self._start(claim, observer)
            result = await do_claimed(self._agent, task, claim, running, observer=self._tell)
            state = "finished"
            return result
        finally:
            self._end(claim, state)

    # one task after another, or side by side ---------------------------------

    async def _one_by_one(self, running: Running, on_result: OnResult | None) -> None:
        while not self._ended() and (task := await self._next()) is not None:
            result = await do_once(self._agent, task, running, observer=self._tell)
            if on_result is not None:
                on_result(result)

    async def _side_by_side(
        self,
        running: Running,
        parallel: int,
        executor: Executor | None,
        on_result: OnResult | None,
    ) -> None:
        def run_task(task: Task) -> Result:
            return asyncio.run(do_once(self._agent, task, running, observer=self._tell))

        pool = executor or ThreadPoolExecutor(parallel, thread_name_prefix="habilis-task")
        try:
            await run_abreast(
                self._next,
                lambda task: pool.submit(run_task, task),
                parallel=lambda: parallel,
                ended=self._ended,
                failed=running.stopping.set,
                done=lambda task, result: None if on_result is None else on_result(result),
            )
        finally:
            if executor is None:
                pool.shutdown()

    async def _next(self) -> Task | None:
        assert self._running is not None
        propose = partial(next_proposal, self._agent, self._running)
        return await self._stream.next(lambda: self.finished, propose)

    def _ended(self) -> bool:
        stopping = self._running is not None and self._running.stopping.is_set()
        if stopping or self._journal.stop_requested(self.name):
            self.stopped_because = "asked to stop"
        return bool(self.stopped_because)

    # begin and end -----------------------------------------------------------

    def _start(self, claim: Claim, observer: Observer | None) -> Running:
        self._journal.open_session(
            claim,
            fingerprint=self._stream.fingerprint,
            count=self.count,
            source=self.source,
            settings=self.settings,
        )
        if self._budget is not None:
            self._journal.ledger.limit(scope_of(self.name), **vars(self._budget))
        self.stopped_because, self._observer = "", observer
        self._running = Running(
            self._journal, self.name, patience_s=self._patience_s, tell=self._tell
        )
        return self._running

    def _tell(self, event: Event) -> None:
        if self._observer is not None:
            with self._telling:
                self._observer(event)

    def _end(self, claim: Claim, state: str) -> None:
        lap_s = self._running.lap() if self._running is not None else 0.0
        self._running = None
        try:
            self._journal.close_session(claim, state=state, lap_s=lap_s, why=self.stopped_because)
        finally:
            self._journal.claims.release(claim)
