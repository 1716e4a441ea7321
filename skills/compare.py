"""When two values count as the same: by type and value, floats within a tolerance."""

from __future__ import annotations

import math
from collections.abc import Mapping

REL_TOL = 1e-9


def same(left: object, right: object, *, rel_tol: float = REL_TOL) -> bool:
    """Tell whether two results are the same value.

    `True` is not `1`, but `1.0` is `1` where either side is a float: an author who
    computes 5000.0 has found 5000. Lists are not tuples. NaN equals NaN.
    """
    if isinstance(left, bool) or isinstance(right, bool):
        return isinstance(left, bool) and isinstance(right, bool) and left == right
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return _same_number(left, right, rel_tol)
    if type(left) is not type(right):
        return False
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(
            same(a, b, rel_tol=rel_tol) for a, b in zip(left, right, strict=True)
        )
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(
            same(left[key], right[key], rel_tol=rel_tol) for key in left
        )
    return bool(left == right)


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
    return abs(value - stated) <= 0.5000001 * 10.0 ** -len(digits)


def _same_number(left: int | float, right: int | float, rel_tol: float) -> bool:
    if isinstance(left, int) and isinstance(right, int):
        return left == right
    try:
        if math.isnan(left) and math.isnan(right):
            return True
        return left == right or math.isclose(left, right, rel_tol=rel_tol, abs_tol=1e-12)
    except OverflowError:
        return False
