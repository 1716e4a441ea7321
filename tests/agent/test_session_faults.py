"""What a machine does to a session: full disks, set clocks, stopped processes, moved folders."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from habilis import Agent, Budget, Expected, Request, Result, ScriptedAuthor, SkillLibrary, Task
from habilis.agent.cli import app
from habilis.errors import LibraryError, SessionBusy
from habilis.memory.journal import Journal
from tests.making import HashEncoder

TASKS = [Task(f"Say {n}.", id=f"t{n}", checks=(Expected(n),)) for n in range(4)]
DAY_S = 86_400.0


def says(request: Request) -> str:
    if request.purpose == "abstract":
        return "NOTHING"
    return f"```python\nfinal_answer({request.task.id[1:]})\n```"


# a full disk -----------------------------------------------------------------


def set_room(library: SkillLibrary, pages: int) -> None:
    """Let the file grow by so many pages: more is the error of a full disk."""
    (now,) = library.store.rows("PRAGMA page_count")[0]
    library.store.rows(f"PRAGMA max_page_count = {now + pages}")


@pytest.mark.parametrize("parallel", [1, 2])
def test_a_disk_that_fills_up_stops_the_session_with_the_reason(
    library: SkillLibrary, parallel: int
) -> None:
    """With room again it goes on in the same process, and nothing finished is done again."""
    noisy = "```python\nfor n in range(3): print(str(n) * 2000)\n```"

    def fills(request: Request) -> str:
        if request.task.id == "t2" and len(request.messages) <= 2:
            set_room(library, 0)
            return noisy
        return says(request)

    agent = Agent(ScriptedAuthor(fills), library=library)
    with pytest.raises(LibraryError, match="make room on the disk"):
        agent.session("s", TASKS).run_sync(parallel=parallel)
    set_room(library, 2**20)
    finished = library.journal.finished_keys("s")
    assert "t2" not in finished
    author = ScriptedAuthor(says)
    results = Agent(author, library=library).session("s", TASKS).run_sync(parallel=parallel)
    assert [result.solved for result in results] == [True] * 4
    assert not finished & {request.task.id for request in author.requests}


def test_a_claim_that_could_not_be_given_back_is_free_again(library: SkillLibrary) -> None:
    """The disk is full when a session ends: neither this process nor another waits for it."""
    claims = library.journal.claims
    library.journal.make_session("s", fingerprint="", count=0, source="")
    claim = claims.take("s")
    library.store.rows("PRAGMA query_only = 1")  # any write fails, as without room
    with pytest.raises(LibraryError):
        claims.release(claim)
    library.store.rows("PRAGMA query_only = 0")
    again = claims.take("s")
    assert again.fence == claim.fence + 1
    claims.release(again)


# clocks ----------------------------------------------------------------------


@pytest.mark.parametrize("jump_s", [-DAY_S, DAY_S])
def test_a_clock_that_is_set_costs_no_task_its_time(
    library: SkillLibrary, jump_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seconds of budgets, results and accounts are of a clock that nobody sets."""
    import time

    true_time, off = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: true_time() + off[0])

    def jumps(request: Request) -> str:
        off[0] += jump_s
        return says(request)

    agent = Agent(
        ScriptedAuthor(jumps),
        library=library,
        budget=Budget(seconds=600),
        clock=lambda: true_time() + off[0],
    )
    session = agent.session("s", TASKS, budget=Budget(steps=None, seconds=600))
    results = session.run_sync()
    assert [result.solved for result in results] == [True] * 4
    assert all(0 <= result.seconds < 600 for result in results)


def test_a_session_is_resumed_on_a_machine_whose_clock_is_behind(
    library: SkillLibrary, tmp_path: Path
) -> None:
    """Steps keep their order by their numbers, not by their times."""
    Agent(ScriptedAuthor(says), library=library).session("s", TASKS).run_sync(
        on_result=lambda result: library.journal.request_stop("s")
    )
    with SkillLibrary(library.path, encoder=HashEncoder(), clock=lambda: 1.0) as early:
        agent = Agent(ScriptedAuthor(says), library=early, clock=lambda: 1.0)
        assert len(agent.session("s", TASKS).run_sync()) == 4


# processes that are stopped --------------------------------------------------

