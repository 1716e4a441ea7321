"""What a library is worth to the embedded author: composites of two of its own functions.

Without the library, with the 300 skills the tasks are made of, and with 4,000 more that
share their types and their words. 2 s of CPU time for a task on one core; skills are run
in this process, so their calls cost no round trip to the jail.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.compose_sets import Task
from benchmarks.compose_skills import (
    Made,
    caller,
    is_right,
    load,
    make_composites,
    make_library,
)
from benchmarks.report import Report, Row
from habilis.agent.authors.compose.found import Found
from habilis.agent.authors.compose.synthesise import synthesise

_SECONDS: Final = 2.0
_COUNT: Final = 80
_QUICK: Final = 6
_SHOWN: Final = {"text": 3, "list": 8}
_GOALS: Final = {"text": (95, 85), "list": (90, 85)}


def run(data: Path, *, peers: Path, quick: bool) -> Report:
    """Return the share right and the programs tried, by size of the library."""
    rows: list[Row] = []
    for kind, shown in _SHOWN.items():
        own = make_library(kind, start=0, count=150)
        more = make_library(kind, start=150, count=2000)
        other = "list" if kind == "text" else "text"
        own_mixed = [*own, *make_library(other, start=0, count=150)]
        all_mixed = [*own_mixed, *more, *make_library(other, start=150, count=2000)]
        tasks = make_composites(kind, own, count=_QUICK if quick else _COUNT, shown=shown)
        sizes: list[tuple[str, list[Made], int | None]] = [
            ("none", [], None),
            ("300", own_mixed, _GOALS[kind][0]),
            ("4,300", all_mixed, _GOALS[kind][1]),
        ]
        alone: float | None = None
        for size, library, goal in sizes:
            results = [_solve(task, text, library) for task, text in tasks]
            tried = statistics.mean(count for _, count in results)
            right = 100 * statistics.mean(ok for ok, _ in results)
            rows.append(_right(f"{kind}, {size} skills: right", right, len(tasks), goal))
            if alone is not None:
                rows.append(
                    _tried(f"{kind}, {size} skills: programs tried", tried, alone, len(tasks))
                )
            alone = tried if alone is None else alone
    return Report(benchmark="compose_library", rows=rows)


def _solve(task: Task, text: str, library: Sequence[Made]) -> tuple[bool, int]:
    known = {made.skill.name: made.run for made in library}
    found = synthesise(
        task.shown,
        name="made",
        description=text,
        skills=[made.skill for made in library],
        call_skill=caller(known) if library else None,
        seconds=_SECONDS,
        timer=time.process_time,
    )
    if not isinstance(found, Found):
        return False, found.tried
    function = load(found.source, found.name, known)
    return is_right(function, (*task.shown, *task.kept_back)), found.tried


def _right(name: str, value: float, n: int, goal: int | None) -> Row:
    text = f">= {goal}" if goal else ""
    return Row(name=name, ours=value, peer=None, goal=text, unit="%", n=n, goal_is_about="ours")


def _tried(name: str, tried: float, alone: float, n: int) -> Row:
    note = "the peer is the same search without a library"
    return Row(name=name, ours=tried, peer=alone, goal="<= 0.1", unit="", n=n, note=note)
