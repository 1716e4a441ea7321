"""`habilis run --examples FILE --apply FILE`: the rest of a person's file."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from habilis.agent.authors.compose.found import Found
from habilis.agent.authors.compose.rivals import Dispute
from habilis.agent.authors.compose.synthesise import synthesise
from habilis.agent.cli.doubts import Doubts
from habilis.agent.cli.rest import read_rest, write_rest
from habilis.agent.example import Example
from habilis.agent.example_file import read_examples
from habilis.agent.numbers import Numbers
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
    assert "failed, left empty: 1 row (line 4): IndexError: " in run.stderr


def test_rows_are_named_by_their_lines_and_a_column_is_replaced(tmp_path: Path) -> None:
    """Blank cells, cells with line ends and short rows shift nothing; what is lost is said."""
    (tmp_path / "names.csv").write_text(NAMES)
    text = 'name,id,short\nTim Peters\n"Guido\nRossum",2,G.\n\n,3,\nÉmile Zola,4,x\n'
    (tmp_path / "big.csv").write_text(text)
    given = ("--examples", "names.csv", "--apply", "big.csv", "--out", "new.csv")
    run = habilis("shorten these names", *given, folder=tmp_path)
    assert run.returncode == 0, run.stderr
    with (tmp_path / "new.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["name", "id", "short"] and {len(row) for row in rows} == {3}
    assert rows[0] == ["Tim Peters", "", "T. Peters"] and rows[-1][2] == "É. Zola"
    assert "left empty: 2 rows (lines 3, 6): IndexError: " in run.stderr
    assert "the column 'short' was there and is replaced" in run.stderr


def test_a_blank_line_in_one_column_is_an_empty_cell(tmp_path: Path) -> None:
    """In several columns it is no row."""
    examples, one, two = (tmp_path / name for name in ("e.csv", "one.csv", "two.csv"))
    examples.write_text(NAMES)
    one.write_text("name\na\n\nb\n")
    two.write_text("name,id\na,1\n\nb,2\n")
    of_one, of_two = (
        read_rest(path, examples=examples, rows=read_examples(examples)) for path in (one, two)
    )
    assert of_one.inputs == [("a",), ("",), ("b",)] and of_one.table.places == (2, 3, 4)
    assert of_two.inputs == [("a",), ("b",)] and of_two.table.places == (2, 4)


@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
def test_objects_give_their_keys_as_columns(tmp_path: Path, suffix: str) -> None:
    """Objects are written again; a key that one does not have stays absent."""
    examples, path, out = (tmp_path / f"{name}{suffix}" for name in ("e", "big", "out"))
    examples = examples.with_suffix(".csv")
    examples.write_text("price,qty,total\n2.50,4,10.00\n3.99,2,7.98\n")
    objects: list[dict[str, object]] = [
        {"id": 1, "qty": 3, "price": 4.1},
        {"price": "1.50", "qty": 2, "tags": ["a"]},
    ]
    lines = [json.dumps(each) for each in objects]
    path.write_text(f"[{', '.join(lines)}]" if suffix == ".json" else "\n\n".join(lines))
    rest = read_rest(path, examples=examples, rows=read_examples(examples))
    assert rest.inputs == [(4.1, 3), (1.5, 2)]
    assert rest.table.places == ((1, 2) if suffix == ".json" else (1, 3))
    write_rest(rest, [4.1 * 3, 3.0], out)
    text = out.read_text()
    written = json.loads(text) if suffix == ".json" else list(map(json.loads, text.splitlines()))
    assert written == [{**objects[0], "total": 12.3}, {**objects[1], "total": 3.0}]
    write_rest(rest, [4.1 * 3, 3.0], out.with_suffix(".csv"))
    rows = out.with_suffix(".csv").read_text().splitlines()
    assert rows == ["id,qty,price,tags,total", "1,3,4.1,,12.30", ",2,1.50,['a'],3.00"]


@pytest.mark.parametrize(
    ("big", "why"),
    [
        ([{"name": "a"}, {"id": 1}], "entry 2: the key 'name' is missing"),
        ([{"name": "a"}, ["b"]], "entry 2: this is no object, and others are"),
        ([{"id": 1, "a": 2}], "column 'name' is missing; there are 'id', 'a'"),
        ([["a"], [["b"], "c"]], "entry 2: write [input, ...] with 1 input, and without an output"),
        ({"name": "a"}, "write a list of rows"),
    ],
)
def test_entries_without_the_inputs_are_named(tmp_path: Path, big: object, why: str) -> None:
    """Also a file in the examples' own form, which would be read as two inputs."""
    examples, path = tmp_path / "e.csv", tmp_path / "big.json"
    examples.write_text(NAMES)
    path.write_text(json.dumps(big))
    with pytest.raises(TaskFileError) as error:
        read_rest(path, examples=examples, rows=read_examples(examples))
    assert why in str(error.value) and str(path) in str(error.value)


