"""Small functions that programs may carry along: their own source is what is written.

Only what a person would rather name than write inline. Each stands by itself.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache


def _parse_date(text: str, day_first: bool = False) -> datetime:
    """Read a date written in one of the common ways."""
    slashed = ["%d{0}%m{0}%Y", "%m{0}%d{0}%Y", "%d{0}%m{0}%y", "%m{0}%d{0}%y"]
    if not day_first:
        slashed = [slashed[1], slashed[0], slashed[3], slashed[2]]
    days = ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d.%m.%y"]
    days += [way.format(mark) for mark in "/-" for way in slashed]
    days += ["%d %b %Y", "%d %B %Y", "%d. %B %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%b %d %Y"]
    days += ["%B %d, %Y", "%B %d %Y", "%A, %B %d, %Y", "%a %b %d %Y", "%m%d%Y", "%Y--%m--%d"]
    for time in ("", " %H:%M", " %H:%M:%S", " %I:%M %p", "T%H:%M:%S"):
        for day in days:
            try:
                when = datetime.strptime(text.strip(), day + time)
            except ValueError:
                continue
            if "%y" in day and when.year >= 2030:  # as spreadsheets read two digits
                return when.replace(year=when.year - 100)
            return when
    raise ValueError(f"not a date: {text!r}")


def _floor_time(when: datetime, minutes: int) -> datetime:
    """Return the last multiple of so many minutes of the day."""
    past = (when.hour * 60 + when.minute) % minutes
    return when - timedelta(minutes=past, seconds=when.second)


def _round_time(when: datetime, minutes: int) -> datetime:
    """Return the nearest multiple of so many minutes of the day."""
    later = when + timedelta(minutes=minutes / 2)
    past = (later.hour * 60 + later.minute) % minutes
    return later - timedelta(minutes=past, seconds=later.second)


def _ceil_time(when: datetime, minutes: int) -> datetime:
    """Return the next multiple of so many minutes of the day."""
    left = -(when.hour * 60 + when.minute) % minutes
    return when + timedelta(minutes=left) - timedelta(seconds=when.second)


def _round_half_up(value: Decimal, step: str) -> Decimal:
    """Return the nearest multiple of a step; a half goes up."""
    size = Decimal(step)
    return (value / size).to_integral_value(ROUND_HALF_UP) * size + 0  # no minus zero


def _is_prime(number: int) -> bool:
    """Tell whether a whole number is a prime."""
    return number > 1 and all(number % d for d in range(2, int(number**0.5) + 1))


IDIOMS: Mapping[str, Callable[..., object]] = {
    function.__name__: function
    for function in (_parse_date, _floor_time, _round_time, _ceil_time, _round_half_up, _is_prime)
}


@cache
def source_of(name: str) -> str:
    """Return the text of an idiom."""
    return inspect.getsource(IDIOMS[name]).rstrip()
