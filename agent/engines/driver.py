"""The session's side of an engine: sends jobs, tells of them, hands on a wish to stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Future
from contextlib import suppress
from typing import TYPE_CHECKING

from habilis.agent.engines.engine import Engine, Tell
from habilis.agent.engines.job import Job, do_job
from habilis.agent.engines.parcel import pack_agent, pack_task
from habilis.agent.result import Result, result_from_json
from habilis.agent.sessions.abreast import run_abreast
from habilis.agent.sessions.running import Running, StopSession
from habilis.agent.task import Task
from habilis.errors import ClaimLost, EngineLost, LibraryError
from habilis.events import Event, Paused, TaskFinished, TaskStarted
from habilis.memory.journal_claims import Claim

if TYPE_CHECKING:
    from habilis.agent.agent import Agent

_LOOK_S = 0.2  # how soon a wish to stop is handed on
_COUNT_S = 2.0  # how often the time that has gone by is counted


class Driver:
    """Runs the tasks of a claimed session on an engine; those known before are `tasks`.

    Raises:
        SessionError: the agent or a task cannot be sent; names what stands in the way.
    """

    def __init__(
        self,
        engine: Engine,
        claim: Claim,
        running: Running,
        *,
        agent: Agent,
        tasks: Sequence[Task],
        patience_s: float,
        tell: Tell,
    ) -> None:
        self._engine, self._claim, self._running = engine, claim, running
        self._journal = running.journal
        self._agent, self._patience_s = pack_agent(agent), patience_s
        finished = self._journal.finished_keys(claim.session)
        self._parcels = {task.key: pack_task(task) for task in tasks if task.key not in finished}
        self._library = str(agent.library.store.address) if agent.library is not None else ""
        self._tell = _both(agent.observer, tell)
        self._far_tell = engine.teller(f"habilis-{claim.process}-{claim.fence}", self._tell)
        self._sent: dict[str, Future[str]] = {}
        self._slots: int | None = None  # as many jobs run side by side; None before the first look

    async def run(
        self,
        *,
        next_task: Callable[[], Awaitable[Task | None]],
        parallel: int | None,
        ended: Callable[[], bool],
        on_result: Callable[[Result], None] | None,
    ) -> None:
        """Keep `parallel` tasks (one for each thread there is) going until done or `ended`.

        Raises:
            EngineLost: the engine went away.
            StopSession: the session is to end.
            HabilisError: as a task raises it.
        """

        def done(task: Task, key: str) -> None:
            result = self._result(task)
            if self._far_tell is None and task.key in self._sent:
                self._tell(_finished(result))
            if on_result is not None:
                on_result(result)

        await self._count_slots()
        looking = asyncio.create_task(self._look())
        try:
            await run_abreast(
                next_task,
                self._submit,
                parallel=lambda: parallel or self._slots or 1,
                ended=ended,
                failed=self._running.stopping.set,
                done=done,
                explain=self._explain,
            )
        finally:
            looking.cancel()

    def _submit(self, task: Task) -> Future[str]:
        if self._journal.result(self._claim.session, task.key) is not None:
            finished: Future[str] = Future()
            finished.set_result(task.key)
            return finished
        parcel = self._parcels.pop(task.key, None) or pack_task(task)
        job = Job(
            claim=self._claim,
            agent=self._agent,
            task=parcel,
            patience_s=self._patience_s,
            library=self._library,
            tell=self._far_tell,
        )
        if self._far_tell is None:
            self._tell(TaskStarted(at=time.time(), task_id=task.key, instruction=task.instruction))
        try:
            future = self._engine.executor.submit(do_job, job)
        except Exception as error:  # noqa: BLE001 - each engine has its own when it is gone
            future = Future()
            future.set_exception(error)
        self._sent[task.key] = future
        return future

    def _result(self, task: Task) -> Result:
        recorded = self._journal.result(self._claim.session, task.key)
        if recorded is None:
            raise EngineLost(
                f"{self._engine.name} says that task {task.key!r} is finished, and the journal "
                "has no result of it"
            )
        return result_from_json(recorded, task.output_type)

    async def _look(self) -> None:
        """Hand on a wish to stop, count the session's time and the engine's threads."""
        running, told, counted_at = self._running, False, time.monotonic()
        while True:
            await asyncio.sleep(_LOOK_S)
            if running.abandoned:
                for future in self._sent.values():
                    future.cancel()
            with suppress(LibraryError):  # locked or full: at the next look
                if running.stopping.is_set() and not told:
                    self._journal.request_stop(self._claim.session, at_once=True)
                    told = True
                if time.monotonic() - counted_at > _COUNT_S:
                    counted_at, lap_s = time.monotonic(), running.lap()
                    try:
                        if self._slots:  # else nothing could run
                            self._journal.count_seconds(self._claim, lap_s)
                    except ClaimLost:  # the workers stop by themselves, and then it is raised
                        return
                    await self._count_slots()

    async def _count_slots(self) -> None:
        """Look how many jobs can run; say when none can, and in the journal also when one can."""
        before, self._slots = self._slots, await asyncio.to_thread(lambda: self._engine.slots)
        if self._slots == before:
            return
        if not self._slots:
            lost = "has lost its workers (their logs say why)" if before else "has no workers"
            reason = f"{self._engine.name} {lost}; tasks go on when one joins"
            self._journal.say_waiting(self._claim.session, reason)
            self._tell(Paused(at=time.time(), reason=reason, seconds=0.0))
        elif not before:
            self._journal.say_waiting(self._claim.session, "")

    def _explain(self, error: BaseException) -> BaseException:
        if isinstance(error, CancelledError) and self._running.abandoned:
            return StopSession()
        error = self._engine.explain(error)
        if isinstance(error, CancelledError | BrokenExecutor):
            return EngineLost(
                f"the engine {self._engine.name} is gone ({error or 'cancelled'}); what is "
                "finished is kept: resume when it is there again"
            )
        if isinstance(error, ImportError):
            return EngineLost(
                f"a worker of {self._engine.name} lacks a module ({error}); install habilis, and "
                "what its tools and checks import, on every worker"
            )
        return error


def _both(one: Tell | None, other: Tell) -> Tell:
    def tell(event: Event) -> None:
        if one is not None:
            one(event)
        other(event)

    return tell


def _finished(result: Result) -> TaskFinished:
    """Return what is told of a task whose own events stay with the engine."""
    return TaskFinished(
        at=time.time(),
        task_id=result.task_id,
        solved=result.solved,
        stop_reason=result.stop_reason.value,
        detail=result.detail,
        seconds=result.seconds,
        tokens=result.usage.tokens,
        usd=result.usage.usd,
        skills_used=result.skills_used,
        skills_made=result.skills_made,
    )
