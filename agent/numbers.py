"""Columns of a table that hold numbers: read as such, and written as they were written."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# A leading zero ("007"), a plus, a space or an exponent makes it a text; so do more digits
# than a float keeps.
_NUMBER: Final = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,9})?")
_DECIMALS: Final = 9
_NOISE: Final = 1e-12


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """What a column of numbers looks like: `decimals` is None where they differ."""

    whole: bool
    decimals: int | None

    def read(self, cell: str) -> object:
        """Return the number in a cell; a cell without one stays text."""
        if not _NUMBER.fullmatch(cell):
            return cell
        return int(cell) if self.whole and "." not in cell else float(cell)

    def write(self, value: object) -> object:
        """Return a result with as many decimals as the column has, where that loses nothing."""
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return value
        value = plain(value)
        if self.decimals is None:
            return value
        if isinstance(value, int):
            return f"{value}.{'0' * self.decimals}" if self.decimals else value
        text = f"{value:.{self.decimals}f}"
        if float(text) != value or math.isinf(value):
            return value
        return text if self.decimals else int(value)


def plain(value: float) -> float:
    """Return a float as a person would write it, without the noise of binary fractions."""
    if not isinstance(value, float) or not math.isfinite(value):
        return value
    near = round(value, _DECIMALS)  # differences leave noise above the last digit
    return near if abs(near - value) <= _NOISE * max(1.0, abs(value)) else float(f"{value:.15g}")


def numbers_in(cells: Sequence[str]) -> Numbers | None:
    """Return how a column's numbers are written, None where a cell is no number."""
    found = [_NUMBER.fullmatch(cell) for cell in cells]
    if not cells or None in found:
        return None
    decimals = {len(match.group(2) or ".") - 1 for match in found if match}
    return Numbers(
        whole=decimals == {0}, decimals=next(iter(decimals)) if len(decimals) == 1 else None
    )


def numeric_columns(rows: Sequence[Sequence[str]]) -> dict[int, Numbers]:
    """Return the columns to be read as numbers: the last, the output, and inputs like it.

    Where the output is text nothing is read as a number: the figures in it are characters
    to be cut and put together. So they are where no input is a number and every row's
    output stands in one of its inputs.
    """
    found = {place: numbers_in(cells) for place, cells in enumerate(zip(*rows, strict=True))}
    numeric = {place: numbers for place, numbers in found.items() if numbers is not None}
    if len(found) - 1 not in numeric:
        return {}
    is_cut = all(any(row[-1] in cell for cell in row[:-1]) for row in rows)
    return {} if len(numeric) == 1 and is_cut else numeric
