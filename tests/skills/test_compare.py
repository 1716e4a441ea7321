from __future__ import annotations

import math

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
    ],
)
def test_other_types_or_values_are_not_the_same(left: object, right: object) -> None:
    """Type counts: True is not 1, a list is no tuple."""
    assert not same(left, right)
