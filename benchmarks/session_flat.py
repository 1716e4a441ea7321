"""Does a long session grow? Real actions in real workers, journaled; the author is a script."""

from __future__ import annotations

import gc
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import Row, own_row
from benchmarks.session_driver import library
from habilis import Agent, Budget, Expected, Task
from habilis.agent.author import Reply, Request, Usage
from habilis.agent.result import Result
from habilis.memory.library import SkillLibrary
from habilis.memory.sqlite import FILE_NAME

_EACH = 50  # actions a task takes


class Steady:
    """Writes another action each time, and an answer when it is time."""

    name = "steady"

    async def reply(self, request: Request) -> Reply:
        turn = sum(message.role == "assistant" for message in request.messages)
        usage = Usage(requests=1, input_tokens=100, output_tokens=20)
        if request.purpose != "act":
            return Reply(text="NOTHING", usage=usage)
        code = f"step_{turn % 7} = [n * {turn} for n in range(40)]\nprint(step_{turn % 7})"
        code = "final_answer(7)" if turn == _EACH - 1 else code
        return Reply(text=f"Step {turn}.\n```python\n{code}\n```", usage=usage)


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What a process holds after so many actions."""

    steps: int
    memory_mb: float
    descriptors: int
    journal_bytes: int  # with the log of events
    seconds: float


def run_flat(steps: int, *, early: int) -> tuple[Mark, Mark]:
    """Take `steps` actions; return what was held after `early` ones and at the end."""
    marks: list[Mark] = []
    gone = 0
    checks = (Expected(7),)
    tasks = [Task(f"Say 7 ({n}).", id=f"t{n}", checks=checks) for n in range(steps // _EACH)]
    with tempfile.TemporaryDirectory() as scratch, library(Path(scratch) / "library") as shelf:
        started = time.monotonic()

        def look(result: Result) -> None:
            nonlocal gone
            gone += _EACH
            if gone in (early, steps):
                marks.append(_mark(shelf, gone, time.monotonic() - started))

        agent = Agent(Steady(), library=shelf, budget=Budget(steps=_EACH), learn=False)
        agent.session("flat", tasks).run_sync(on_result=look)
    first, last = marks
    return first, last


def flat_rows(*, steps: int, early: int) -> list[Row]:
    """Return how a session grew from `early` actions to `steps`."""
    first, last = run_flat(steps, early=early)
    each = (last.journal_bytes - first.journal_bytes) / (last.steps - first.steps)
    figures = {
        "open descriptors": (last.descriptors, first.descriptors, "<= 1", ""),
        "journal and log, bytes a step": (each, first.journal_bytes / first.steps, "<= 1.1", "B"),
        "seconds a step": (
            (last.seconds - first.seconds) / (last.steps - first.steps),
            first.seconds / first.steps,
            "<= 1.1",
            "s",
        ),
    }
    memory = own_row(
        f"growth of resident memory from {early:,} to {steps:,} actions",
        last.memory_mb - first.memory_mb,
        goal="<= 5",
        unit="MB",
        n=steps,
        note=f"{first.memory_mb:.0f} MB then; SQLite keeps up to 2 MB of the file",
    )
    rows = [
        Row(
            name=f"{name}, at {steps:,} actions over at {early:,}",
            ours=late,
            peer=soon,
            goal=goal,
            unit=unit,
            n=steps,
        )
        for name, (late, soon, goal, unit) in figures.items()
    ]
    return [memory, *rows]


def _mark(shelf: SkillLibrary, steps: int, seconds: float) -> Mark:
    gc.collect()
    shelf.store.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    log = shelf.path / "events.jsonl"
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Mark(
        steps=steps,
        memory_mb=pages * 4096 / 1e6,
        descriptors=len(list(Path("/proc/self/fd").iterdir())),
        journal_bytes=(shelf.path / FILE_NAME).stat().st_size + log.stat().st_size,
        seconds=seconds,
    )
