from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from habilis.agent.checks import Expected, KeptBack
from habilis.agent.example import Example
from habilis.agent.example_file import read_examples
from habilis.agent.task_file import read_tasks, scan_tasks
from habilis.errors import InputFileError, TaskError, TaskFileError


def test_tasks_are_read_line_by_line(tmp_path: Path) -> None:
    """Examples, kept-back checks and expected values become what the agent works with."""
    file = tmp_path / "tasks.jsonl"
    (tmp_path / "x.csv").write_text("1,2,3")
    file.write_text(
        '\ufeff{"id": "a", "instruction": "Double it.", "examples": [[[1], 2]], '
        '"checks": [[[3], 6]]}\n\n'
        '{"instruction": "Sum the file.", "inputs": {"n": 3}, "files": ["x.csv"], '
        '"expected": 6, "attempts": 1}\n',
        encoding="utf-8",
    )
    first, second = read_tasks(file)
    assert first.key == "a" and first.examples == (Example(inputs=(1,), output=2),)
    assert first.checks == (KeptBack((Example(inputs=(3,), output=6),)),)
    assert second.inputs == {"n": 3} and second.files == (tmp_path / "x.csv",)
    assert second.checks == (Expected(6),) and second.attempts == 1
    assert len(second.key) == 12


FIT = '{"instruction": "x", "examples": [[[1], 2]]'


@pytest.mark.parametrize(
    ("line", "column", "problem"),
    [
        ('{"instruction": "x",, }', 21, "no JSON"),
        ('{"instruction": "x", "exampels": []}', 22, "did you mean 'examples'"),
        ('{"id": "x"}', None, "needs a text 'instruction'"),
        ("[1]", None, "JSON object"),
        ('{"instruction": "x", "examples": [[1, 2]]}', 35, r"examples\[0\]"),
        ('{"instruction": "x", "examples": 3}', 22, "must be a list"),
        ('{"instruction": "x", "inputs": {"a b": 3}}', 33, "no variable name"),
        ('{"instruction": "x", "inputs": {"class": 3}}', 33, "no variable name"),
        ('{"instruction": "x", "inputs": {"print": 3}}', 33, "the code needs that name"),
        ('{"instruction": "x", "inputs": [1]}', 22, "must be an object"),
        ('{"instruction": ["x"]}', 2, "needs a text 'instruction'"),
        ('{"instruction": "x", "id": null}', 22, "'id' is a text or a whole number, not null"),
        ('{"instruction": "x", "id": true}', 22, "'id' is a text or a whole number, not true"),
        ('{"instruction": "x", "id": ["a"]}', 22, "'id' is a text or a whole number, not"),
        ('{"instruction": "x", "name": 3}', 22, "'name' must be a text, not 3"),
        ('{"instruction": "x", "files": "x.csv"}', 22, "'files' must be a list"),
        ('{"instruction": "x", "files": [3]}', 32, "a file is a text, not 3"),
        ('{"instruction": "x", "files": ["none.csv"]}', 32, "does not exist"),
        ('{"instruction": "x", "files": ["a\\u0000b"]}', 32, "null byte|does not exist"),
        ('{"instruction": "x", "instruction": "y"}', 22, "'instruction' stands twice"),
        ('{"instruction": "x", "inputs": {"a": 1, "a": 2}}', None, "'a' stands twice"),
        (
            '{"instruction": "x", "attempts": true}',
            22,
            "must be a whole number above 0, not true",
        ),
        ('{"instruction": "x", "attempts": 2.5}', 22, "not 2.5"),
        ('{"instruction": "x", "attempts": 0}', 22, "not 0"),
        ('{"instruction": "x", "id": "one"}', 22, "already the one of line 1"),
        ("[" * 100_000, None, "nested too deeply"),
        ('{"instruction": "x", "expected": ' + "1" * 5_000 + "}", None, "too many digits"),
        ('{"instruction": " \\t "}', 2, "needs a text 'instruction'"),
        ('{"instruction": "\\u200b\\u0000"}', 2, "needs a text 'instruction'"),
        ('{"instruction": "x", "expected": NaN}', 34, "NaN is no finite number"),
        ('{"instruction": "NaN", "inputs": {"a": [1, -Infinity]}}', 44, "-Infinity is no finite"),
        ('{"instruction": "x", "inputs": {"a": 1e999}}', 38, "1e999 is no finite number"),
        (f"{FIT[:-1]}, [[1, 2], 3]]}}", 45, r"examples\[1\] has 2 inputs where .* has 1"),
        (f'{FIT}, "checks": [[[1, 2], 3]]}}', 57, r"checks\[0\] has 2 inputs where .* has 1"),
        ('{"instruction": "x", "checks": [[[1, 2], 3], [[1], 3]]}', 46, "has 1 input where"),
    ],
)
def test_a_malformed_line_is_named(
    tmp_path: Path, line: str, column: int | None, problem: str
) -> None:
    """The column is that of the bad entry, from 1; where the whole line is meant there is none."""
    file = tmp_path / "tasks.jsonl"
    file.write_text(f'{{"instruction": "fine", "id": "one"}}\n{line}\n')
    with pytest.raises(TaskFileError, match=problem) as error:
        read_tasks(file)
    assert (error.value.line, error.value.column) == (2, column)
    assert str(file) in str(error.value)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    """Missing, empty or not text: each says so."""
    with pytest.raises(InputFileError, match="No such file"):
        read_tasks(tmp_path / "none.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(TaskFileError, match="holds no task"):
        read_tasks(tmp_path / "empty.jsonl")
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TaskFileError, match="not UTF-8"):
        read_tasks(tmp_path / "binary.jsonl")


