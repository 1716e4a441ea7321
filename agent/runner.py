"""The worker as one task sees it: runs beside the event loop, in the time that is left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

from habilis.agent.budget import Meter
from habilis.skills.outcome import Outcome
from habilis.skills.sandbox.client import Worker

P = ParamSpec("P")
T = TypeVar("T")


class Runner:
    """Runs actions and calls functions. `used` counts the saved skills that were called."""

    def __init__(self, worker: Worker, *, meter: Meter, action_s: float) -> None:
        self.worker = worker
        self.used: dict[str, int] = {}
        self._meter, self._limit_s = meter, action_s

    async def run(self, source: str) -> Outcome:
        outcome = await self.beside(self.worker.run, source, timeout_s=self._action_s())
        self._count([outcome])
        return outcome

    async def call(self, function: str, arguments: Sequence[tuple[object, ...]]) -> list[Outcome]:
        return await self.beside(self.call_blocking, function, arguments)

    def call_blocking(
        self, function: str, arguments: Sequence[tuple[object, ...]]
    ) -> list[Outcome]:
        outcomes = self.worker.call(function, arguments, timeout_s=self._action_s())
        self._count(outcomes)
        return outcomes

    async def beside(self, function: Callable[P, T], *arguments: P.args, **keywords: P.kwargs) -> T:
        """Run blocking work in a thread; when cancelled, kill the worker so that it ends."""
        try:
            return await asyncio.to_thread(function, *arguments, **keywords)
        except asyncio.CancelledError:
            self.worker.interrupt()
            raise

    def _count(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            for name, times in outcome.skills_called.items():
                self.used[name] = self.used.get(name, 0) + times

    def _action_s(self) -> float:
        left = self._meter.seconds_left
        return self._limit_s if left is None else max(0.05, min(self._limit_s, left))
