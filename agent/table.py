"""Rows from files: tables with a header, JSON, JSON Lines; each row with where it stands."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from habilis.agent.json_lines import decoded, parse_json, raw_lines
from habilis.errors import InputFileError, TaskFileError

TABLES: Final = (".csv", ".tsv")
SUFFIXES: Final = (*TABLES, ".json", ".jsonl")


class _Absent:
    """Stands for a key that an object does not have; an empty cell in a table."""

    def __str__(self) -> str:
        return ""


ABSENT: Final = _Absent()


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows, each with its line; in `.json`, with its place among the entries, from 1.

    `header` names the cells of a row, in JSON the keys of the objects; it is empty for lists.
    """

    path: Path
    header: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...]
    places: tuple[int, ...]

    @property
    def word(self) -> str:
        """What the place of a row is called."""
        return "entry" if self.path.suffix.lower() == ".json" else "line"

    @property
    def words(self) -> str:
        """What the places of rows are called."""
        return "entries" if self.word == "entry" else "lines"

    def error(self, problem: str, place: int) -> TaskFileError:
        """Return the error that a row has a problem."""
        if self.word == "entry":
            return TaskFileError(f"entry {place}: {problem}", path=self.path, line=1)
        return TaskFileError(problem, path=self.path, line=place)


def read_table(path: Path, *, objects: bool = True) -> Table:
    """Read rows without knowing what they are for.

    Of `.csv` and `.tsv` the first row is the header; rows that are too short are filled up
    with empty cells, as spreadsheets leave them out. Of `.json` and `.jsonl` a row is a list
    of values, one value, or, where `objects` says so, an object; its keys are the header.

    Raises:
        TaskFileError: a row is malformed, or longer than the header.
        InputFileError: the file cannot be read.
    """
    return _of_cells(path) if is_table(path) else _of_json(path, objects=objects)


def is_table(path: Path) -> bool:
    """Tell whether a file is a table by its suffix.

    Raises:
        InputFileError: no file with that suffix is read.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise InputFileError(f"{str(path)!r}: files of rows are .csv, .tsv, .json or .jsonl")
    return path.suffix.lower() in TABLES


def cell_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a table with the line each begins at; cells may hold lines.

    Blank lines are left out, but where the header has one column they are an empty cell.
    """
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    text = _read(path)
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))  # the process's, not ours
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line, width = 1, 0
    try:
        for row in reader:
            width = width or len(row)
            if row or width == 1:
                yield line, row or [""]
            line = reader.line_num + 1
    except csv.Error as error:
        raise TaskFileError(f"{error}; the row is no table's", path=path, line=line) from None


def json_rows(path: Path) -> list[tuple[int, Any]]:
    """Return the values of a list, with their places, or of JSON Lines, with their lines.

    Raises:
        TaskFileError: a value is no JSON, or the file holds no list.
        InputFileError: the file cannot be read.
    """
    if path.suffix.lower() == ".json":
        rows = parse_json(_read(path), path, 1)
        if not isinstance(rows, list):
            raise TaskFileError("write a list of rows", path=path, line=1)
        return list(enumerate(rows, start=1))
    lines = ((number, decoded(raw, path, number)) for number, raw in raw_lines(path))
    return [(number, parse_json(line, path, number)) for number, line in lines if line.strip()]


def _of_cells(path: Path) -> Table:
    found = list(cell_rows(path))
    header = tuple(found[0][1]) if found else ()
    for line, row in found[1:]:
        if len(row) > len(header):
            problem = f"{len(row)} cells where the header has {len(header)}"
            raise TaskFileError(problem, path=path, line=line)
    rows = (tuple(row) + ("",) * (len(header) - len(row)) for _, row in found[1:])
    places = tuple(line for line, _ in found[1:])
    return Table(path=path, header=header, rows=tuple(rows), places=places)


def _of_json(path: Path, *, objects: bool) -> Table:
    found = json_rows(path)
    values, places = [row for _, row in found], tuple(place for place, _ in found)
    if objects and any(isinstance(row, dict) for row in values):
        return _of_objects(values, path, places)
    rows = tuple(tuple(row) if isinstance(row, list) else (row,) for row in values)
    return Table(path=path, rows=rows, places=places)


def _of_objects(values: Sequence[Any], path: Path, places: tuple[int, ...]) -> Table:
    keys = dict.fromkeys(key for row in values if isinstance(row, dict) for key in row)
    rows = tuple(
        tuple(row.get(key, ABSENT) for key in keys) if isinstance(row, dict) else ()
        for row in values
    )
    table = Table(path=path, header=tuple(keys), rows=rows, places=places)
    for place, row in zip(places, values, strict=True):
        if not isinstance(row, dict):
            raise table.error("this is no object, and others are", place)
    return table


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")  # line ends stay: cells may hold them
    except UnicodeDecodeError as error:
        raise InputFileError(f"file {str(path)!r} is not UTF-8 text ({error.reason})") from None
    except OSError as error:
        raise InputFileError(f"cannot read {str(path)!r}: {error.strerror}") from None
