"""Examples from files: tables whose last column is the output, JSON, JSON Lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from habilis.agent.example import Example, example_of, width_problem
from habilis.agent.json_text import written
from habilis.agent.numbers import Numbers, numeric_columns
from habilis.agent.table import Table, cell_rows, is_table, json_rows
from habilis.errors import TaskFileError


def read_examples(path: str | Path) -> tuple[Example, ...]:
    """Read examples: the last column is the output, those before it the inputs.

    `.csv` and `.tsv` need a header row and give text, or numbers where columns hold them
    (`numeric_columns`); `.jsonl` gives [[input, ...], output] a line, `.json` a list of
    those.

    Raises:
        TaskFileError: a row is malformed, or there is none.
        InputFileError: the file cannot be read, or has another suffix.
    """
    path = Path(path)
    if is_table(path):
        return _table_examples(path)
    rows = json_rows(path)
    if not rows:
        raise TaskFileError("there is no example; write [[input, ...], output]", path=path, line=1)
    return _json_examples(rows, path)


def column_names(path: str | Path) -> tuple[str, ...]:
    """Return what a table of examples calls its columns; nothing for JSON, which has no names."""
    path = Path(path)
    return tuple(next(cell_rows(path))[1]) if is_table(path) else ()


def column_numbers(path: str | Path) -> Mapping[int, Numbers]:
    """Return the columns of a table of examples that are read as numbers."""
    path = Path(path)
    return numeric_columns([row for _, row in cell_rows(path)][1:]) if is_table(path) else {}


def _json_examples(rows: Sequence[tuple[int, Any]], path: Path) -> tuple[Example, ...]:
    table = Table(path=path, rows=(), places=())
    examples = list[Example]()
    for place, row in rows:
        example = example_of(row)
        if example is None:
            raise table.error(f"write [[input, ...], output], not {written(row)}", place)
        examples.append(example)
        if problem := width_problem(example, examples[0]):
            raise table.error(problem, place)
    return tuple(examples)


def _table_examples(path: Path) -> tuple[Example, ...]:
    rows = list(cell_rows(path))
    problem = _problem([row for _, row in rows])
    if problem:
        raise TaskFileError(problem, path=path, line=1)
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


def _problem(rows: Sequence[Sequence[str]]) -> str:
    """Say why rows are no table of examples; empty where they are one."""
    if not any(map(any, rows)):
        return "the file is empty; write a header, and rows of inputs and the output"
    if len(rows[0]) == 1:
        for mark, name in ((";", "';'"), ("\t", "tabs")):
            if mark in rows[0][0]:
                return f"cells look separated by {name}: save it with commas, or as .tsv with tabs"
        return "one column only; a table has inputs and the output in its last column"
    return "no row below the header" if len(rows) == 1 else ""