STOPPED = """
import os, signal, sys
from habilis import Agent, Expected, ScriptedAuthor, SkillLibrary, Task
from tests.making import HashEncoder
TASKS = [Task(f"Say {n}.", id=f"t{n}", checks=(Expected(n),)) for n in range(4)]
def reply(request):
    if request.purpose == "abstract":
        return "NOTHING"
    if request.task.id == "t2":
        os.kill(os.getpid(), signal.SIGSTOP)
        return "```python\\nfinal_answer(-1)\\n```"
    return f"```python\\nfinal_answer({request.task.id[1:]})\\n```"
with SkillLibrary(sys.argv[1], encoder=HashEncoder(), index="exact") as library:
    Agent(ScriptedAuthor(reply), library=library).session("s", TASKS).run_sync()
"""
ROOT = Path(__file__).parent.parent.parent


def stopped(folder: Path) -> subprocess.Popen[str]:
    """Start a session in another process; return when that has stopped itself, at task t2."""
    process = subprocess.Popen(
        [sys.executable, "-c", STOPPED, str(folder)], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    return process


def test_a_process_that_sleeps_past_its_lease_writes_no_more(tmp_path: Path) -> None:
    """Until then it is named; then its session goes on elsewhere, and it wakes up to an error."""
    folder = tmp_path / "library"
    with stopped(folder) as sleeper, SkillLibrary(folder, encoder=HashEncoder()) as library:
        author = ScriptedAuthor(says)
        session = Agent(author, library=library).session("s", TASKS)
        with pytest.raises(SessionBusy, match=f"process {sleeper.pid} on"):
            session.run_sync()
        library.journal = Journal(library.store, lease_s=0.5)
        beat_past_lease(library)
        session = Agent(author, library=library).session("s", TASKS)
        results = session.run_sync()
        sleeper.send_signal(signal.SIGCONT)
        _, said = sleeper.communicate()
        assert sleeper.returncode == 1 and "ClaimLost: another process has taken over" in said
        assert [result.output for result in results] == [0, 1, 2, 3]
        finished = {key: json.loads(text) for key, text in library.journal.finished("s").items()}
        assert [finished[f"t{n}"]["answer"] for n in range(4)] == [0, 1, 2, 3]
        assert {request.task.id for request in author.requests} == {"t2", "t3"}


def beat_past_lease(library: SkillLibrary) -> None:
    """Let the last sign of the process that sleeps be an hour old."""
    with library.store.change() as connection:
        connection.execute("UPDATE process SET beat_s = beat_s - 3600, beat_at = beat_at - 3600")


# folders that move -----------------------------------------------------------


def test_a_library_that_was_moved_between_two_runs(tmp_path: Path) -> None:
    """The journal moves with it; what was finished stays finished."""
    here, there = tmp_path / "here", tmp_path / "there"

    def half(result: Result) -> None:
        library.journal.request_stop("s")

    with SkillLibrary(here, encoder=HashEncoder()) as library:
        Agent(ScriptedAuthor(says), library=library).session("s", TASKS).run_sync(on_result=half)
    here.rename(there)
    author = ScriptedAuthor(says)
    with SkillLibrary(there, encoder=HashEncoder()) as library:
        results = Agent(author, library=library).session("s", TASKS).run_sync()
        assert library.check() == []
    assert len(results) == 4 and "t0" not in {request.task.id for request in author.requests}


def test_a_task_file_that_was_moved_is_asked_for(tmp_path: Path) -> None:
    """`resume` says which file it misses, and how to name another."""
    file = tmp_path / "tasks.jsonl"
    task = {"id": "a", "instruction": "x", "examples": [[[1], 2], [[2], 3], [[5], 6]]}
    file.write_text(json.dumps(task) + "\n")
    shelf = ["--library", str(tmp_path / "library")]
    run = CliRunner().invoke(app, ["session", "start", str(file), "--name", "s", *shelf])
    assert run.exit_code == 0, run.output
    file.rename(tmp_path / "moved.jsonl")
    run = CliRunner().invoke(app, ["session", "resume", "s", *shelf])
    assert str(file) in str(run.exception)
    moved = ["session", "start", str(tmp_path / "moved.jsonl"), "--name", "s", *shelf]
    assert CliRunner().invoke(app, moved).exit_code == 0
