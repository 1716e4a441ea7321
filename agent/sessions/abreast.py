"""Tasks side by side on any `concurrent.futures.Executor`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext

from habilis.agent.result import Result
from habilis.agent.sessions.running import StopSession
from habilis.agent.task import Task
from habilis.errors import BudgetSpent


async def run_abreast(
    tasks: Sequence[Task],
    run_task: Callable[[Task], Result],
    *,
    parallel: int,
    executor: Executor | None,
    ended: Callable[[], bool],
    failed: Callable[[], None],
    on_result: Callable[[Result], None] | None,
) -> None:
    """Keep `parallel` tasks going until all are done or `ended` says that no more may begin.

    After the first error no task begins; `failed` tells those under way, which are waited
    for. Then that error is raised, one that stops a session only where there is no other.
    """
    waiting, errors = list(tasks), list[BaseException]()
    under_way: set[asyncio.Future[Result]] = set()
    pool: AbstractContextManager[Executor] = (
        ThreadPoolExecutor(parallel, thread_name_prefix="habilis-task")
        if executor is None
        else nullcontext(executor)
    )
    with pool as engine:
        while under_way or waiting:
            while waiting and len(under_way) < parallel:
                if errors or ended():
                    waiting.clear()
                    break
                under_way.add(asyncio.wrap_future(engine.submit(run_task, waiting.pop(0))))
            if not under_way:
                break
            done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            for future in done:
                error = future.exception()
                if error is not None:
                    errors.append(error)
                    failed()
                elif on_result is not None:
                    on_result(future.result())
    for error in sorted(errors, key=lambda each: isinstance(each, StopSession | BudgetSpent)):
        raise error
