from __future__ import annotations

from typing import Any

import pytest

from habilis import Example, Expected, KeptBack, Satisfies, Schema, Task
from habilis.agent.checks import Check
from habilis.errors import TaskError
from habilis.skills.outcome import Outcome, OutcomeKind


def is_large(answer: Any) -> bool:
    return bool(answer > 3)


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        (Expected(5000), 5000.0, 5001),
        (Expected(33.33), 33.333333, 33.34),
        (Expected("a"), "a", "b"),
        (Schema(list[int]), [1, 2], ["1"]),
        (Satisfies(is_large), 4, 3),
        (Satisfies(is_large), 4, "text that cannot be compared"),
    ],
)
def test_values_are_judged(check: Check, right: object, wrong: object) -> None:
    """A check that fails says why; one that raises has failed."""
    assert check.judge(right, None).passed
    verdict = check.judge(wrong, None)
    assert not verdict.passed and verdict.detail


def test_functions_are_judged_by_examples_they_have_not_seen() -> None:
    """Each is called on the host's side of the comparison; the first miss is named."""
    check = KeptBack((Example(inputs=(1,), output=2), Example(inputs=(2,), output=4)))

    def call(arguments: object) -> list[Outcome]:
        return [
            Outcome(kind=OutcomeKind.OK, value=2),
            Outcome(kind=OutcomeKind.RAISED, error="TypeError: no"),
        ]

    verdict = check.judge("f", call)
    assert not verdict.passed and "1 of 2 right" in verdict.detail and "TypeError" in verdict.detail
    assert not check.judge(3, None).passed


@pytest.mark.parametrize(
    "rows",
    [
        [("Ada Lovelace", "Lovelace")],
        [(3, 6)],
        ["a"],
        {"a": "b"},
        "ab",
        [([], 1)],
        [([1], 2, 3)],
    ],
)
def test_examples_in_a_wrong_form_say_how_to_write_them(rows: Any) -> None:
    """A text is not taken apart into letters."""
    with pytest.raises(TaskError, match=r"\[input, \.\.\.\], output"):
        Task("x", examples=rows)


def test_examples_and_checks_are_read_in_every_sensible_form() -> None:
    """Tuples or lists, one check or several, a plain function as a predicate."""
    task = Task("x", examples=[(["a"], "A"), [["b"], "B"]], checks=is_large)
    assert task.examples[1] == Example(inputs=("b",), output="B")
    assert task.checks == (Satisfies(is_large),)
    assert KeptBack([([2], 4)]).examples == (Example(inputs=(2,), output=4),)
    assert Task("x", checks=Expected(6)).checks == (Expected(6),)
    with pytest.raises(TaskError, match="6 is no check"):
        Task("x", checks=6)
