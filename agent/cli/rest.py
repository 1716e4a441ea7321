"""The rest of a person's file: what a function from examples is applied to, and how."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from habilis.agent.example import Example
from habilis.agent.example_file import read_rows
from habilis.agent.numbers import Numbers, numeric_columns
from habilis.errors import TaskFileError

_TABLES: Final = (".csv", ".tsv")


@dataclass(frozen=True, kw_only=True)
class Rest:
    """A file of inputs. `header` is empty where it has none.

    `columns` are the places of the inputs in a row, `names` what they are called. `numbers`
    are those of them that are read as numbers, by their place among the inputs; the output
    comes after them.
    """

    path: Path
    header: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    columns: tuple[int, ...]
    names: tuple[str, ...] = ()
    output: str
    numbers: Mapping[int, Numbers] = field(default_factory=dict)

    @property
    def inputs(self) -> list[tuple[object, ...] | None]:
        """The inputs of each row; None where a cell should be a number and is none."""
        return [self._inputs(row) for row in self.rows]

    @property
    def usable(self) -> list[tuple[object, ...]]:
        """The inputs of the rows that a function can be called with."""
        return [row for row in self.inputs if row is not None]

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

    Columns are found by the names that the examples' header gives the inputs. A file that
    has just as many columns may name them otherwise.

    Raises:
        TaskFileError: a column is missing, named twice, or a row has too few cells.
        InputFileError: the file cannot be read.
    """
    of_examples = read_rows(examples) if examples.suffix.lower() in _TABLES else [[]]
    wanted = of_examples[0]
    count = len(rows[0].inputs)
    table = read_rows(path)
    has_header = path.suffix.lower() in _TABLES
    header = tuple(map(str, table[0])) if has_header and table else ()
    columns = _columns(header, [str(name) for name in wanted[:count]], count, path)
    body = table[1:] if has_header else table
    for number, row in enumerate(body, start=1 + has_header):
        if len(row) <= max(columns):
            raise TaskFileError(
                f"{len(row)} cells where column {max(columns) + 1} is needed",
                path=path,
                line=number,
            )
    output = str(wanted[-1]) if wanted else "output"
    return Rest(
        path=path,
        header=header,
        rows=tuple(map(tuple, body)),
        columns=columns,
        names=tuple(map(str, wanted[:count])),
        output=output,
        numbers=numeric_columns(of_examples[1:]),
    )


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

    The form follows the suffix of `path`. None, where the function failed, is an empty cell.
    """
    header = [*rest.header, rest.output] if rest.header else []
    rows = [[*row, rest.written(each)] for row, each in zip(rest.rows, results, strict=True)]
    if rest.output in rest.header:
        header, place = list(rest.header), rest.header.index(rest.output)
        rows = [[*row[:place], row[-1], *row[place + 1 : -1]] for row in rows]
    with path.open("w", encoding="utf-8", newline="") as file:
        if path.suffix.lower() in _TABLES:
            mark = "\t" if path.suffix.lower() == ".tsv" else ","
            writer = csv.writer(file, delimiter=mark, lineterminator="\n")
            writer.writerows([header, *rows] if header else rows)
        elif path.suffix.lower() == ".json":
            json.dump(rows, file, ensure_ascii=False, indent=1)
        else:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
