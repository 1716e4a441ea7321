from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from habilis.agent.cli import app
from habilis.errors import ConfigError, TaskFileError

TASKS = '{"instruction": "a", "id": "1", "files": ["x.csv"]}\n{"oops\n{"instruction": "b"}\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tasks.jsonl").write_text(TASKS)
    (tmp_path / "x.csv").write_text("1")
    return tmp_path


def test_bad_lines_are_listed_and_the_good_ones_written(folder: Path) -> None:
    """The new file is fine, holds the lines letter for letter, and is never written over."""
    run = CliRunner().invoke(app, ["session", "check", "tasks.jsonl", "--good", "good.jsonl"])
    assert run.exit_code == 1 and "line 2, column 2: " in run.output
    assert "2 good, 1 bad\nwrote the good lines to good.jsonl" in run.output
    lines = TASKS.splitlines(keepends=True)
    assert (folder / "good.jsonl").read_text() == lines[0] + lines[2]
    again = CliRunner().invoke(app, ["session", "check", "good.jsonl"])
    assert again.exit_code == 0 and again.output == "2 good, 0 bad\n"
    run = CliRunner().invoke(app, ["session", "check", "tasks.jsonl", "--good", "tasks.jsonl"])
    assert isinstance(run.exception, ConfigError) and (folder / "tasks.jsonl").read_text() == TASKS


def test_files_beside_the_tasks_keep_the_good_lines_there(folder: Path) -> None:
    """In another folder their relative paths would lead nowhere."""
    (folder / "sub").mkdir()
    run = CliRunner().invoke(app, ["session", "check", "tasks.jsonl", "--good", "sub/good.jsonl"])
    assert isinstance(run.exception, ConfigError) and "same folder" in str(run.exception)


def test_as_json_and_for_an_empty_file(folder: Path) -> None:
    """Scripts get numbers; an empty file is an error."""
    run = CliRunner().invoke(app, ["session", "check", "tasks.jsonl", "--json"])
    found = json.loads(run.output)
    assert found["good"] == 2 and [row["line"] for row in found["bad"]] == [2]
    (folder / "none.jsonl").write_text("\ufeff\r\n \n")
    run = CliRunner().invoke(app, ["session", "check", "none.jsonl"])
    assert isinstance(run.exception, TaskFileError) and "holds no task" in str(run.exception)


LIMITS = ("--steps", "--seconds", "--tokens", "--usd")
OF_ALL = ("--all-steps", "--all-seconds", "--all-tokens", "--all-usd")
NUMBERS = {
    "run": (*LIMITS, "--context-tokens"),
    "start": (*LIMITS, *OF_ALL, "--patience", "--parallel", "--most"),
    "resume": (*OF_ALL, "--patience", "--parallel", "--most"),
}
OPTIONS = [(command, option) for command, options in NUMBERS.items() for option in options]


@pytest.mark.parametrize(("command", "option"), OPTIONS)
@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "1e400", "few"])
def test_a_number_that_makes_no_sense_is_refused(
    folder: Path, command: str, option: str, value: str
) -> None:
    """The option is named as it was typed, before a library is made or anything is run."""
    (folder / "rows.csv").write_text("a,b\n1,2\n")
    arguments = {
        "run": ["run", "x", "--examples", "rows.csv"],
        "start": ["session", "start", "good.jsonl", "--name", "n", "--model", "m"],
        "resume": ["session", "resume", "n"],
    }[command]
    if (option, value) == ("--patience", "0"):
        value = "-0.5"
    run = CliRunner().invoke(app, [*arguments, option, value])
    assert run.exit_code == 2 and f"Invalid value for '{option}'" in run.output
    assert not (folder / ".habilis").exists()
