"""A stream of tasks with recurring needs: what the embedded author's own library saves it.

200 tasks by example, in order. With the library on, a function that is right on the checks
kept back becomes a skill for the tasks that follow. 1 s of CPU time for a task; skills are
run in this process.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.compose_skills import caller, is_right, load
from benchmarks.report import Report, Row
from habilis.agent.authors.compose.found import Found
from habilis.agent.authors.compose.synthesise import synthesise
from habilis.agent.checks import KeptBack
from habilis.agent.task import Task
from habilis.agent.task_file import read_tasks
from habilis.skills.skill import Provenance, Skill, read_source

_SECONDS: Final = 1.0
_QUICK: Final = 24


@dataclass(frozen=True, kw_only=True)
class Solved:
    """What came of one task. `called` says that its function calls skills, or is one."""

    right: bool
    called: bool
    seconds: float


def run(data: Path, *, peers: Path, quick: bool) -> Report:
    """Return the share solved, the share solved by calling skills, the time per task."""
    path = data / "stream.jsonl"
    tasks = read_tasks(path)[: _QUICK if quick else None] if path.exists() else []
    if not tasks:
        note = f"no {path}"
        missing = Row(name="solved", ours=None, peer=None, unit="%", n=0, note=note)
        return Report(benchmark="compose_stream", rows=[missing])
    on, off = _solve_all(tasks, keeps=True), _solve_all(tasks, keeps=False)
    half = len(tasks) // 2
    rows = [
        _row("solved", [s.right for s in on], [s.right for s in off]),
        _row("solved by calling skills", [s.right and s.called for s in on], None),
        _time("CPU time of a task, mean", on, off),
        _time("CPU time of a task, first half", on[:half], off[:half]),
        _time("CPU time of a task, second half", on[half:], off[half:]),
    ]
    return Report(benchmark="compose_stream", rows=rows)


def _solve_all(tasks: Sequence[Task], *, keeps: bool) -> list[Solved]:
    skills: list[Skill] = []
    known: dict[str, Callable[..., Any]] = {}
    return [_solve(task, skills, known, keeps=keeps) for task in tasks]


def _solve(
    task: Task, skills: list[Skill], known: dict[str, Callable[..., Any]], *, keeps: bool
) -> Solved:
    start = time.process_time()
    found = synthesise(
        task.examples,
        name=task.name,
        description=task.instruction,
        skills=skills,
        call_skill=caller(known) if skills else None,
        seconds=_SECONDS,
        timer=time.process_time,
    )
    seconds = time.process_time() - start
    if not isinstance(found, Found):
        return Solved(right=False, called=False, seconds=seconds)
    function = load(found.source, found.name, known)
    kept_back = [e for c in task.checks if isinstance(c, KeptBack) for e in c.examples]
    right = is_right(function, kept_back)
    if keeps and right and found.name not in known:
        known[found.name] = function
        skills.append(_skill(found))
    return Solved(right=right, called=bool(found.skills_used), seconds=seconds)


def _skill(found: Found) -> Skill:
    facts = read_source(found.source)
    return Skill(
        name=found.name,
        source=found.source,
        signature=facts.signature,
        description=facts.description,
        provenance=Provenance(task="", author="compose", made_at=0.0),
    )


def _row(name: str, on: Sequence[bool], off: Sequence[bool] | None) -> Row:
    peer = 100 * statistics.mean(off) if off is not None else None
    note = "the peer is the same author without a library"
    return Row(name=name, ours=100 * statistics.mean(on), peer=peer, unit="%", n=len(on), note=note)


def _time(name: str, on: Sequence[Solved], off: Sequence[Solved]) -> Row:
    ours, peer = (1000 * statistics.mean(s.seconds for s in some) for some in (on, off))
    return Row(name=name, ours=ours, peer=peer, unit="ms", n=len(on))
