"""Half an hour of mixed use of one library: does the process grow beyond its data?"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.made_library import ChanceEncoder, make_library, query, skills
from benchmarks.report import Report, Row, own_row
from habilis import SkillLibrary
from habilis.memory.sqlite import FILE_NAME
from habilis.skills.skill import SkillState

_MINUTES, _QUICK_MINUTES = 30.0, 0.05
_SKILLS = 1_000
_ROUND_S = 0.5  # as long as a round takes at least: others use the machine too


@dataclass(frozen=True, kw_only=True)
class _Mark:
    """How things stood after some rounds; `working` is the time not spent waiting."""

    rounds: int
    resident_mb: float
    descriptors: int
    working: float
    file: int = 0  # bytes, with its log
    packed: int = 0  # bytes of the same data written without gaps


def run(data: Path, *, peers: Path, quick: bool) -> Report:
    """Return what grew from the first third of the time to its end.

    Each round asks 20 questions, changes 2 skills, and puts one away for another. As many
    skills are found at the end as at the beginning.
    """
    seconds = 60 * (_QUICK_MINUTES if quick else _MINUTES)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "library"
        make_library(folder, _SKILLS)
        with SkillLibrary(folder, encoder=ChanceEncoder(), index="exact") as library:
            marks = list(_use(library, seconds, pause=not quick))
            problems = library.check()
    return Report(
        benchmark="soak",
        rows=list(_rows(marks[len(marks) // 3], marks[-1], seconds)),
        causes=dict.fromkeys(problems, 1),
    )


def _rows(settled: _Mark, end: _Mark, seconds: float) -> Iterator[Row]:
    def own(name: str, value: float, unit: str, goal: str, note: str) -> Row:
        return own_row(name, value, goal=goal, unit=unit, n=end.rounds, note=note)

    yield own(
        "growth of resident memory after the first third",
        end.resident_mb - settled.resident_mb,
        "MB",
        "<= 5",
        f"{settled.resident_mb:.0f} MB then, {end.resident_mb:.0f} MB after {seconds:.0f} s",
    )
    yield own(
        "more open descriptors than after the first third",
        end.descriptors - settled.descriptors,
        "",
        "<= 0",
        f"{end.descriptors} at the end",
    )
    yield own(
        "bytes of the file beyond its data",
        (end.file - end.packed) / 1e6,
        "MB",
        "<= 5",
        f"{end.file / 1e6:.0f} MB with its log; the same data written anew: "
        f"{end.packed / 1e6:.0f} MB, with {3 * end.rounds:,} changes",
    )
    yield Row(
        name="rounds a second of work in the last two thirds, over the first",
        ours=(end.rounds - settled.rounds) / (end.working - settled.working or 1),
        peer=settled.rounds / (settled.working or 1),
        unit="rounds/s",
        n=end.rounds,
    )


def _use(library: SkillLibrary, seconds: float, *, pause: bool) -> Iterator[_Mark]:
    """Yield how things stand after each round, until the time is over; the last with sizes."""
    started, number, working = time.monotonic(), 0, 0.0
    known = list(skills(_SKILLS))
    while time.monotonic() - started < seconds:
        begun = time.monotonic()
        for _ in range(20):
            number += 1
            library.search(query(number), k=5, anyway=True)
        for offset in (0, 1):
            skill = known[(7 * number + offset) % _SKILLS]
            library.add(replace(skill, source=f"{skill.source}# {number}\n"))
        library.archive(known[number // 20 % _SKILLS].name)
        if number > 20:
            library.set_state(known[(number // 20 - 1) % _SKILLS].name, SkillState.CANDIDATE)
        took = time.monotonic() - begun
        working += took
        yield _mark(number // 20, working)
        if pause:
            time.sleep(max(0.0, _ROUND_S - took))
    last = _mark(number // 20, working)
    files = library.path.glob("habilis.db*")
    file = sum(path.stat().st_size for path in files)
    packed = library.path.parent / "packed.db"
    with closing(sqlite3.connect(library.path / FILE_NAME)) as connection:
        connection.execute("VACUUM INTO ?", (str(packed),))
    yield replace(last, file=file, packed=packed.stat().st_size)


def _mark(rounds: int, working: float) -> _Mark:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return _Mark(
        rounds=rounds,
        resident_mb=pages * 4096 / 1e6,
        descriptors=len(list(Path("/proc/self/fd").iterdir())),
        working=working,
    )
