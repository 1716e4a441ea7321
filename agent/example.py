"""Rows of what a function should do, in the forms people write them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from habilis.errors import TaskError
from habilis.skills.compare import show


@dataclass(frozen=True, kw_only=True)
class Example:
    """One row of what a function should do: `function(*inputs) == output`."""

    inputs: tuple[object, ...]
    output: object


def as_examples(rows: Iterable[Any]) -> tuple[Example, ...]:
    """Read rows that are `Example`s or `([input, ...], output)` pairs.

    Raises:
        TaskError: a row is something else; says how to write it.
    """
    if isinstance(rows, str | bytes | Mapping):
        raise TaskError(f"examples are a list of ([input, ...], output), not {show(rows, 80)}")
    return tuple(map(_as_example, rows))


def _as_example(row: Any) -> Example:
    if isinstance(row, Example):
        return row
    pair = isinstance(row, list | tuple) and len(row) == 2
    if pair and isinstance(row[0], list | tuple) and row[0]:
        return Example(inputs=tuple(row[0]), output=row[1])
    wanted = f"([{show(row[0], 80)}], {show(row[1], 80)})" if pair else "(['Ada Lovelace'], 'L')"
    raise TaskError(
        f"an example is ([input, ...], output), its inputs in a list: write {wanted} "
        f"instead of {show(row, 120)}"
    )


def example_of(row: object) -> Example | None:
    """Return the example that a row of JSON is, None where it is none."""
    if not isinstance(row, list) or len(row) != 2 or not isinstance(row[0], list) or not row[0]:
        return None
    return Example(inputs=tuple(row[0]), output=row[1])


def width_problem(example: Example, first: Example) -> str:
    """Say that an example has other inputs than the first one; empty where it has as many."""
    has, wanted = len(example.inputs), len(first.inputs)
    if has == wanted:
        return ""
    return f"{has} input{'s' if has > 1 else ''} where the first example has {wanted}"
