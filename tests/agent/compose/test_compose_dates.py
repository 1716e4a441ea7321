"""Reading dates quickly in the search gives what the written program gives."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from habilis.agent.authors.compose.dates import Dates, strptime
from habilis.agent.authors.compose.idioms import IDIOMS

STYLES = ["%Y-%m-%d", "%d %b %Y", "%A, %B %d, %Y", "%m/%d/%y %I:%M %p", "%Y-%m-%dT%H:%M:%S"]
TEXTS = [datetime(1999, 1, 5, 13, 7, 9).strftime(style) for style in STYLES]
ODD = [
    "1999-1-5",
    "5 JAN 1999",
    "5  Jan  1999",
    " 5 Jan 1999",
    "1999-01-05 ",
    "99-01-05",
    "5 Jän 1999",
]


def outcome(read: Callable[..., object], *arguments: object) -> object:
    try:
        return read(*arguments)
    except ValueError:
        return "refused"


@pytest.mark.parametrize("text", TEXTS + ODD)
def test_a_quick_reading_is_what_datetime_reads(text: str) -> None:
    """What is ruled out beforehand is never what `datetime.strptime` would have read."""
    for style in STYLES:
        assert outcome(strptime, text, style) == outcome(datetime.strptime, text, style)


@pytest.mark.parametrize("text", [text for text in TEXTS + ODD if not text[-1].isspace()])
def test_the_idiom_reads_the_same_in_the_search_and_in_the_program(text: str) -> None:
    """The search must not judge a program by another function than the one it writes."""
    assert outcome(Dates().parse, text) == outcome(IDIOMS["_parse_date"], text)


def test_two_digits_of_a_year_are_read_as_in_spreadsheets() -> None:
    """Up to 29 they are of this century, from 30 on of the last."""
    years = [getattr(IDIOMS["_parse_date"](f"1.2.{two}"), "year", 0) for two in (29, 30, 99)]
    assert years == [2029, 1930, 1999]


def test_a_time_goes_up_to_the_next_multiple_and_stays_on_one() -> None:
    """The end of the quarter of an hour that a time is in."""
    ceil = IDIOMS["_ceil_time"]
    times = [datetime(2024, 1, 31, 23, minute, 30) for minute in (0, 1, 46)]
    assert [f"{ceil(time, 15):%d %H:%M:%S}" for time in times] == [
        "31 23:00:00",
        "31 23:15:00",
        "01 00:00:00",
    ]
