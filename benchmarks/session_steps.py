"""`python -m benchmarks.session_steps steps|resume FOLDER N`: ours, as session_peers.py says."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import NoReturn

_STARTED = time.time()  # before our own imports: they are part of a resume

from habilis.agent.author import Message, Purpose, Reply, Request, Usage  # noqa: E402
from habilis.agent.budget import Budget, Meter  # noqa: E402
from habilis.agent.sessions.paying import PayHere  # noqa: E402
from habilis.agent.sessions.running import Running  # noqa: E402
from habilis.agent.sessions.task_record import TaskRecord  # noqa: E402
from habilis.agent.task import Task  # noqa: E402
from habilis.memory.library import SkillLibrary  # noqa: E402

_TASK = Task("a benchmark", id="t")


class TextAuthor:
    """Replies with 1 KB at no delay."""

    name = "text"

    async def reply(self, request: Request) -> Reply:
        if request.messages[0].content == "the last step":
            _arrived(sys.argv[1])
        return Reply(text="x" * 1024, usage=Usage(requests=1, input_tokens=9, output_tokens=256))


async def flow(folder: Path, count: int, *, timed: bool) -> None:
    """Take `count` paid steps, then one more; those on record are replayed."""
    with SkillLibrary(folder / "library", index="exact") as library:
        journal = library.journal
        journal.make_session("s", fingerprint="", count=0, source="")
        claim = journal.claims.take("s", "t")
        record = TaskRecord(
            claim,
            running=Running(journal, "s", patience_s=0, tell=lambda event: None),
            library=library,
            payer=PayHere(journal.steps, process=claim.process),
        )
        record.begin(meter=Meter(Budget(steps=None), clock=time.time), announce=print)
        author = record.author(TextAuthor())
        started = time.perf_counter()
        for number in range(count):
            await author.reply(_asked(f"step {number}"))
        if timed:
            print(1000 * (time.perf_counter() - started) / count, flush=True)
        await author.reply(_asked("the last step"))


def _asked(text: str) -> Request:
    messages = [Message(role="user", content=text)]
    return Request(purpose=Purpose.ACT, task=_TASK, messages=messages)


def _arrived(what: str) -> NoReturn:
    if what == "resume":
        print(time.time() - _STARTED, flush=True)
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(flow(Path(sys.argv[2]), int(sys.argv[3]), timed=sys.argv[1] == "steps"))