def test_lists_of_json_are_applied(tmp_path: Path) -> None:
    """They have no hash; and why no skill is kept is said without a terminal, too."""
    (tmp_path / "e.jsonl").write_text("[[[3, 1, 2]], 6]\n[[[4, 5]], 9]\n[[[7]], 7]\n")
    (tmp_path / "big.jsonl").write_text("[[5, 6]]\n[[1, 2, 3]]\n[[5, 6]]\n")
    given = ("--examples", "e.jsonl", "--apply", "big.jsonl", "--out", "new.jsonl")
    run = habilis("add them up", *given, folder=tmp_path)
    assert run.returncode == 0, run.stderr
    rows = [json.loads(line) for line in (tmp_path / "new.jsonl").read_text().splitlines()]
    assert rows == [[[5, 6], 11], [[1, 2, 3], 6], [[5, 6], 11]]


def test_why_no_skill_is_kept_is_said(tmp_path: Path) -> None:
    """On standard error, whether or not it is a terminal; once, and only where one was tried."""
    (tmp_path / "e.csv").write_text("name,id,short\nAda Lovelace,1,Ada\nAlan Turing,1,Alan\n")
    run = habilis("the first name", "--examples", "e.csv", folder=tmp_path)
    assert run.returncode == 0, run.stderr
    assert run.stderr.count("not kept as a skill: ") == 1
    run = habilis("the first name", "--examples", "e.csv", "--no-learn", folder=tmp_path)
    assert run.returncode == 0 and "not kept" not in run.stderr


def test_what_is_sure_but_for_some_rows_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    """The verdict agrees with the rows that are listed above it."""
    doubts = Doubts([], asks=False)
    examples = [Example(inputs=(f"{a} {b}",), output=b) for a, b in ("ab", "cd", "ef", "gh")]
    found = synthesise(examples, name="last", seconds=2.0)
    assert isinstance(found, Found)
    doubts.found = replace(found, confidence=1.0, unsure=(0,))
    doubts.say()
    doubts.found = replace(found, confidence=1.0, unsure=())
    doubts.say()
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("sure but for the lines above: ") and second.startswith("sure: ")


