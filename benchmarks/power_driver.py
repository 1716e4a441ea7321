"""`python -m benchmarks.power_driver FOLDER TASKS PARALLEL [NORMAL]`: the session that loses power.

It says in a line of its own what has been acknowledged: `replied TASK`, `kept SKILL`,
`finished TASK`. With NORMAL, SQLite waits for the disk less often than it should.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from benchmarks.session_driver import NAME, library, tasks
from benchmarks.session_driver import reply as write
from habilis import Agent, Request, Result, ScriptedAuthor
from habilis.events import AuthorReplied, Event, SkillKept


def _reply(request: Request) -> str:
    messages = [{"role": m.role, "content": m.content} for m in request.messages]
    return write({"messages": messages})


def _say(what: str, name: str) -> None:
    os.write(1, f"{what} {name}\n".encode())


def _tell(event: Event) -> None:
    if isinstance(event, AuthorReplied):
        _say("replied", event.task_id)
    elif isinstance(event, SkillKept):
        _say("kept", event.name)


def _finished(result: Result) -> None:
    _say("finished", result.task_id)


def count_seats(table: int) -> int:
    """Return the seats at a table."""
    return table * 3


def main() -> None:
    """Run the session."""
    folder, count, parallel = Path(sys.argv[1]), *map(int, sys.argv[2:4])
    with library(folder) as shelf:
        if sys.argv[4:]:
            shelf.store.rows(f"PRAGMA synchronous = {sys.argv[4]}")
        agent = Agent(ScriptedAuthor(_reply), library=shelf, tools=[count_seats])
        session = agent.session(NAME, tasks(count))
        session.run_sync(observer=_tell, on_result=_finished, parallel=parallel)


if __name__ == "__main__":
    main()
