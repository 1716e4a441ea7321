from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from habilis import Agent, Expected, ScriptedAuthor, SkillLibrary
from habilis.memory.embed import Encoder
from tests.chat_server import ChatServer

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
        (("run", "x", "--model", "m", "--tokens", "-1"), "tokens=-1"),
        (("session", "start", "tasks.jsonl", "--name", "n"), "tasks.jsonl, line 2, column 21"),
        (("session", "resume", "none"), "no session named 'none'"),
        (("session", "status", "none"), "no session named 'none'"),
        (("skills", "list", "--library", "nowhere"), "no library at 'nowhere'"),
        (("skills", "list", "--library", "foreign"), "foreign"),
        (("skills", "show", "circle_are"), "nearest is 'circle_area'"),
        (("skills", "run", "circle_area", "text"), "TypeError"),
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


def test_doctor_says_what_is_there(shelf: Path) -> None:
    """The sandbox is tried, not believed; its tier and what that means are said plainly."""
    run = habilis("doctor", folder=shelf)
    assert run.returncode == 0 and "1 skills" in run.stdout
    assert re.search(r"sandbox: tier '(full|standard)': the kernel keeps code", run.stdout)
    rows = json.loads(habilis("doctor", "--json", folder=shelf).stdout)
    assert {"Python", "sandbox", "library"} <= {row["what"] for row in rows}


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
            text=True,
        )
        assert process.stdout is not None
        for line in process.stdout:
            if '"event": "author_replied"' in line and "while True" in line:
                break
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        process.stdout.close()
        assert process.wait() == 130 and "stopped after 1 of 2" in rest
    status = habilis("session", "status", "s", folder=tmp_path)
    assert status.stdout == "s: stopped, 1 of 2 tasks finished\n"
    with ChatServer(replies=[answers[2], "NOTHING"]) as server:
        environment["OPENAI_BASE_URL"] = server.url
        run = habilis("session", "resume", "s", "--model", "m", folder=tmp_path, **environment)
        assert run.returncode == 0 and len(server.requests) == 2, run.stderr
    assert habilis("session", "status", "s", folder=tmp_path).stdout.startswith(
        "s: finished, 2 of 2"
    )