def test_rows_that_the_examples_leave_open_are_listed(tmp_path: Path) -> None:
    """Without a terminal nobody is asked."""
    (tmp_path / "words.csv").write_text("text,last\nab cd,cd\nef gh,gh\n")
    (tmp_path / "big.csv").write_text("text\nij kl\nmn op qr\n")
    run = habilis("the last word", "--examples", "words.csv", "--apply", "big.csv", folder=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "not sure: 1 row (line 3)" in run.stderr


def test_columns_of_numbers_are_numbers(tmp_path: Path) -> None:
    """They are added and multiplied, named after their columns, and written as they came."""
    (tmp_path / "e.csv").write_text("price,qty,total\n2.50,4,10.00\n3.99,2,7.98\n1.25,10,12.50\n")
    (tmp_path / "big.csv").write_text("id,price,qty\n1,4.10,3\n2,n/a,2\n3,007,2\n")
    given = ("--examples", "e.csv", "--apply", "big.csv", "--out", "new.csv")
    run = habilis("the total", *given, folder=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "price * qty" in run.stdout
    rows = (tmp_path / "new.csv").read_text().splitlines()
    assert rows == ["id,price,qty,total", "1,4.10,3,12.30", "2,n/a,2,", "3,007,2,"]
    assert "no number where one is needed, left empty: 2 rows (lines 3, 4)" in run.stderr


def test_figures_in_a_text_stay_text(tmp_path: Path) -> None:
    """Where the output is cut out of a text, and where a leading zero says something."""
    (tmp_path / "e.csv").write_text("when,year\n2021-03-04,2021\n1999-12-31,1999\n")
    assert read_examples(tmp_path / "e.csv")[0].output == "2021"
    (tmp_path / "f.csv").write_text("code,twice\n007,0077\n013,0133\n")
    assert read_examples(tmp_path / "f.csv")[0].inputs == ("007",)


@pytest.mark.parametrize(
    ("decimals", "value", "written"),
    [
        (1, 12.99 * 3, 38.97),
        (2, 4.1 * 3, "12.30"),
        (1, 100.1 - 100, "0.1"),
        (2, 10**400, f"{10**400}.00"),
        (0, 6.0, 6),
        (0, 2.5, 2.5),
        (0, math.inf, math.inf),
        (None, 0.1 + 0.2, 0.3),
        (2, True, True),
        (2, "n/a", "n/a"),
    ],
)
def test_results_are_written_without_loss(
    decimals: int | None, value: object, written: object
) -> None:
    """As the examples write theirs where that changes nothing but float noise."""
    assert Numbers(whole=decimals == 0, decimals=decimals).write(value) == written


def test_outputs_that_are_no_part_of_an_input_are_numbers(tmp_path: Path) -> None:
    """Counts and differences are computed; a figure that is cut out of a text stays text."""
    (tmp_path / "e.csv").write_text("text,words\nab cd,2\na 1 b,3\n")
    assert [example.output for example in read_examples(tmp_path / "e.csv")] == [2, 3]
    (tmp_path / "f.csv").write_text("text,figure\nab 2,2\na 3 b,3\n")
    assert [example.output for example in read_examples(tmp_path / "f.csv")] == ["2", "3"]


def test_what_is_recalled_is_not_taken_for_sure(tmp_path: Path) -> None:
    """The second run of the same line searches nothing, so it says that it knows less."""
    (tmp_path / "names.csv").write_text(NAMES)
    first, again = (
        habilis("shorten these names", "--examples", "names.csv", folder=tmp_path) for _ in range(2)
    )
    assert first.stdout == again.stdout and "recalled" not in first.stderr
    assert "recalled shorten" in again.stderr and "was not looked at" in again.stderr


def test_what_the_examples_leave_open_is_said(tmp_path: Path) -> None:
    """Also without a file to apply it to; the example that would settle it is named."""
    (tmp_path / "e.csv").write_text("name,first\nAda Lovelace,Ada\nAlan Turing,Alan\n")
    run = habilis("first name", "--examples", "e.csv", folder=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "not sure" in run.stderr and "best of what '" in run.stderr


def test_a_person_is_asked_until_the_answer_can_be_used(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An answer of another type than the examples' outputs is refused, not taken."""
    answers = iter(["many\n", "[1]\n", "7\n"])
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(answers)))
    doubts = Doubts([Example(inputs=(2,), output=4)], asks=True)
    given = doubts.author()._ask
    assert given is not None
    dispute = Dispute(inputs=(3,), options=(6, 9))
    assert given(dispute) == Example(inputs=(3,), output=7)
    assert capsys.readouterr().err.count("is not what the examples give: a number") == 2


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
        ("a,b,c\n1,2,3\n", "column 'name' is missing; there are 'a', 'b', 'c'"),
        ("name,age\na,1\nb,2,3\n", "line 3: 3 cells where the header has 2"),
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
