"""Values larger than a search can build upon: answers come in time all the same."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from habilis.agent.authors.compose.clock import Clock
from habilis.agent.authors.compose.cover import Cover
from habilis.agent.authors.compose.found import Found, NotFound
from habilis.agent.authors.compose.goal import Goal
from habilis.agent.authors.compose.synthesise import synthesise
from habilis.agent.example import Example
from habilis.agent.table import cell_rows

HUGE = 10**5000  # has more digits than Python writes
LONG = "x y" * 60_000
NAN, INF = math.nan, math.inf


def found_for(*pairs: tuple[object, object], seconds: float = 2.0) -> Found | NotFound:
    rows = [Example(inputs=(value,), output=output) for value, output in pairs]
    return synthesise(rows, name="made", seconds=seconds)


def body_of(found: Found | NotFound) -> str:
    assert isinstance(found, Found), found
    return found.source.strip().rsplit("\n", 1)[-1].strip()


def test_a_long_text_among_short_ones_is_judged_and_not_built_upon() -> None:
    """The rule comes from the short ones, of more steps than one too."""
    assert body_of(found_for((LONG, LONG.upper()), ("a", "A"), ("b", "B"))).endswith("text.upper()")
    trimmed = found_for((f" {LONG} ", LONG.upper()), (" ab", "AB"), ("c d  ", "C D"))
    assert "strip()" in body_of(trimmed) and "upper()" in body_of(trimmed)


def test_a_rule_for_long_texts_only_is_found() -> None:
    """What is too large to build upon may still be the answer."""
    texts = [LONG, "a b" * 50_000, "c-d" * 40_000]
    assert body_of(found_for(*((text, text.upper()) for text in texts))) == "return text.upper()"


@pytest.mark.parametrize("letter", ["(", '"', "a"])
def test_texts_without_a_rule_end_by_the_clock(letter: str) -> None:
    """However unlucky the texts are for patterns: every few programs the clock is asked."""
    found = found_for(
        *((text * 50_000, end) for text, end in ((letter, "q%"), ("b", "]1"), ("c", "z"))),
        seconds=0.5,
    )
    assert isinstance(found, NotFound)
    assert found.tried > 0


def test_no_cover_is_looked_for_in_long_outputs() -> None:
    """The pieces of a text are quadratic in its length."""
    goal = Goal(("ab" * 5000, "cd" * 5000), "str")
    assert Cover(goal, Clock(60.0)).find(goal.full, math.inf) is None


def test_integers_without_a_decimal_text_are_worked_from() -> None:
    """Python refuses to write more than 4,300 digits; contradictions are found as well."""
    assert "1" in body_of(found_for((HUGE, HUGE + 1), (5, 6), (7, 8)))
    only = found_for((HUGE, HUGE + 1), (HUGE * 3, HUGE * 3 + 1), (-HUGE, 1 - HUGE))
    assert "1" in body_of(only)
    told = found_for((HUGE, HUGE), (HUGE, HUGE + 1))
    assert isinstance(told, NotFound) and "contradict" in told.why
    lists = found_for(([HUGE, 1], HUGE), ([2, 3], 2), ([7, HUGE], 7))
    assert body_of(lists) == "return numbers[0]"


def test_nan_equals_itself_and_infinity_is_a_number() -> None:
    """They are no reason to refuse the rule that the other rows show."""
    for odd in (NAN, INF, -INF):
        doubled = found_for((1.0, 2.0), (odd, float(str(odd))), (3.0, 6.0))
        assert body_of(doubled) in {"return number + number", "return number * 2"}
        scaled = found_for((10.0, 12.0), (odd, float(str(odd))), (20.0, 24.0), (5.0, 6.0))
        assert body_of(scaled) == "return number * 1.2"
    assert body_of(found_for((NAN, float("nan")), (1.0, 1.0), (2.0, 2.0))) == "return number"


def test_a_row_that_cannot_be_written_is_not_shown() -> None:
    """The example in the docstring is one that runs."""
    found = found_for((NAN, NAN), (1234.5, 1234.5), (98765.25, 98765.25))
    assert isinstance(found, Found) and "made(1234.5)" in found.source


def test_cells_of_any_length_are_read(tmp_path: Path) -> None:
    """Python's own limit of 131,072 characters is no limit of tables."""
    path = tmp_path / "long.csv"
    path.write_text(f"text,result\n{LONG},{LONG.upper()}\n", encoding="utf-8")
    assert list(cell_rows(path))[1] == (2, [LONG, LONG.upper()])
