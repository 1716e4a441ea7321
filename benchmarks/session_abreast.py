"""How well whole tasks use all cores: the same session with one task at a time, and with more."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from benchmarks.report import Row, own_row
from benchmarks.session_driver import library
from habilis import Agent, Expected, Request, ScriptedAuthor, Task

_ACTIONS, _LOOPS = 4, 2_000_000  # of each task; some 0.1 s of processor time an action


def _reply(request: Request) -> str:
    turn = sum(message.role == "assistant" for message in request.messages)
    if request.purpose != "act":
        return "NOTHING"
    code = f"total = sum(n * n for n in range({_LOOPS} + {turn}))\nprint(total)"
    code += "\nfinal_answer(7)" if turn == _ACTIONS - 1 else ""
    return f"```python\n{code}\n```"


def abreast_rows(*, tasks: int) -> list[Row]:
    """Return what share of all cores tasks side by side make use of."""
    cores = len(os.sched_getaffinity(0))
    alone_s, abreast_s = _seconds(tasks, parallel=1), _seconds(tasks, parallel=cores)
    name = f"whole tasks on {cores} cores, of {cores} times as fast as one at a time"
    share = 100 * alone_s / abreast_s / cores
    return [own_row(name, share, goal=">= 85", unit="%", n=tasks)]


def _seconds(count: int, *, parallel: int) -> float:
    tasks = [Task(f"Say 7 ({n}).", id=f"t{n}", checks=(Expected(7),)) for n in range(count)]
    with tempfile.TemporaryDirectory() as scratch, library(Path(scratch) / "library") as shelf:
        agent = Agent(ScriptedAuthor(_reply), library=shelf, learn=False)
        agent.run_sync(Task("Say 7.", id="warm", checks=(Expected(7),)))  # the first jail
        started = time.perf_counter()
        agent.session("abreast", tasks).run_sync(parallel=parallel)
        return time.perf_counter() - started
