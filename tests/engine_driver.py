"""`python -m tests.engine_driver LIBRARY EFFECTS MODEL TASKS ENGINE`: a session that a test kills.

Its tasks are those of the benchmark: three calls of a model and two actions each, one call
of a tool of the host's, and every fourth makes a skill.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.session_driver import NAME, library, tasks
from habilis import Agent, Budget, OpenAIAuthor, Reply, Request, SkillLibrary
from habilis.agent.author import Purpose
from habilis.agent.session import Session
from habilis.errors import KeyRefused
from habilis.events import Event


def seats_tool(effects: Path) -> Callable[[int], int]:
    """Return the tool, which leaves a trace of each call."""

    def count_seats(table: int) -> int:
        """Return the seats at a table."""
        with effects.open("a") as log:
            log.write(f"{table}\n")
        return table * 3

    return count_seats


def session_of(
    shelf: SkillLibrary, model: str, count: int, effects: Path, *, steps: int | None = None
) -> Session:
    """Return the session over `count` tasks, which may take `steps` actions."""
    author = OpenAIAuthor("m", base_url=model)
    agent = Agent(author, library=shelf, tools=[seats_tool(effects)])
    return agent.session(NAME, tasks(count), budget=Budget(steps=steps))


class FusedAuthor:
    """Answers 1, but refuses the tasks whose ids stand in the file `fuse`."""

    name = "fused"

    def __init__(self, fuse: Path) -> None:
        self._fuse = fuse

    async def reply(self, request: Request) -> Reply:
        if request.task.id in self._fuse.read_text().split():
            raise KeyRefused(f"{request.task.id} is refused")
        acts = request.purpose is Purpose.ACT
        return Reply(text="```python\nfinal_answer(1)\n```" if acts else "NOTHING")


def main() -> None:
    """Run the session; say each event in a line."""
    where, effects, model, count, engine = sys.argv[1:]

    def tell(event: Event) -> None:
        sys.stdout.write(f"{event.kind} {event.task_id}\n")
        sys.stdout.flush()

    with library(where) as shelf:
        session = session_of(shelf, model, int(count), Path(effects))
        session.run_sync(observer=tell, engine=engine)


if __name__ == "__main__":
    main()
