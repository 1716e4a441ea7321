"""Half an hour of mixed use of one library: does the process grow beyond its data?"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.made_library import ChanceEncoder, make_library, query, skills
from benchmarks.report import Report, Row
from habilis import SkillLibrary
from habilis.skills.skill import SkillState

_MINUTES, _QUICK_MINUTES = 30.0, 0.05
_SKILLS = 1_000


def run(data: Path, *, peers: Path, quick: bool) -> Report:
    """Return resident memory and speed, from the first third of the time to its end.

    Each round asks 20 questions, changes 2 skills, and puts one away for another. As many
    skills are found at the end as at the beginning.
    """
    seconds = 60 * (_QUICK_MINUTES if quick else _MINUTES)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "library"
        make_library(folder, _SKILLS)
        with SkillLibrary(folder, encoder=ChanceEncoder(), index="exact") as library:
            marks = list(_use(library, seconds))
            problems = library.check()
        size = sum(path.stat().st_size for path in folder.glob("habilis.db*"))
    (rounds, settled, _), (all_rounds, memory, _) = marks[len(marks) // 3], marks[-1]
    return Report(
        benchmark="soak",
        rows=[
            Row(
                name="growth of resident memory after the first third",
                ours=memory - settled,
                peer=None,
                goal="<= 5",
                goal_is_about="ours",
                unit="MB",
                n=all_rounds,
                note=f"{settled:.0f} MB then, {memory:.0f} MB at the end, of {seconds:.0f} s; "
                f"the file has {size / 1e6:.0f} MB",
            ),
            Row(
                name="rounds a second in the last two thirds, over the first",
                ours=(all_rounds - rounds) / (marks[-1][2] - marks[len(marks) // 3][2] or 1),
                peer=rounds / (marks[len(marks) // 3][2] or 1),
                unit="rounds/s",
                n=all_rounds,
            ),
        ],
        causes=dict.fromkeys(problems, 1),
    )


def _use(library: SkillLibrary, seconds: float) -> Iterator[tuple[int, float, float]]:
    """Yield (rounds, resident MB, seconds) again and again until the time is over."""
    started, number = time.monotonic(), 0
    known = list(skills(_SKILLS))
    while time.monotonic() - started < seconds:
        for _ in range(20):
            number += 1
            library.search(query(number), k=5, anyway=True)
        for offset in (0, 1):
            skill = known[(7 * number + offset) % _SKILLS]
            library.add(replace(skill, source=f"{skill.source}# {number}\n"))
        library.archive(known[number // 20 % _SKILLS].name)
        if number > 20:
            library.set_state(known[(number // 20 - 1) % _SKILLS].name, SkillState.CANDIDATE)
        yield number // 20, _resident_mb(), time.monotonic() - started


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6
