"""`habilis session` as it is typed: other processes, bad input, passwords."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from habilis import Agent, Expected, OpenAIAuthor, ScriptedAuthor, SkillLibrary, Task
from habilis.agent.cli.session_run import stopping
from habilis.events import Event
from tests.chat_server import ChatServer
from tests.making import HashEncoder

TASKS = "".join(f'{{"id": "t{n}", "instruction": "Say {n}.", "expected": {n}}}\n' for n in range(3))


def start(folder: Path, *arguments: str, url: str, command: str = "start") -> subprocess.Popen[str]:
    """Start the real command on the tasks of `folder`, with a gateway that ends soon."""
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "HABILIS_"))}
    keep |= {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "k", "HABILIS_GATEWAY_IDLE_S": "1"}
    work = [] if "--goal" in arguments else ["tasks.jsonl"]
    named = [*work, "--name", "s"] if command == "start" else ["s"]
    return subprocess.Popen(
        [sys.executable, "-m", "habilis", "session", command, *named, "--model", "m", *arguments],
        cwd=folder,
        env=keep,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tasks.jsonl").write_text(TASKS)
    return tmp_path


def say(body: dict[str, object]) -> str:
    messages = body["messages"]
    assert isinstance(messages, list)
    said = " ".join(str(message["content"]) for message in messages)
    turn = sum(message["role"] == "assistant" for message in messages)
    return "NOTHING" if turn else f"```python\nfinal_answer({said.partition('Say ')[2][0]})\n```"


def test_a_second_start_is_refused_and_a_terminated_one_goes_on(folder: Path) -> None:
    """The second says who runs it and changes nothing; SIGTERM lets the step finish."""
    asked, held = threading.Event(), threading.Event()

    def waits_at_the_second(body: dict[str, object]) -> str:
        reply = say(body)
        if "final_answer(1)" in reply:
            asked.set()
            held.wait(300)
        return reply

    with ChatServer(waits_at_the_second) as server:
        first = start(folder, url=server.url)
        assert asked.wait(300)
        second = start(folder, "--all-tokens", "5", url=server.url)
        _, said = second.communicate()
        assert second.returncode == 2 and f"is being run by process {first.pid} on" in said
        first.send_signal(signal.SIGTERM)
        held.set()
        told, errors = first.communicate()
        assert first.returncode == 130 and re.search(r"stopped after [12] of 3 tasks; go on", told)
        assert errors == "habilis: interrupted; finished work is kept\n"
        again = start(folder, command="resume", url=server.url)
        told, errors = again.communicate()
        assert again.returncode == 0 and "3 of 3" in told, errors
        requests = [str(body["messages"]) for body in server.requests]
    assert len(requests) == len(set(requests)) == 6


def test_an_endpoint_that_is_not_there(folder: Path) -> None:
    """The error, how to go on, and the reason in `status`; the password is nowhere."""
    with ChatServer(say) as server:
        gone = server.url
    url = gone.replace("http://", "http://user:open-sesame@")
    run = start(folder, "--patience", "0", url=url)
    told, errors = run.communicate()
    assert run.returncode == 2 and f"nothing answers at {gone}" in errors
    assert "stopped after 0 of 3 tasks; go on with `habilis session resume s`" in errors
    with SkillLibrary(folder / ".habilis", encoder=HashEncoder(), index="exact") as library:
        row = library.journal.session("s")
        assert row is not None and row.state == "stopped" and gone in row.waiting
    kept = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert "open-sesame" not in told + errors and b"open-sesame" not in kept


def test_a_limit_is_lifted_where_a_session_goes_on(folder: Path) -> None:
    """Without a word it stays; `none` takes it away, also for the runs after this one."""
    with ChatServer(say) as server:
        told, errors = start(folder, "--all-steps", "1", url=server.url).communicate()
        assert "of 3 tasks (the budget of session:s is spent" in told, errors
        told, errors = start(folder, command="resume", url=server.url).communicate()
        assert "1 of 1 steps; resume with a larger one (on the command line --all-steps)" in told
        assert told.endswith("go on with `habilis session resume s --all-steps MORE`\n")
        told, errors = start(folder, "--most", "5", command="resume", url=server.url).communicate()
        assert "has a file of tasks, no goal" in errors
        lifted = start(folder, "--all-steps", "none", command="resume", url=server.url)
        told, errors = lifted.communicate()
    assert lifted.returncode == 0 and "3 of 3" in told, errors
    with SkillLibrary(folder / ".habilis", encoder=HashEncoder(), index="exact") as library:
        assert library.journal.ledger.account("session:s").most_steps is None


def test_an_endpoint_that_changes(folder: Path) -> None:
    """To say the model is to say where it is asked; from then on that is where it goes on."""
    with ChatServer(say) as old, ChatServer(say) as new:
        start(folder, "--all-steps", "1", url=old.url).communicate()
        unsaid = start(folder, "--model", "", command="resume", url=new.url)
        assert f"began with a model at {old.url}" in unsaid.communicate()[1]
        start(folder, "--all-steps", "2", command="resume", url=new.url).communicate()
        more = ("--model", "", "--all-steps", "none")
        told, errors = start(folder, *more, command="resume", url=new.url).communicate()
        assert "3 of 3" in told, errors
        assert len(new.requests) > 0 and len(old.requests) + len(new.requests) == 6


def test_a_signal_before_the_session_runs(tmp_path: Path) -> None:
    """There is no step to finish: it ends at once, and nothing is asked."""
    with SkillLibrary(tmp_path, encoder=HashEncoder(), index="exact") as library:
        session = Agent(ScriptedAuthor([]), library=library).session("s", [Task("x")])
        with pytest.raises(KeyboardInterrupt), stopping(session):
            signal.raise_signal(signal.SIGINT)

        def interrupt(event: Event) -> None:
            if not came:
                signal.raise_signal(signal.SIGINT)

        with stopping(session) as came:
            session.run_sync(observer=interrupt)
        assert session.stopped_because == "asked to stop"


def test_a_file_of_tasks_that_moves(folder: Path) -> None:
    """The error says how it is named again; from then on it is known there."""
    with ChatServer(say) as server:
        start(folder, "--all-steps", "1", url=server.url).communicate()
        (folder / "tasks.jsonl").rename(folder / "moved.jsonl")
        gone = start(folder, "--all-steps", "9", command="resume", url=server.url)
        _, errors = gone.communicate()
        assert gone.returncode == 2 and "`habilis session resume s --tasks FILE`" in errors
        named = ("--all-steps", "9", "--tasks", "moved.jsonl")
        told, errors = start(folder, *named, command="resume", url=server.url).communicate()
        assert "3 of 3" in told, errors
        told, errors = start(folder, command="resume", url=server.url).communicate()
        assert "nothing was run: all is finished (3 tasks); see them with" in told, errors


def test_a_library_that_moves_while_its_gateway_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run finds a gateway at the new place, and nothing is paid twice."""
    monkeypatch.setenv("HABILIS_GATEWAY_IDLE_S", "5")
    tasks = [Task(f"Say {n}.", id=f"t{n}", checks=(Expected(n),)) for n in range(3)]
    here, there = tmp_path / "here", tmp_path / "there"
    with ChatServer(say) as server:
        author = OpenAIAuthor("m", base_url=server.url, api_key="k")
        with SkillLibrary(here, encoder=HashEncoder(), index="exact") as library:
            Agent(author, library=library).session("s", tasks).run_sync(
                on_result=lambda result: library.journal.request_stop("s")
            )
        here.rename(there)
        with SkillLibrary(there, encoder=HashEncoder(), index="exact") as library:
            results = Agent(author, library=library).session("s", tasks).run_sync()
            assert library.journal.steps.in_doubt() == []
        asked = [str(body["messages"]) for body in server.requests]
    assert [result.solved for result in results] == [True] * 3
    assert len(asked) == len(set(asked)) == 6


def test_what_planning_cost_is_told_though_no_skill_is_kept(folder: Path) -> None:
    """An empty library is a library: its journal has the sums."""
    with ChatServer(["DONE"]) as server:
        said, _ = start(folder, "--goal", "nothing", url=server.url).communicate()
    assert re.search(r"planning .* [1-9]\d* ", said), said
