"""The rest of a person's file: what a function from examples is applied to, and how."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from habilis.agent.example import Example
from habilis.agent.example_file import column_names, column_numbers
from habilis.agent.numbers import Numbers, plain
from habilis.agent.table import ABSENT, TABLES, Table, read_table
from habilis.errors import TaskFileError


@dataclass(frozen=True, kw_only=True)
class Rest:
    """A file of inputs.

    `columns` are the places of the inputs in a row, `names` what they are called. `numbers`
    are those of them that are read as numbers, by their place among the inputs; the output
    comes after them.
    """

    table: Table
    columns: tuple[int, ...]
    names: tuple[str, ...] = ()
    output: str
    numbers: Mapping[int, Numbers] = field(default_factory=dict)

    @cached_property
    def inputs(self) -> list[tuple[object, ...] | None]:
        """The inputs of each row; None where a cell should be a number and is none."""
        return [self._inputs(row) for row in self.table.rows]

    @property
    def usable(self) -> list[tuple[object, ...]]:
        """The inputs of the rows that a function can be called with."""
        return [row for row in self.inputs if row is not None]

    @property
    def distinct(self) -> list[tuple[object, ...]]:
        """The usable inputs, each once; they may hold lists, which have no hash."""
        return list({repr(row): row for row in self.usable}.values())

    @property
    def overwrites(self) -> bool:
        """Whether a column has the output's name already: the results stand in its place."""
        return self.output in self.table.header

    def written(self, result: object) -> object:
        """Return a result as the examples write theirs."""
        numbers = self.numbers.get(len(self.columns))
        return result if numbers is None else numbers.write(result)

    def _inputs(self, row: Sequence[Any]) -> tuple[object, ...] | None:
        cells = list(map(row.__getitem__, self.columns))
        for place, cell in enumerate(cells):
            numbers = self.numbers.get(place)
            if numbers is not None and isinstance(cell, str):
                cells[place] = numbers.read(cell)
                if isinstance(cells[place], str):
                    return None
        return tuple(cells)


def read_rest(path: Path, *, examples: Path, rows: Sequence[Example]) -> Rest:
    """Read the file that a function is to be applied to.

    Columns, or the keys of JSON objects, are found by the names that the examples' header
    gives the inputs. A file that has just as many columns may name them otherwise.

    Raises:
        TaskFileError: a column is missing, named twice, or a row has not the examples' inputs.
        InputFileError: the file cannot be read.
    """
    first, names = rows[0].inputs, column_names(examples)
    count = len(first)
    table = read_table(path, objects=not (count == 1 and isinstance(first[0], dict)))
    columns = _columns(table.header, names[:count], count, path)
    for place, row in zip(table.places, table.rows, strict=True):
        if not table.header and not _is_inputs(row, first):
            inputs = "1 input" if count == 1 else f"{count} inputs"
            raise table.error(f"write [input, ...] with {inputs}, and without an output", place)
        missing = [table.header[column] for column in columns if row[column] is ABSENT]
        if missing:
            raise table.error(f"the key {missing[0]!r} is missing", place)
    return Rest(
        table=table,
        columns=columns,
        names=names[:count],
        output=names[-1] if names else "output",
        numbers=column_numbers(examples),
    )


def _is_inputs(row: Sequence[object], first: Sequence[object]) -> bool:
    """Tell a row of inputs from one of another length, and from an example with its output."""
    is_example = len(row) == 2 and isinstance(row[0], list) and not isinstance(first[0], list)
    return len(row) == len(first) and not is_example


def _columns(
    header: Sequence[str], names: Sequence[str], count: int, path: Path
) -> tuple[int, ...]:
    found = [name for name in names if name in header]
    twice = [name for name in found if header.count(name) > 1]
    if twice:
        raise TaskFileError(f"column {twice[0]!r} is there twice", path=path, line=1)
    if names and len(found) == len(names):
        return tuple(header.index(name) for name in names)
    if found or (header and len(header) != count):
        missing = next(name for name in [*names, "(another input)"] if name not in found)
        given = ", ".join(map(repr, header))
        raise TaskFileError(f"column {missing!r} is missing; there are {given}", path=path, line=1)
    return tuple(range(count))


def write_rest(rest: Rest, results: Sequence[object], path: Path) -> None:
    """Write the file with one more column, or over the column that has the output's name.

    The form follows the suffix of `path`; rows of JSON are objects where columns have names.
    None, where the function failed, is an empty cell.
    """
    is_table = path.suffix.lower() in TABLES
    header = [*rest.table.header] if rest.overwrites else [*rest.table.header, rest.output]
    header = header if rest.table.header else []
    rows = list(_rows(rest, list(map(rest.written if is_table else _number, results))))
    with path.open("w", encoding="utf-8", newline="") as file:
        if is_table:
            mark = "\t" if path.suffix.lower() == ".tsv" else ","
            writer = csv.writer(file, delimiter=mark, lineterminator="\n")
            writer.writerows([header, *rows] if header else rows)
            return
        is_named = header and len(set(header)) == len(header)
        values = [_object(header, row) for row in rows] if is_named else rows
        if path.suffix.lower() == ".json":
            json.dump(values, file, ensure_ascii=False, indent=1)
        else:
            file.writelines(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


def _rows(rest: Rest, results: Sequence[object]) -> Iterator[list[Any]]:
    place = rest.table.header.index(rest.output) if rest.overwrites else None
    for row, result in zip(rest.table.rows, results, strict=True):
        if place is None:
            yield [*row, result]
        else:
            yield [*row[:place], result, *row[place + 1 :]]


def _object(header: Sequence[str], row: Sequence[object]) -> dict[str, object]:
    return {key: cell for key, cell in zip(header, row, strict=True) if cell is not ABSENT}


def _number(result: object) -> object:
    return plain(result) if isinstance(result, float) else result
