"""Tasks and examples from files: JSON Lines of tasks, tables of examples."""

from __future__ import annotations

import csv
import difflib
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from habilis.agent.checks import Check, Expected, KeptBack
from habilis.agent.example import Example
from habilis.agent.task import Task
from habilis.errors import InputFileError, TaskFileError

_FIELDS = (
    "id",
    "name",
    "instruction",
    "inputs",
    "files",
    "examples",
    "checks",
    "expected",
    "attempts",
)


def read_tasks(path: str | Path) -> list[Task]:
    """Read one task a line.

    A line is an object with `instruction` and, as wanted, `id`, `name`, `inputs` (an
    object), `files` (paths beside the task file), `examples` and `checks` (lists of
    [[input, ...], output]), `expected` (a value) and `attempts`. Empty lines are skipped.

    Raises:
        TaskFileError: a line is malformed; its line and column are named.
        InputFileError: the file itself cannot be read.
    """
    path = Path(path)
    tasks, seen = [], dict[str, int]()
    for number, line in _lines(_read(path)):
        task = _task(line, path, number)
        if task.key in seen:
            raise TaskFileError(
                f"task id {task.key!r} is already the one of line {seen[task.key]}",
                path=path,
                line=number,
            )
        seen[task.key] = number
        tasks.append(task)
    if not tasks:
        raise TaskFileError("the file holds no task", path=path, line=1)
    return tasks


def read_examples(path: str | Path) -> tuple[Example, ...]:
    """Read examples: the last column is the output, those before it the inputs.

    `.csv` and `.tsv` need a header row and give text; `.jsonl` gives [[input, ...],
    output] a line, `.json` a list of those.

    Raises:
        TaskFileError: a row is malformed.
        InputFileError: the file cannot be read.
    """
    path = Path(path)
    text = _read(path)
    if path.suffix.lower() in (".csv", ".tsv"):
        return _table_examples(text, path)
    if path.suffix.lower() == ".json":
        rows = _parse(text, path, 1)
        if not isinstance(rows, list):
            raise TaskFileError("write a list of [[input, ...], output]", path=path, line=1)
        return tuple(_example(row, path, 1, f"entry {i}") for i, row in enumerate(rows, start=1))
    return tuple(
        _example(_parse(line, path, number), path, number, "the line")
        for number, line in _lines(text)
    )


