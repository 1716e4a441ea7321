from __future__ import annotations

import pytest

from habilis.agent.authors.compose.components import dates
from habilis.agent.authors.compose.types import freeze, item_type, thaw, type_of


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a", None, "b"], "str"),
        ([1, 2.5], "float"),
        ([True, 1], None),
        ([[1], [], [2, 3]], "list[int]"),
        ([[], []], "list[int]"),
        ([[["a"]], [[]]], "list[list[str]]"),
        ([[{"price": 1.5}]], "list[dict]"),
        ([[1, "a"]], None),
        ([None, None], "None"),
        ([{1, 2}], None),
    ],
)
def test_type_of_a_column(values: list[object], expected: str | None) -> None:
    """A column has one type, or none; None is passed over, an empty list fits any."""
    assert type_of([freeze(value) for value in values]) == expected


def test_frozen_values_can_be_hashed_and_come_back() -> None:
    """Freezing loses nothing, at any depth."""
    value = {"rows": [{"a": [1, 2]}, {"a": []}], "name": "x"}
    frozen = freeze(value)
    assert hash(frozen) == hash(freeze(value))
    assert thaw(frozen) == value


def test_the_inner_type_of_nested_lists() -> None:
    """One layer is taken off at a time."""
    assert item_type("list[list[str]]") == "list[str]"
    assert item_type("str") is None


def test_minutes_are_read_off_the_times_in_the_outputs() -> None:
    """What all times are multiples of, and how far two of one output are apart, comes first."""
    spans = ["6:00PM-6:25PM", "9:20PM-9:45PM", "7:40AM-8:05AM"]
    made = dates.constants(["6:04PM"], spans, rows=3)
    cheap = [c.value for c in made if c.type == "minutes" and c.cost == 1]
    assert cheap == [20, 25, 60]
    plain = dates.constants(["6:04PM"], ["6", "9", "7"], rows=3)
    assert [c.value for c in plain if c.type == "minutes" and c.cost == 1] == [60]
