from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from habilis import Agent, Expected, ScriptedAuthor, SkillLibrary
from habilis.agent.cli import app
from habilis.memory.embed import Encoder
from habilis.skills.skill import Provenance
from tests.chat_server import ChatServer, Fault, Say
from tests.making import make_skill

SURNAMES = "name,surname\nAda Lovelace,Lovelace\nAlan M. Turing,Turing\nGrace Hopper,Hopper\n"
TOOL = '''```python
def circle_area(radius: float) -> float:
    """Return the area of a circle."""
    return 3 * radius * radius


assert circle_area(2) == 12
```'''


def habilis(
    *arguments: str | Path, folder: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the real command in a folder of its own, with no key unless one is given."""
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "HABILIS_"))}
    return subprocess.run(
        [sys.executable, "-m", "habilis", *map(str, arguments)],
        cwd=folder,
        env={**keep, **environment},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def shelf(tmp_path: Path, encoder: Encoder) -> Path:
    """A folder with a library of one skill."""
    with SkillLibrary(tmp_path / ".habilis", encoder=encoder) as library:
        replies = ["```python\nfinal_answer(12)\n```", TOOL]
        Agent(ScriptedAuthor(replies), library=library).run_sync("Area?", checks=[Expected(12)])
    return tmp_path


def test_a_task_by_examples_needs_no_model(tmp_path: Path) -> None:
    """The function is printed; its skill can be listed, shown, searched and run."""
    (tmp_path / "names.csv").write_text(SURNAMES)
    run = habilis("run", "last name of a person", "--examples", "names.csv", folder=tmp_path)
    assert run.returncode == 0 and "def " in run.stdout, run.stderr
    rows = json.loads(habilis("skills", "list", "--json", folder=tmp_path).stdout)
    name = rows[0]["name"]
    assert "cases" in habilis("skills", "show", name, folder=tmp_path).stdout
    hits = json.loads(habilis("skills", "search", "surname", "--json", folder=tmp_path).stdout)
    assert hits[0]["name"] == name
    assert habilis("skills", "run", name, "Jan Tops", folder=tmp_path).stdout == "Tops\n"
    again = habilis(
        "run", "last name of a person", "--examples", "names.csv", "--json", folder=tmp_path
    )
    assert '"stop_reason": "recalled"' in again.stdout


def test_neither_key_nor_examples(tmp_path: Path) -> None:
    """Both ways out are named, and nothing is made on disk."""
    run = habilis("run", "do something", folder=tmp_path)
    assert run.returncode == 2 and "OPENAI_API_KEY is not set" in run.stderr
    assert "--examples" in run.stderr and not (tmp_path / ".habilis").exists()


def test_a_model_without_a_key(tmp_path: Path) -> None:
    """The variable to set is named."""
    run = habilis("run", "do something", "--model", "some-model", folder=tmp_path)
    assert run.returncode == 2 and "OPENAI_API_KEY" in run.stderr


def test_an_unreachable_server(tmp_path: Path) -> None:
    """The address is named, a password in it is not."""
    url = "http://user:secret@127.0.0.1:9/v1"
    run = habilis(
        "run", "x", "--model", "m", folder=tmp_path, OPENAI_BASE_URL=url, OPENAI_API_KEY="k"
    )
    assert run.returncode == 2 and "127.0.0.1:9" in run.stderr and "secret" not in run.stderr


def test_a_model_solves_a_task_with_an_input_file(tmp_path: Path) -> None:
    """The whole command against a real server; the answer alone is on standard output."""
    (tmp_path / "orders.csv").write_text("item,price\nnut,2\nbolt,3\n")
    action = "import csv\nrows = csv.DictReader(open('orders.csv'))\n"
    action += "final_answer(sum(float(row['price']) for row in rows))"
    with ChatServer(replies=[f"```python\n{action}\n```", "NOTHING"]) as server:
        run = habilis(
            "run",
            "Total?",
            "--input",
            "orders.csv",
            "--model",
            "m",
            folder=tmp_path,
            OPENAI_BASE_URL=server.url,
            OPENAI_API_KEY="k",
        )
    assert (run.returncode, run.stdout) == (0, "5.0\n"), run.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "x", "--input", "none.csv", "--model", "m"), "'none.csv' does not exist"),
        (("run", "x", "--input", ".", "--model", "m"), "no plain file"),
        (("run", "x", "--examples", "none.csv"), "No such file"),
        (("run", "x", "--model", "m", "--var", "a b=1"), "NAME=JSON"),
        (("session", "start", "tasks.jsonl", "--name", "n"), "tasks.jsonl, line 2, column 21"),
        (("session", "resume", "none"), "no session named 'none'"),
        (("session", "status", "none"), "no session named 'none'"),
        (("skills", "list", "--library", "nowhere"), "no library at 'nowhere'"),
        (("skills", "list", "--library", "foreign"), "foreign"),
        (("skills", "show", "circle_are"), "nearest is 'circle_area'"),
        (("skills", "run", "circle_area", "text"), "TypeError"),
        (("skills", "run", "circle_area", "1" * 5_000), "too many digits"),
        (("skills", "search", " "), "the query is empty"),
        (("skills", "search", "circle", "-k", "0"), "ask for at least one"),
        (("run", "x", "--model", "m", "--var", "n=" + "1" * 5_000), "too many digits"),
        (("run", " ", "--model", "m"), "needs an instruction"),
    ],
)
def test_bad_input_says_what_where_and_what_to_do(
    shelf: Path, arguments: tuple[str, ...], message: str
) -> None:
    """One line on standard error, exit code 2, no traceback."""
    (shelf / "tasks.jsonl").write_text('{"instruction": "fine"}\n{"instruction": "x",, }\n')
    (shelf / "foreign").mkdir()
    (shelf / "foreign" / "thesis.txt").write_text("not ours")
    run = habilis(
        *arguments, folder=shelf, OPENAI_API_KEY="k", OPENAI_BASE_URL="http://127.0.0.1:9/v1"
    )
    assert run.returncode == 2 and message in run.stderr and "Traceback" not in run.stderr, (
        run.stderr
    )
    assert run.stderr.startswith("habilis: ") and len(run.stderr) < 1_000


def test_doctor_says_what_is_there(shelf: Path) -> None:
    """The sandbox is tried, not believed; its tier and what that means are said plainly."""
    run = habilis("doctor", folder=shelf)
    assert run.returncode == 0 and "1 skill at" in run.stdout
    assert re.search(r"sandbox: tier '(full|standard)': the kernel keeps code", run.stdout)
    rows = json.loads(habilis("doctor", "--json", folder=shelf).stdout)
    assert {"Python", "sandbox", "library"} <= {row["what"] for row in rows}


def test_doctor_asks_only_for_what_is_missing(tmp_path: Path) -> None:
    """With a key, or another server that may need none, a model is to be named; no more."""
    for given in ({"OPENAI_API_KEY": "k"}, {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}):
        rows = json.loads(habilis("doctor", "--json", folder=tmp_path, **given).stdout)
        (advice,) = (row["advice"] for row in rows if row["what"] == "author")
        assert "HABILIS_MODEL" in advice and "OPENAI_API_KEY" not in advice


def test_ctrl_c_stops_cleanly_and_the_session_goes_on(tmp_path: Path) -> None:
    """What was finished is kept; resuming does only the rest."""
    tasks = tmp_path / "tasks.jsonl"
    tasks.write_text(
        "".join(f'{{"id": "t{n}", "instruction": "Say {n}.", "expected": {n}}}\n' for n in (1, 2))
    )
    answers = {n: f"```python\nfinal_answer({n})\n```" for n in (1, 2)}
    with ChatServer(replies=[answers[1], "NOTHING", "```python\nwhile True: pass\n```"]) as server:
        environment = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "k"}
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "habilis",
                "session",
                "start",
                str(tasks),
                "--name",
                "s",
                "--model",
                "m",
                "--json",
            ],
            cwd=tmp_path,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None and process.stderr is not None
        for line in process.stdout:
            if '"event": "author_replied"' in line and "while True" in line:
                break
        process.send_signal(signal.SIGINT)
        errors = process.communicate()[1]
        assert process.returncode == 130 and "stopped after 1 of 2" in errors
        assert errors.endswith("habilis: interrupted; finished work is kept\n")
    status = habilis("session", "status", "s", folder=tmp_path)
    assert status.stdout.startswith("s: stopped, 1 of 2 tasks finished")
    assert status.stdout.endswith("  go on with `habilis session resume s`\n")
    with ChatServer(replies=[answers[2], "NOTHING"]) as server:
        environment["OPENAI_BASE_URL"] = server.url
        run = habilis("session", "resume", "s", "--model", "m", folder=tmp_path, **environment)
        assert run.returncode == 0 and len(server.requests) == 2, run.stderr
    assert habilis("session", "status", "s", folder=tmp_path).stdout.startswith(
        "s: finished, 2 of 2"
    )


INTERRUPTED_IMPORT = """
import os, signal, sys

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "habilis.agent.cli":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupt())
from habilis.__main__ import main
main()
"""


def test_ctrl_c_while_it_loads() -> None:
    """One line and exit code 130, no traceback, as later on."""
    run = subprocess.run([sys.executable, "-c", INTERRUPTED_IMPORT], capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (130, "habilis: interrupted; finished work is kept\n")


def test_a_session_without_an_answer_is_no_success(tmp_path: Path) -> None:
    """A task that nothing judges has failed if its author gives up; the table says so."""
    (tmp_path / "tasks.jsonl").write_text('{"id": "t", "instruction": "Say something."}\n')
    with ChatServer(replies=[Say(content=None, refusal="I will not")]) as server:
        run = habilis(
            *("session", "start", "tasks.jsonl", "--name", "s", "--model", "m"),
            folder=tmp_path,
            OPENAI_BASE_URL=server.url,
            OPENAI_API_KEY="k",
        )
    assert run.returncode == 1 and "no answer" in run.stdout, run.stderr
    stop = habilis("session", "stop", "s", folder=tmp_path)
    assert (stop.returncode, stop.stdout) == (0, "s is not running, it is finished\n")


def test_what_a_server_says_does_not_steer_the_terminal(tmp_path: Path) -> None:
    """Its error is shown with the control characters written out."""
    with ChatServer([Fault(status=400, message="odd \x1b[2J\u202eword")]) as server:
        environment = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "k"}
        run = habilis("run", "x", "--model", "m", folder=tmp_path, **environment)
    assert run.returncode == 2 and r"odd \x1b[2J\u202eword" in run.stderr, run.stderr


def test_what_skills_say_does_not_steer_the_terminal(tmp_path: Path, encoder: Encoder) -> None:
    """A docstring, a task or a source can hold anything; the screen gets plain characters."""
    source = (
        "def twice(n):\n"
        '    """Double \x1b[2J\x1b]0;owned\x07 a number \u202eback [red]."""\n'
        "    return n * 2  # \x1b[31m\u2066\n"
    )
    provenance = Provenance(task="t\x1b[2J", author="a\u202e", made_at=1.0)
    hostile = replace(make_skill(source), provenance=provenance)
    with SkillLibrary(tmp_path, encoder=encoder) as library:
        library.add(hostile)
    for command in (["list"], ["search", "double a number"], ["show", "twice"]):
        shown = CliRunner().invoke(app, ["skills", *command, "--library", str(tmp_path)])
        assert shown.exit_code == 0 and "Double" in shown.output, shown.output
        assert all(c.isprintable() or c == "\n" for c in shown.output), repr(shown.output)
