from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from habilis.skills.compare import same, same_as_written, show


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (1, 1),
        (1, 1.0),
        (0.1 + 0.2, 0.3),
        (math.nan, math.nan),
        ([1, [2.0]], [1, [2]]),
        ([1, 2.0, "x"], [1.0, 2, "x"]),
        ([1.0, math.nan], [1, math.nan]),
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
        ([1, True], [True, 1]),
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


FRAME = {"a": [1, 2], "b": ["x", "y"]}


def test_tables_are_the_same_by_labels_and_values() -> None:
    """Floats within the tolerance; neither the names of axes count nor what means missing."""
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(FRAME)
    assert same(frame, pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]}))
    assert same(frame.rename_axis("row"), frame)
    assert same(pd.Series([1, None]), pd.Series([1, None], dtype="Int64"))
    assert same(pd.Series(["a", None]), pd.Series(["a", math.nan], dtype=object))
    assert same(
        pd.to_datetime(pd.Series(["2024-01-02"])).astype("M8[ns]"),
        pd.Series(["2024-01-02"], dtype="M8[s]"),
    )
    assert same_as_written(frame, pd.DataFrame({"a": [1 + 1e-7, 2], "b": ["x", "y"]}))
    assert show(frame) == repr(frame)


def test_tables_that_differ_are_not_the_same() -> None:
    """In a value, a label, their order, their kind, or by being no table."""
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(FRAME)
    for other in (
        frame.assign(a=[1, 3]),
        frame.rename(columns={"a": "c"}),
        frame[["b", "a"]],
        frame.set_index(pd.Index([1, 2])),
        frame.iloc[:1],
        frame.assign(a=[True, True]),
        frame["a"],
        FRAME,
        None,
    ):
        assert not same(frame, other)
        assert not same(other, frame)
    assert not same(frame["a"], [1, 2])
    assert not same(frame["a"], frame["a"].to_numpy())
