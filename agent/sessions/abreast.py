"""Tasks side by side on any `concurrent.futures.Executor`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from typing import TypeVar

from habilis.agent.sessions.running import StopSession
from habilis.agent.task import Task
from habilis.errors import BudgetSpent

T = TypeVar("T")


async def run_abreast(
    tasks: Sequence[Task],
    submit: Callable[[Task], Future[T]],
    *,
    parallel: Callable[[], int],
    ended: Callable[[], bool],
    failed: Callable[[], None],
    done: Callable[[Task, T], None],
    explain: Callable[[BaseException], BaseException] = lambda error: error,
) -> None:
    """Keep `parallel()` tasks going until all are done or `ended` says that no more may begin.

    After the first error no task begins; `failed` tells those under way, which are waited
    for. Then that error is raised, one that stops a session only where there is no other.
    `explain` says in our words what an executor raised; a future that was cancelled is
    explained as a `CancelledError`.
    """
    waiting, errors = list(tasks), list[BaseException]()
    under_way: dict[asyncio.Future[T], Task] = {}
    while under_way or waiting:
        while waiting and len(under_way) < parallel():
            if errors or ended():
                waiting.clear()
                break
            task = waiting.pop(0)
            under_way[asyncio.wrap_future(submit(task))] = task
        if not under_way:
            break
        finished, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
        for future in finished:
            task = under_way.pop(future)
            error = CancelledError() if future.cancelled() else future.exception()
            if error is not None:
                errors.append(explain(error))
                failed()
            else:
                done(task, future.result())
    for error in sorted(errors, key=lambda each: isinstance(each, StopSession | BudgetSpent)):
        raise error