def test_examples_from_tables_and_json(tmp_path: Path) -> None:
    """The last column is the output; a byte-order mark is no part of the header."""
    expected = (Example(inputs=("a", "b"), output="c"), Example(inputs=("d, e", "f"), output="g"))
    csv_file, tsv_file = tmp_path / "x.csv", tmp_path / "x.tsv"
    csv_file.write_text('\ufeffone,two,out\na,b,c\n"d, e",f,g\n', encoding="utf-8")
    tsv_file.write_text("one\ttwo\tout\na\tb\tc\nd, e\tf\tg\n")
    json_file, lines = tmp_path / "x.json", tmp_path / "x.jsonl"
    json_file.write_text('[[["a", "b"], "c"], [["d, e", "f"], "g"]]')
    lines.write_text('[["a", "b"], "c"]\n[["d, e", "f"], "g"]\n')
    assert {read_examples(f) for f in (csv_file, tsv_file, json_file, lines)} == {expected}


def test_a_ragged_table_is_named(tmp_path: Path) -> None:
    """The row with too few or too many cells is named by its line."""
    file = tmp_path / "x.csv"
    file.write_text("a,b\n1,2\n1\n")
    with pytest.raises(TaskFileError, match="line 3: 1 cells where the header has 2"):
        read_examples(file)


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("x.csv", "a,b\n", "no row below the header"),
        ("x.csv", "\n", "the file is empty"),
        ("x.csv", "a\nb\n", "one column only; a table has inputs and the output"),
        ("x.csv", "a;b\n1;2\n", "cells look separated by ';': save it with commas"),
        ("x.csv", "a\tb\n1\t2\n", "cells look separated by tabs"),
        ("x.jsonl", "\n", "there is no example"),
        ("x.txt", "a,b\n1,2\n", ".csv, .tsv, .json or .jsonl"),
        (
            "x.jsonl",
            '[["a"], 1]\n[["a", "b"], 1]',
            "line 2: 2 inputs where the first example",
        ),
        ("x.jsonl", '[["a"], 1]\n["a", 1]', 'line 2: write [[input, ...], output], not ["a", 1]'),
        ("x.json", '[[["a"], 1], [["a", "b"], 1]]', "entry 2: 2 inputs where the first example"),
        ("x.json", '[[["a"], 1],\n [["a"], ]]', "line 2, column 10: this is no JSON"),
        ("x.json", '[{"a": 1,\n  "a": 2}]', "line 1: the key 'a' stands twice; keep one"),
    ],
)
def test_a_file_that_holds_no_examples_says_why(
    tmp_path: Path, name: str, text: str, problem: str
) -> None:
    """Each mistake has its own words."""
    (tmp_path / name).write_text(text)
    with pytest.raises(TaskError, match=re.escape(problem)):
        read_examples(tmp_path / name)


@pytest.mark.parametrize("odd", ["\u2028", "\u2029", "\x85", "\x0c", "\x1c"])
def test_only_a_line_feed_ends_a_line_of_json(tmp_path: Path, odd: str) -> None:
    """Other characters that Python takes for line ends are text like any other."""
    file = tmp_path / "tasks.jsonl"
    shown = odd if odd >= "\x20" else json.dumps(odd)[1:-1]
    lines = [f'{{"instruction": "a{shown}b"}}', "", '{"instruction": "c"}', "oops"]
    file.write_bytes("\r\n".join(lines[:3]).encode())
    assert [task.instruction for task in read_tasks(file)] == [f"a{odd}b", "c"]
    file.write_bytes("\n".join(lines).encode())
    with pytest.raises(TaskFileError, match="line 4"):
        read_tasks(file)
    rows = tmp_path / "rows.jsonl"
    rows.write_bytes(f'[["a{shown}b"], 1]\r\n'.encode())
    assert read_examples(rows) == (Example(inputs=(f"a{odd}b",), output=1),)


