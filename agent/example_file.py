"""Examples from files: tables whose last column is the output, JSON, JSON Lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from habilis.agent.example import Example
from habilis.agent.json_lines import decoded, parse_json, raw_lines
from habilis.agent.numbers import numeric_columns
from habilis.errors import InputFileError, TaskFileError


def read_examples(path: str | Path) -> tuple[Example, ...]:
    """Read examples: the last column is the output, those before it the inputs.

    `.csv` and `.tsv` need a header row and give text, or numbers where the output and an
    input are columns of numbers; `.jsonl` gives [[input, ...], output] a line, `.json` a
    list of those.

    Raises:
        TaskFileError: a row is malformed.
        InputFileError: the file cannot be read.
    """
    path = Path(path)
    if path.suffix.lower() in (".csv", ".tsv"):
        return _table_examples(_read(path), path)
    if path.suffix.lower() == ".json":
        rows = parse_json(_read(path), path, 1)
        if not isinstance(rows, list):
            raise TaskFileError("write a list of [[input, ...], output]", path=path, line=1)
        return tuple(example_of(row, path, 1, f"entry {i}") for i, row in enumerate(rows, start=1))
    lines = ((number, decoded(raw, path, number)) for number, raw in raw_lines(path))
    return tuple(
        example_of(parse_json(line, path, number), path, number, "the line")
        for number, line in lines
        if line.strip()
    )


def input_names(path: str | Path) -> tuple[str, ...]:
    """Return what a table of examples calls its inputs; nothing for JSON, which has no names."""
    path = Path(path)
    if path.suffix.lower() not in (".csv", ".tsv"):
        return ()
    return tuple(map(str, read_rows(path)[0][:-1]))


def read_rows(path: str | Path) -> list[list[Any]]:
    """Read the rows of a table, without knowing what they are for.

    Of `.csv` and `.tsv` the first row is the header. Of `.json` and `.jsonl` a row is a
    list of values, or one value.

    Raises:
        TaskFileError: a row is malformed.
        InputFileError: the file cannot be read.
    """
    path = Path(path)
    if path.suffix.lower() in (".csv", ".tsv"):
        return [row for _, row in _table_rows(_read(path), path)]
    if path.suffix.lower() == ".json":
        rows = parse_json(_read(path), path, 1)
        rows = rows if isinstance(rows, list) else [rows]
    else:
        lines = ((number, decoded(raw, path, number)) for number, raw in raw_lines(path))
        rows = [parse_json(line, path, number) for number, line in lines if line.strip()]
    return [row if isinstance(row, list) else [row] for row in rows]


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")  # line ends stay: cells may hold them
    except UnicodeDecodeError as error:
        raise InputFileError(f"file {str(path)!r} is not UTF-8 text ({error.reason})") from None
    except OSError as error:
        raise InputFileError(f"cannot read {str(path)!r}: {error.strerror}") from None


def example_of(row: object, path: Path, number: int, what: str) -> Example:
    """Return the example that a row is.

    Raises:
        TaskFileError: it is none; `what` is named.
    """
    if not isinstance(row, list) or len(row) != 2 or not isinstance(row[0], list) or not row[0]:
        raise TaskFileError(f"{what} must be [[input, ...], output]", path=path, line=number)
    return Example(inputs=tuple(row[0]), output=row[1])


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
    cells = [row for _, row in rows[1:]]
    numeric = numeric_columns(cells)
    read = [
        [numeric[place].read(cell) if place in numeric else cell for place, cell in enumerate(row)]
        for row in cells
    ]
    return tuple(Example(inputs=tuple(row[:-1]), output=row[-1]) for row in read)


def _table_rows(text: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, each with the line it begins at; cells may hold lines."""
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))  # the process's, not ours
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for row in reader:
            if row:
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise TaskFileError(f"{error}; the row is no table's", path=path, line=line) from None
