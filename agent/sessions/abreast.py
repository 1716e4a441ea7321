"""Tasks side by side on any `concurrent.futures.Executor`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError, Future
from typing import TypeVar

from habilis.agent.sessions.running import StopSession
from habilis.agent.task import Task
from habilis.errors import BudgetSpent

T = TypeVar("T")


async def run_abreast(
    next_task: Callable[[], Awaitable[Task | None]],
    submit: Callable[[Task], Future[T]],
    *,
    parallel: Callable[[], int],
    ended: Callable[[], bool],
    failed: Callable[[], None],
    done: Callable[[Task, T], None],
    explain: Callable[[BaseException], BaseException] = lambda error: error,
) -> None:
    """Keep `parallel()` tasks going until all are done or `ended` says that no more may begin.

    `next_task` gives None when there is no other task. After the first error no task
    begins; `failed` tells those under way, which are waited for. Where a budget is spent they
    are not told: each goes on for as long as it needs no more than is left. Then the error is
    raised, one that stops a session only where there is no other. `explain` says in our words
    what an executor raised; a future that was cancelled is explained as a `CancelledError`.
    """
    errors, more = list[BaseException](), True
    under_way: dict[asyncio.Future[T], Task] = {}

    def fail(reason: BaseException) -> None:
        errors.append(reason)
        if not isinstance(reason, BudgetSpent):
            failed()

    while True:
        while more and len(under_way) < parallel():
            try:
                task = None if errors or ended() else await next_task()
            except Exception as reason:  # noqa: BLE001 - it is raised when all are at rest
                fail(reason)
                task = None
            if task is None:
                more = False
            else:
                under_way[asyncio.wrap_future(submit(task))] = task
        if not under_way:
            break
        finished, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
        for future in finished:
            task = under_way.pop(future)
            error = CancelledError() if future.cancelled() else future.exception()
            if error is not None:
                fail(explain(error))
            else:
                done(task, future.result())
    for first in sorted(errors, key=lambda each: isinstance(each, StopSession | BudgetSpent)):
        raise first