@pytest.mark.parametrize("odd", ["\n", "\r\n", "\u2028", "\x85", "\x0c", "\x1c"])
def test_cells_may_hold_line_ends(tmp_path: Path, odd: str) -> None:
    """Quoted ones are kept as they are; rows after them are named by their line."""
    file = tmp_path / "x.csv"
    file.write_bytes(f'in,out\r\n"a{odd}b",1\r\n\r\nc,2\r\n'.encode())
    first, second = read_examples(file)
    assert (first.inputs, second.inputs) == ((f"a{odd}b",), ("c",))
    file.write_bytes(f'in,out\r\n"a{odd}b",1\r\nc\r\n'.encode())
    with pytest.raises(TaskFileError, match="1 cells") as error:
        read_examples(file)
    assert error.value.line == 3 + odd.count("\n")


@pytest.mark.parametrize(
    ("rows", "line", "problem"),
    [
        ('a,1\n"b,2\nc,3\n', 3, "unexpected end of data"),
    ],
)
def test_a_row_that_is_no_row_is_named(tmp_path: Path, rows: str, line: int, problem: str) -> None:
    """A quote that is never closed must not swallow the rest of the file."""
    file = tmp_path / "x.csv"
    file.write_text(f"in,out\n{rows}")
    with pytest.raises(TaskFileError, match=problem) as error:
        read_examples(file)
    assert error.value.line == line


GOOD = '{"instruction": "a", "id": "1"}'


def test_a_bad_line_names_the_others_and_offers_the_good_ones(tmp_path: Path) -> None:
    """The first is told in full, the rest by number."""
    file = tmp_path / "tasks.jsonl"
    bad = [f"oops {n}" for n in range(15)]
    file.write_text("\n".join([GOOD, *bad, GOOD.replace("1", "2")]))
    with pytest.raises(TaskFileError) as error:
        read_tasks(file)
    message = str(error.value)
    assert "column 1: this is no JSON (expecting value); 14 more bad: lines 3, 4," in message
    assert "11, 12, ...; 2 good: `habilis session check`" in message
    found = scan_tasks(file)
    assert [task.key for task in found.tasks] == ["1", "2"] and len(found.lines) == 2
    file.write_text(f"[\n{GOOD},\n]")
    with pytest.raises(TaskFileError, match="a file of tasks has an object a line, as in"):
        read_tasks(file)
    assert [problem.line for problem in found.problems] == list(range(2, 17))


def test_a_line_with_broken_bytes_does_not_hide_the_others(tmp_path: Path) -> None:
    """Joined files have marks in the middle; a line in Latin-1 is named."""
    file = tmp_path / "tasks.jsonl"
    second = GOOD.replace("1", "2").encode("utf-8-sig")
    file.write_bytes(b"\r\n".join([GOOD.encode("utf-8-sig"), second, b'{"\xc3\xa9": "\xe9"}', b""]))
    found = scan_tasks(file)
    assert [task.key for task in found.tasks] == ["1", "2"]
    assert [(e.line, e.column) for e in found.problems] == [(3, 8)]


def test_a_huge_line_is_named_and_not_read(tmp_path: Path) -> None:
    """The line after it is read as ever."""
    file = tmp_path / "tasks.jsonl"
    with file.open("wb") as out:
        out.write(b'{"instruction": "')
        for _ in range(65):
            out.write(b"x" * 1024**2)
        out.write(b'"}\n' + GOOD.encode())
    found = scan_tasks(file)
    assert [task.key for task in found.tasks] == ["1"]
    assert [(e.line, "64 MB" in e.problem) for e in found.problems] == [(1, True)]


def test_numbers_may_be_ids(tmp_path: Path) -> None:
    """5 and "5" are one id, as in tables and journals."""
    file = tmp_path / "tasks.jsonl"
    file.write_text('{"instruction": "a", "id": 5}\n{"instruction": "b", "id": "5"}')
    found = scan_tasks(file)
    assert found.tasks[0].key == "5" and "'5' is already" in found.problems[0].problem
