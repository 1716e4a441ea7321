"""A disk that is truly full: a small one of memory, mounted in a namespace of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
_ALONE = ["unshare", "--user", "--map-root-user", "--mount"]

FILLED = """
import os, subprocess, sys
from pathlib import Path
from habilis import Agent, Expected, OpenAIAuthor, SkillLibrary, Task
from habilis.errors import LibraryError
from habilis.memory.journal_ledger import scope_of
from tests.chat_server import ChatServer
from tests.making import HashEncoder

disk = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(disk)], check=True)
filler, filled = disk / "filler", []

def fill():
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            filled.append(True)

def reply(body):
    said = " ".join(str(message["content"]) for message in body["messages"])
    turn = sum(message["role"] == "assistant" for message in body["messages"])
    if "Say 2" in said and not filled:
        fill()
    number = said.partition("Say ")[2][0]
    return "NOTHING" if turn else f"```python\\nfinal_answer({number})\\n```"

tasks = [Task(f"Say {n}.", id=f"t{n}", checks=(Expected(n),)) for n in range(4)]
with ChatServer(reply) as server, SkillLibrary(
    disk / "library", encoder=HashEncoder(), index="exact"
) as library:
    agent = Agent(OpenAIAuthor("m", base_url=server.url, api_key="k"), library=library)
    session = agent.session("s", tasks)
    try:
        session.run_sync()
    except LibraryError as error:
        assert "make room on the disk" in str(error), error
    else:
        raise AssertionError("the disk was not full")
    assert set(session.finished) == {"t0", "t1"}, session.finished
    filler.unlink()
    results = session.run_sync()
    assert [result.solved for result in results] == [True] * 4, results
    asked = [str(body["messages"]) for body in server.requests]
    assert len(asked) == len(set(asked)) == 8, len(asked)
    assert library.journal.steps.in_doubt() == []
    tokens = library.journal.ledger.account(scope_of("s")).tokens
    assert tokens == sum(result.usage.tokens for result in results)
    assert library.check() == []
"""


def may_mount() -> bool:
    """Tell whether this machine lets its users have mounts of their own."""
    try:
        command = [*_ALONE, "mount", "-t", "tmpfs", "none", "/mnt"]
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


@pytest.mark.skipif(not may_mount(), reason="a small disk needs leave to mount in a namespace")
def test_an_answer_that_there_is_no_room_for_is_not_paid_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session stops with the reason; with room again the gateway still has the answer."""
    monkeypatch.setenv("HABILIS_GATEWAY_IDLE_S", "5")
    run = subprocess.run(
        [*_ALONE, sys.executable, "-c", FILLED, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
