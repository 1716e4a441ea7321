"""When two values count as the same: by type and value, floats within a tolerance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

from habilis.skills.sandbox import tables
from habilis.skills.sandbox.values import Column, Table

REL_TOL = 1e-9


def show(value: object, limit: int = 400) -> str:
    """Return the repr of any value, its middle cut where it is long. Never raises."""
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001 - objects of users and models may do anything
        return f"<{type(value).__name__} that cannot be shown: {type(error).__name__}>"
    return shorten(text, limit)


def shorten(text: str, limit: int) -> str:
    """Cut the middle out of a long text and say how much is gone."""
    if len(text) <= limit:
        return text
    half = (limit - 40) // 2
    return f"{text[:half]} [... {len(text) - 2 * half:,} characters cut ...] {text[-half:]}"


def same(value: object, expected: object, *, rel_tol: float = REL_TOL) -> bool:
    """Tell whether a result is the expected value.

    `True` is not `1`, but `1.0` is `1` where either side is a float: an author who
    computes 5000.0 has found 5000, and `Fraction(1, 2)` is 0.5. Lists are not tuples;
    arrays compare by shape and values, data frames and series by labels and values: not
    by the names of their axes, nor by what stands for a missing value. NaN equals NaN.
    """
    try:
        return _same(value, expected, rel_tol)
    except (ArithmeticError, ValueError, TypeError, RecursionError):
        return False  # values that cannot be compared are not the same


def _same(left: object, right: object, rel_tol: float) -> bool:
    left, right = _plain(left), _plain(right)
    if isinstance(left, bool) or isinstance(right, bool):
        return isinstance(left, bool) and isinstance(right, bool) and left == right
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return _same_number(left, right, rel_tol)
    if type(left) is not type(right):
        return False
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and (
            _equal_at_once(left, right)
            or all(_same(a, b, rel_tol) for a, b in zip(left, right, strict=True))
        )
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(
            _same(left[key], right[key], rel_tol) for key in left
        )
    return bool(left == right)


def _equal_at_once(left: Sequence[object], right: Sequence[object]) -> bool:
    """Tell whether these are equal numbers or texts: a long column takes 20 ms, not a second."""
    return {*map(type, left), *map(type, right)} <= {int, float, str} and left == right


def same_as_written(value: object, stated: object) -> bool:
    """Tell whether a computed value is the one somebody wrote down.

    A float covers what rounds to it: 33.33 stands for 33.333, not for 33.34.
    """
    if same(value, stated, rel_tol=1e-6):
        return True
    if isinstance(stated, bool) or not isinstance(stated, float):
        return False
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    digits = repr(stated).partition(".")[2]
    if not digits.isdigit() or digits == "0":
        return False  # no decimals were written, or an exponent: nothing was rounded
    try:
        return abs(value - stated) <= 0.5000001 * 10.0 ** -len(digits)
    except OverflowError:  # an integer beyond any float
        return False


def _plain(value: object) -> object:
    """Return arrays and tables as lists and fractions as floats, where exact enough."""
    if isinstance(value, Fraction):
        return value.numerator / value.denominator
    value = tables.plain(value)
    if isinstance(value, Table):
        parts = (value.columns, value.index, value.data)
        return ["table", value.type, *([*map(_cells, part)] for part in parts)]
    if hasattr(value, "tolist") and hasattr(value, "shape"):
        return ["array", list(value.shape), value.tolist()] if value.shape else value.tolist()
    return value


def _cells(column: Column) -> list[object]:
    """Return a column as a list in which None stands for all that is missing."""
    cells = column.cells()
    return [None if isinstance(cell, float) and cell != cell else cell for cell in cells]


def _same_number(left: int | float, right: int | float, rel_tol: float) -> bool:
    if isinstance(left, int) and isinstance(right, int):
        return left == right
    try:
        if math.isnan(left) and math.isnan(right):
            return True
        near_zero = 1e-12 if right == 0 else 0.0  # rounding leaves 1e-17 where 0 is right
        return left == right or math.isclose(left, right, rel_tol=rel_tol, abs_tol=near_zero)
    except OverflowError:
        return False