def read_rows(path: str | Path) -> list[list[Any]]:
    """Read the rows of a table, without knowing what they are for.

    Of `.csv` and `.tsv` the first row is the header. Of `.json` and `.jsonl` a row is a
    list of values, or one value.

    Raises:
        TaskFileError: a row is malformed.
        InputFileError: the file cannot be read.
    """
    path = Path(path)
    text = _read(path)
    if path.suffix.lower() in (".csv", ".tsv"):
        return [row for _, row in _table_rows(text, path)]
    if path.suffix.lower() == ".json":
        rows = _parse(text, path, 1)
        rows = rows if isinstance(rows, list) else [rows]
    else:
        rows = [_parse(line, path, number) for number, line in _lines(text)]
    return [row if isinstance(row, list) else [row] for row in rows]


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")  # line ends stay: cells may hold them
    except UnicodeDecodeError as error:
        raise InputFileError(f"file {str(path)!r} is not UTF-8 text ({error.reason})") from None
    except OSError as error:
        raise InputFileError(f"cannot read {str(path)!r}: {error.strerror}") from None


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not blank with their numbers.

    Only a line feed ends a line: JSON text may hold U+2028 and its like as they are.
    """
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line.removesuffix("\r")


def _parse(text: str, path: Path, line: int) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = line + error.lineno - 1
        raise TaskFileError(error.msg, path=path, line=where, column=error.colno) from None
    except RecursionError:
        raise TaskFileError("the JSON is nested too deeply", path=path, line=line) from None
    except ValueError:  # Python reads no whole number of more than 4,300 digits
        raise TaskFileError("a number has too many digits", path=path, line=line) from None


def _task(line: str, path: Path, number: int) -> Task:
    row = _parse(line, path, number)
    if not isinstance(row, dict):
        raise TaskFileError("a task is a JSON object", path=path, line=number)
    for key in row:
        if key not in _FIELDS:
            near = difflib.get_close_matches(key, _FIELDS, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(_FIELDS)}"
            column = line.find(json.dumps(key)) + 1
            raise TaskFileError(
                f"unknown field {key!r}{hint}", path=path, line=number, column=max(column, 1)
            )
    instruction = row.get("instruction")
    if not isinstance(instruction, str) or _is_blank(instruction):
        raise TaskFileError("a task needs a text 'instruction'", path=path, line=number)
    return Task(
        instruction,
        id=str(row.get("id", "")),
        name=str(row.get("name", "")),
        inputs=_mapping(row, "inputs", path, number),
        files=tuple(path.parent / str(name) for name in _list(row, "files", path, number)),
        examples=_examples(row, "examples", path, number),
        checks=_checks(row, path, number),
        attempts=_attempts(row, path, number),
    )


def _is_blank(text: str) -> bool:
    return not any(c.isprintable() and not c.isspace() for c in text)


def _checks(row: Mapping[str, Any], path: Path, number: int) -> tuple[Check, ...]:
    kept_back = _examples(row, "checks", path, number)
    checks: list[Check] = [KeptBack(kept_back)] if kept_back else []
    if "expected" in row:
        checks.append(Expected(row["expected"]))
    return tuple(checks)


def _attempts(row: Mapping[str, Any], path: Path, number: int) -> int:
    attempts = row.get("attempts", 3)
    if not isinstance(attempts, int) or isinstance(attempts, bool) or attempts < 1:
        raise TaskFileError(
            f"attempts={attempts!r} is no whole number above 0", path=path, line=number
        )
    return attempts


def _examples(row: Mapping[str, Any], key: str, path: Path, number: int) -> tuple[Example, ...]:
    rows = _list(row, key, path, number)
    return tuple(_example(r, path, number, f"{key}[{i}]") for i, r in enumerate(rows))


def _example(row: object, path: Path, number: int, what: str) -> Example:
    if not isinstance(row, list) or len(row) != 2 or not isinstance(row[0], list) or not row[0]:
        raise TaskFileError(f"{what} must be [[input, ...], output]", path=path, line=number)
    return Example(inputs=tuple(row[0]), output=row[1])


def _list(row: Mapping[str, Any], key: str, path: Path, number: int) -> list[Any]:
    value = row.get(key, [])
    if not isinstance(value, list):
        raise TaskFileError(f"{key!r} must be a list", path=path, line=number)
    return value


def _mapping(row: Mapping[str, Any], key: str, path: Path, number: int) -> dict[str, Any]:
    value = row.get(key, {})
    if not isinstance(value, dict) or not all(name.isidentifier() for name in value):
        raise TaskFileError(
            f"{key!r} must be an object whose keys are variable names", path=path, line=number
        )
    return value


def _table_examples(text: str, path: Path) -> tuple[Example, ...]:
    rows = list(_table_rows(text, path))
    if len(rows) < 2 or len(rows[0][1]) < 2:
        raise TaskFileError(
            "a table of examples has a header, inputs, and the output in its last column",
            path=path,
            line=1,
        )
    width = len(rows[0][1])
    for number, row in rows[1:]:
        if len(row) != width:
            raise TaskFileError(
                f"{len(row)} cells where the header has {width}", path=path, line=number
            )
    return tuple(Example(inputs=tuple(row[:-1]), output=row[-1]) for _, row in rows[1:])


def _table_rows(text: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, each with the line it begins at; cells may hold lines."""
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for row in reader:
            if row:
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise TaskFileError(f"{error}; the row is no table's", path=path, line=line) from None
