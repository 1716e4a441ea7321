from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from habilis.skills.compare import same


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (1, 1),
        (1, 1.0),
        (0.1 + 0.2, 0.3),
        (math.nan, math.nan),
        ([1, [2.0]], [1, [2]]),
        ({"a": (1, "x")}, {"a": (1, "x")}),
        (10**400, 10**400),
        (None, None),
        (1.2e-16, 0),
        (Fraction(1, 2), 0.5),
        (np.array([1, 2]), np.array([1, 2])),
        (np.int64(3), 3),
    ],
)
def test_equal_values_are_the_same(left: object, right: object) -> None:
    """Numbers within the tolerance, containers item by item."""
    assert same(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (True, 1),
        (1, "1"),
        ([1], (1,)),
        ([1], [1, 2]),
        ({"a": 1}, {"b": 1}),
        (1, 2),
        (10**400, 1.0),
        (None, 0),
        ("a", "b"),
        (0.0, 6.626e-34),
        (1.6e-19, 9.1e-31),
        (np.array([1, 2]), np.array([1, 3])),
        (np.array([1, 2]), [1, 2]),
        (Decimal("sNaN"), Decimal("sNaN")),
    ],
)
def test_other_types_or_values_are_not_the_same(left: object, right: object) -> None:
    """Type counts: True is not 1, a list is no tuple."""
    assert not same(left, right)
