"""What people's files hold: the search ends in time, with an answer or with the reason."""

from __future__ import annotations

import pytest

from habilis.agent.authors.compose.found import Found, NotFound
from habilis.agent.authors.compose.synthesise import synthesise
from habilis.agent.example import Example

Rows = list[tuple[tuple[object, ...], object]]

ODD: dict[str, tuple[Rows, object, object]] = {
    "thousands": ([((f"Ada{i} L{i % 13}",), f"L{i % 13}") for i in range(3000)], "a b", "b"),
    "huge cells": ([(("a " * 50_000 + x,), x) for x in ("b", "c", "d")], "x y", "y"),
    "empty text": ([(("",), ""), (("a",), "A"), (("bc",), "BC")], "d", "D"),
    "missing": ([((None,), None), (("a",), "A"), (("bc",), "BC"), (("d",), "D")], "e", "E"),
    "combining": ([(("e\u0301a b",), "e\u0301a"), (("n\u0303o x",), "n\u0303o")], "u y", "u"),
    "right to left": ([(("אב גד",), "גד"), (("שלום עולם",), "עולם")], "הו זח", "זח"),
    "emoji": ([(("hi 👋🏽 you",), "👋🏽"), (("go 🚀 now",), "🚀")], "a 🦕 b", "🦕"),
    "no numbers": ([(("007 Bond",), "007"), (("00123 X",), "00123")], "08 Y", "08"),
    "no dates": ([(("13/45/2020",), "45"), (("99/77/2021",), "77")], "1/88/3", "88"),
    "missing items": ([(([1, None],), [1, None, 1]), (([2],), [2, 2])], [3, 4], [3, 4, 3]),
}


@pytest.mark.parametrize(
    ("rows", "value", "expected"), [pytest.param(*case, id=name) for name, case in ODD.items()]
)
def test_odd_examples_are_worked_from(rows: Rows, value: object, expected: object) -> None:
    """What is found is right beyond them."""
    examples = [Example(inputs=inputs, output=output) for inputs, output in rows]
    found = synthesise(examples, name="made", seconds=3.0)
    assert isinstance(found, Found), found
    names: dict[str, object] = {}
    exec(found.source, names)
    made = names["made"]
    assert callable(made) and made(value) == expected


def test_inputs_that_do_not_fit_are_no_evidence() -> None:
    """Rows of another width or type, among those without outputs, are passed over."""
    examples = [Example(inputs=("a b",), output="b"), Example(inputs=("c d",), output="d")]
    others = [("x y",), (3,), (None,), ("a", "b"), ()]
    assert isinstance(synthesise(examples, name="made", unlabelled=others, seconds=2.0), Found)


def test_nobody_is_sure_after_two_examples() -> None:
    """However plain the rule looks."""
    examples = [Example(inputs=("Ada Lovelace",), output="LOVELACE")]
    found = synthesise(examples, name="made", seconds=2.0)
    assert isinstance(found, Found) and not found.sure


def test_a_contradiction_of_huge_cells_is_told_in_short() -> None:
    """The examples are named; their texts are cut."""
    rows = [Example(inputs=("a" * 9000,), output=letter * 9000) for letter in "bc"]
    found = synthesise(rows, name="made", seconds=1.0)
    assert isinstance(found, NotFound) and "examples 1 and 2 contradict" in found.why
    assert len(found.why) < 400


def test_what_is_right_on_most_examples_is_named_when_nothing_fits() -> None:
    """A person sees how near the search came, and which examples stand out."""
    rows = [("Ada Lee", "Lee"), ("Bob Ray", "Ray"), ("Cy Orr", "Orr"), ("Di Fox", "%$7@?")]
    rows += [("Ed Hay", "0!q"), ("Flo Ivy", "]z9"), ("Gus Jay", "{4}w"), ("Hal Kay", "+u=")]
    examples = [Example(inputs=(value,), output=output) for value, output in rows]
    found = synthesise(examples, name="made", seconds=1.0)
    assert isinstance(found, NotFound)
    assert "right on 3 of 8 is " in found.why
