"""The worker as one task sees it: runs beside the event loop, in the time that is left."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

from habilis.agent.budget import Meter
from habilis.agent.record import Record
from habilis.agent.variables import list_variables
from habilis.skills.calling import call_until
from habilis.skills.outcome import Outcome
from habilis.skills.sandbox.client import Limits, Worker

P = ParamSpec("P")
T = TypeVar("T")


class Runner:
    """Runs actions and calls functions. `used` counts the calls of saved skills that returned."""

    def __init__(self, worker: Worker, *, meter: Meter, limits: Limits, record: Record) -> None:
        self.worker, self._record = worker, record
        self.used: dict[str, int] = {}
        self.on_cancel: list[Callable[[], None]] = []
        self._meter, self._limit_s = meter, limits.action_s

    async def run(self, source: str) -> Outcome:
        outcome = await self._record.action(
            source, lambda: self.beside(self.worker.run, source, timeout_s=self._action_s())
        )
        self._count([outcome])
        return outcome

    async def variables(self) -> tuple[str, ...]:
        """Return what the session's variables hold, one line each."""
        return await list_variables(self.run)

    async def call(self, function: str, arguments: Sequence[tuple[object, ...]]) -> list[Outcome]:
        return await self.beside(self.call_blocking, function, arguments)

    def call_blocking(
        self, function: str, arguments: Sequence[tuple[object, ...]]
    ) -> list[Outcome]:
        outcomes = call_until(
            self.worker,
            function,
            arguments,
            seconds_left=self._seconds_left,
            action_s=self._limit_s,
        )
        self._count(outcomes)
        return outcomes

    async def beside(self, function: Callable[P, T], *arguments: P.args, **keywords: P.kwargs) -> T:
        """Run blocking work in a thread; when cancelled, stop what it may be waiting for."""
        try:
            return await asyncio.to_thread(function, *arguments, **keywords)
        except asyncio.CancelledError:
            for interrupt in (self.worker.interrupt, *self.on_cancel):
                interrupt()
            raise

    def _count(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            for name, times in outcome.skills_called.items():
                self.used[name] = self.used.get(name, 0) + times

    def _action_s(self) -> float:
        return max(0.05, min(self._limit_s, self._seconds_left()))

    def _seconds_left(self) -> float:
        left = self._meter.seconds_left
        return math.inf if left is None else left
