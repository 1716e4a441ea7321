"""`habilis run --examples FILE --apply FILE`: the rest of a person's file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from habilis.agent.cli.rest import read_rest, write_rest
from habilis.agent.example_file import read_examples
from habilis.errors import TaskFileError

NAMES = "name,short\nAda Lovelace,A. Lovelace\nAlan Turing,A. Turing\nGrace Hopper,G. Hopper\n"


def habilis(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "HABILIS_"))}
    return subprocess.run(
        [sys.executable, "-m", "habilis", "run", *arguments],
        cwd=folder,
        env=keep,
        capture_output=True,
        text=True,
        input="",
    )


def test_the_rest_of_a_file_is_filled_in(tmp_path: Path) -> None:
    """Columns are found by name, also after a byte-order mark; what failed is left empty, named."""
    (tmp_path / "names.csv").write_text(NAMES)
    (tmp_path / "big.csv").write_text("\ufeffid,name\n1,Tim Peters\n2,Émile Zola\n3,\n")
    given = ("--examples", "names.csv", "--apply", "big.csv", "--out", "new.csv")
    run = habilis("shorten these names", *given, folder=tmp_path)
    assert run.returncode == 0, run.stderr
    rows = (tmp_path / "new.csv").read_text().splitlines()
    assert rows == ["id,name,short", "1,Tim Peters,T. Peters", "2,Émile Zola,É. Zola", "3,,"]
    assert "'Tim Peters' -> 'T. Peters'" in run.stderr
    assert "failed, left empty: 1 row (lines 4)" in run.stderr


def test_rows_that_the_examples_leave_open_are_listed(tmp_path: Path) -> None:
    """Without a terminal nobody is asked."""
    (tmp_path / "words.csv").write_text("text,last\nab cd,cd\nef gh,gh\n")
    (tmp_path / "big.csv").write_text("text\nij kl\nmn op qr\n")
    run = habilis("the last word", "--examples", "words.csv", "--apply", "big.csv", folder=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "not sure: 1 row (lines 3)" in run.stderr


@pytest.mark.parametrize(
    ("out", "why"),
    [
        ("big.csv", "is a file that is read"),
        ("nowhere/x.csv", "there is no folder"),
        ("x.txt", "name it .csv"),
    ],
)
def test_an_output_that_cannot_be_is_refused_before_the_work(
    tmp_path: Path, out: str, why: str
) -> None:
    """Nothing that is read is written over, and no search is done for nothing."""
    (tmp_path / "names.csv").write_text(NAMES)
    (tmp_path / "big.csv").write_text("name\nTim Peters\n")
    given = ("--examples", "names.csv", "--apply", "big.csv", "--out", out)
    run = habilis("shorten these names", *given, folder=tmp_path)
    assert run.returncode == 2 and why in run.stderr
    assert (tmp_path / "big.csv").read_text() == "name\nTim Peters\n"


def test_apply_needs_examples(tmp_path: Path) -> None:
    """There is nothing to apply; the message says what to give."""
    (tmp_path / "big.csv").write_text("text\nab\n")
    run = habilis("x", "--apply", "big.csv", "--model", "none", folder=tmp_path)
    assert run.returncode == 2 and "needs --examples" in run.stderr


@pytest.mark.parametrize(
    ("big", "why"),
    [
        ("id,name,name\n1,a,b\n", "column 'name' is there twice"),
        ("id,first\n1,a\n", "column 'age' is missing; there are 'id', 'name'"),
        ("id,name,age\n1\n", "1 cells where column 3 is needed"),
    ],
)
def test_columns_that_are_missing_or_double_are_named(tmp_path: Path, big: str, why: str) -> None:
    """Nothing is guessed where names are given."""
    examples, path = tmp_path / "examples.csv", tmp_path / "big.csv"
    examples.write_text("name,age,line\nAda,36,Ada (36)\n")
    path.write_text(big.replace("id,first", "id,name"))
    with pytest.raises(TaskFileError) as error:
        read_rest(path, examples=examples, rows=read_examples(examples))
    assert why in str(error.value)


def test_lines_of_json_keep_their_types(tmp_path: Path) -> None:
    """A row is a list of inputs, or one input; the result is one value more."""
    examples, path, out = (tmp_path / name for name in ("e.jsonl", "big.jsonl", "out.jsonl"))
    examples.write_text("[[[1, 2]], 3]\n[[[4]], 4]\n")
    path.write_text("[[5, 6]]\n[[]]\n")
    rest = read_rest(path, examples=examples, rows=read_examples(examples))
    assert rest.inputs == [([5, 6],), ([],)]
    write_rest(rest, [11, 0], out)
    assert [json.loads(line) for line in out.read_text().splitlines()] == [[[5, 6], 11], [[], 0]]
