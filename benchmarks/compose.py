"""The embedded author on sets of tasks by example: what fits, what is right, what it is sure of.

One core and a fixed limit of CPU time for a task. "right" is right on every kept-back
example. The rows "with the other inputs" hand over the inputs of the kept-back examples,
without outputs, as the rest of a user's file would be.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.compose_sets import RULES, Task, find_sets
from benchmarks.compose_skills import is_right, load
from benchmarks.report import Report, Row
from habilis.agent.authors.compose.found import Found
from habilis.agent.authors.compose.synthesise import synthesise
from habilis.agent.example import Example

_SECONDS: Final = 1.0
_QUICK: Final = 8  # tasks of a set


@dataclass(frozen=True, kw_only=True)
class Solved:
    """What came of one task."""

    fit: bool
    right: bool
    sure: bool
    tried: int
    seconds: float
    dispute: tuple[object, ...] | None


def run(data: Path, *, peers: Path, quick: bool) -> Report:
    """Return the rows of every set in the folder, then what holds over all of them."""
    rows: list[Row] = []
    informed: dict[str, list[Solved]] = {}
    for name, tasks in find_sets(data).items():
        tasks = tasks[:_QUICK] if quick else tasks
        plain = [solve(task, task.shown, informed=False) for task in tasks]
        informed[name] = [solve(task, task.shown, informed=True) for task in tasks]
        rows += _of_set(name, plain, informed[name])
        if name == "prose":
            rows.append(_answered(tasks, informed[name]))
    return Report(benchmark="compose", rows=[*rows, *_of_all(informed)])


def solve(task: Task, shown: Sequence[Example], *, informed: bool) -> Solved:
    """Return what the author makes of the examples shown."""
    others = [example.inputs for example in task.kept_back] if informed else []
    start = time.process_time()
    found = synthesise(
        shown, name="made", seconds=_SECONDS, unlabelled=others, timer=time.process_time
    )
    seconds = time.process_time() - start
    if not isinstance(found, Found):
        return Solved(
            fit=False, right=False, sure=False, tried=found.tried, seconds=seconds, dispute=None
        )
    function = load(found.source, found.name, {})
    fit = is_right(function, shown)
    return Solved(
        fit=fit,
        right=fit and is_right(function, task.kept_back),
        sure=found.sure,
        tried=found.tried,
        seconds=seconds,
        dispute=found.dispute.inputs if found.dispute else None,
    )


def _share(of: Sequence[bool]) -> float | None:
    return 100 * sum(of) / len(of) if of else None


def _of_set(name: str, plain: Sequence[Solved], informed: Sequence[Solved]) -> list[Row]:
    rule, n = RULES[name], len(plain)
    goal = f">= {rule.goal:g}"
    fit, right = _share([s.fit for s in plain]), _share([s.right for s in plain])
    known = _share([s.right for s in informed])
    seconds = statistics.median(s.seconds for s in plain)
    tried = statistics.mean(s.tried for s in plain)
    return [
        _row(f"{name}: fit", fit, n, goal=goal if rule.fit else ""),
        _row(f"{name}: right", right, n, goal="" if rule.fit else goal),
        _row(f"{name}: right with the other inputs", known, n),
        _row(f"{name}: programs tried, mean", tried, n, unit=""),
        _row(f"{name}: CPU time, median", seconds, n, unit="s"),
    ]


def _answered(tasks: Sequence[Task], solved: Sequence[Solved]) -> Row:
    """The example that is asked for is answered, where there is one."""
    right = [
        before.right if example is None else solve(task, shown, informed=True).right
        for task, before in zip(tasks, solved, strict=True)
        for example in [_asked(task, before)]
        for shown in [(*task.shown, example) if example else task.shown]
    ]
    goal = ">= 85"
    return _row("prose: right, one question answered", _share(right), len(tasks), goal=goal)


def _asked(task: Task, solved: Solved) -> Example | None:
    if solved.sure or solved.dispute is None:
        return None
    return next((e for e in task.kept_back if e.inputs == solved.dispute), None)


def _of_all(solved: dict[str, list[Solved]]) -> list[Row]:
    every = [each for some in solved.values() for each in some]
    rows = [_sure("all", every, goal=">= 93")]
    if "prose" in solved:
        right = [each.sure for each in solved["prose"] if each.right]
        rows.append(_sure("prose", solved["prose"], goal=">= 90"))
        rows.append(_row("prose: sure, of those right", _share(right), len(right), goal=">= 55"))
    return rows


def _sure(name: str, solved: Sequence[Solved], *, goal: str) -> Row:
    sure = [each.right for each in solved if each.sure]
    return _row(f"{name}: right where sure", _share(sure), len(sure), goal=goal)


def _row(name: str, value: float | None, n: int, *, goal: str = "", unit: str = "%") -> Row:
    return Row(name=name, ours=value, peer=None, goal=goal, unit=unit, n=n, goal_is_about="ours")
