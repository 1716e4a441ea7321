"""Components over dates and times: many ways in, many ways out, steps between."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

from habilis.agent.authors.compose.table import read_table
from habilis.agent.authors.compose.terms import Component, Constant, listed
from habilis.agent.authors.compose.types import Type

_DATES = """
1<7 text: str, style: parse_style -> date = datetime.strptime(text, style)
4<5 text: str -> date = _parse_date(text)
5<5 text: str -> date = _parse_date(text, day_first=True)
1 when: date, style: print_style -> str = when.strftime(style)
3 when: date -> str = str(when.day)
3 when: date -> str = str(when.month)
3 when: date -> str = str(when.hour)
3 when: date -> str = str(when.minute)
3 when: date -> str = str(when.hour % 12 or 12)
3 when: date -> str = f'{when.hour}:{when:%M}'
4 when: date -> str = f'{when.hour % 12 or 12}:{when:%M %p}'
4 when: date -> str = f'{when.hour % 12 or 12}:{when:%M%p}'
4 when: date -> str = f'{when.hour % 12 or 12}{when:%p}'
4 when: date -> str = f'{when.month}/{when.day}/{when.year}'
4 when: date -> str = f'{when.day}/{when.month}/{when.year}'
4 when: date -> str = f'{when:%B} {when.day}, {when.year}'
3 when: date -> str = when.strftime('%p').lower()
3 when: date -> str = str((when.month + 2) // 3)
4 when: date -> str = f'{when.isocalendar()[1]:02d}'
4 when: date -> str = str(when.isocalendar()[1])
4 when: date -> str = str((when.day + 6) // 7)
4 when: date -> str = str(when.year // 10 * 10)
1<8 when: date, minutes: minutes -> date = _floor_time(when, minutes)
2<5 when: date, minutes: minutes -> date = _round_time(when, minutes)
2<5 when: date, minutes: minutes -> date = _ceil_time(when, minutes)
1<12 when: date, minutes: minutes -> date = when + timedelta(minutes=minutes)
1<12 when: date, minutes: minutes -> date = when - timedelta(minutes=minutes)
3<6 when: date, days: days -> date = when + timedelta(days=days)
3<6 when: date, days: days -> date = when - timedelta(days=days)
"""
_NUMBERS = """
1 when: date -> int = when.day
1 when: date -> int = when.month
1 when: date -> int = when.year
1 when: date -> int = when.hour
1 when: date -> int = when.minute
2 when: date -> int = when.weekday()
2 when: date, other: date -> int = (when - other).days
1 when: date, other: date -> bool = when > other
"""
_SHIFTS_BY_INPUT = """
1 when: date, days: int -> date = when + timedelta(days=days)   when abs(days) < 10**5
1 when: date, days: int -> date = when - timedelta(days=days)   when abs(days) < 10**5
"""
_DAYS = """%Y-%m-%d %m/%d/%Y %d/%m/%Y %d.%m.%Y %Y/%m/%d %m-%d-%Y %d-%m-%Y %m/%d/%y %d/%m/%y
%d_%b_%Y %d_%B_%Y %B_%d,_%Y %b_%d,_%Y %B_%d_%Y %b_%d_%Y %d-%b-%Y %d-%b-%y %A,_%B_%d,_%Y
%a_%b_%d_%Y %a,_%d_%b_%Y %Y%m%d %d%m%Y %m%d%Y %Y.%m.%d %B_%Y %b_%Y %b-%y %m/%Y %Y-%m %d%b%Y
%m/%d %d_%b %b_%d"""
_TIMES = "%H:%M:%S %H:%M %I:%M_%p %I:%M%p %I:%M:%S_%p %I%p %I_%p"
_PRINTED = {
    1: ("%B", "%A"),
    2: ("%Y-%m-%d", "%H:%M", "%Y", "%m", "%d", "%b", "%a", "%y", "%H", "%M", "%S", "%p"),
    3: ("%d/%m/%Y", "%m/%d/%Y", "%d %b %Y", "%I"),
    4: ("%j",),
}
_MINUTES = {
    1: (60,),
    2: (1, 15, 30, 120),
    3: (5, 10, 20, 180, 240, 360, 480, 720),
    4: (14, 29, 59, 9, 19, 119),  # to the end of a span
}
_CLOCK = re.compile(r"(?<![\d:])(\d{1,2}):(\d{2})(?::\d{2})?\s?([AaPp][Mm])?")
_HALF_DAY, _TWO = 720, 2
_SPANS = {2: (1, 7, 30), 3: (14,), 4: (60, 90, 365)}
_PIECES = {
    "%d": r"\d{1,2}",
    "%m": r"\d{1,2}",
    "%Y": r"\d{4}",
    "%y": r"\d{2}",
    "%b": r"[A-Z][a-z]{2}",
    "%B": r"[A-Z][a-z]{2,8}",
    "%A": r"[A-Z][a-z]{5,8}",
    "%a": r"[A-Z][a-z]{2}",
    "%H": r"\d{1,2}",
    "%I": r"\d{1,2}",
    "%M": r"\d{2}",
    "%S": r"\d{2}",
    "%p": r"[AaPp][Mm]",
}


def _styles() -> list[str]:
    days = [style.replace("_", " ") for style in _DAYS.split()]
    times = [style.replace("_", " ") for style in _TIMES.split()]
    both = [f"{day} {time}" for day in days[:20] for time in times]
    return [*days, *times, *both, *(f"%Y-%m-%dT{time}" for time in times[:2])]


def _looks_like(style: str) -> re.Pattern[str]:
    pieces = re.split(r"(%[a-zA-Z])", style)
    body = "".join(_PIECES.get(piece, re.escape(piece)) for piece in pieces)
    return re.compile(rf"(?<![\d:/]){body}(?![\d:/])")


_LOOKS = {style: _looks_like(style) for style in _styles()}


def components(types: Sequence[Type]) -> list[Component]:
    """Return date components; those that give or take numbers only where numbers are in play."""
    found = [*read_table(_DATES)]
    if types[-1] in {"int", "bool"}:
        found += read_table(_NUMBERS)
    if "int" in types[:-1]:
        found += read_table(_SHIFTS_BY_INPUT)
    return found


def constants(inputs: Iterable[str], outputs: Sequence[str], *, rows: int) -> list[Constant]:
    """Return the ways in which some input writes a date, and ways to print one; or nothing.

    A way that fits a whole input is likelier than one that fits inside it.
    """
    inputs = [text[:200] for text in inputs if re.search(r"\d", text)]
    whole = [s for s, look in _LOOKS.items() if any(look.fullmatch(t.strip()) for t in inputs)]
    part = [
        style
        for style, look in _LOOKS.items()
        if style not in whole and re.search(r"%[bB]|[/:-]", style)
        if any(look.search(text) for text in inputs)
    ]
    if not whole and not part:
        return []
    return [
        *listed({1: whole[:14], 3: part[: 14 - len(whole)]}, "parse_style", rows=rows),
        *listed(_PRINTED, "print_style", rows=rows),
        *listed(_minutes(outputs), "minutes", rows=rows),
        *listed(_SPANS, "days", rows=rows),
    ]


def _minutes(outputs: Sequence[str]) -> dict[int, list[int]]:
    """Return numbers of minutes by cost: first those that the outputs' own times show.

    That is what all their times are multiples of, and how far two in one output are apart.
    """
    times = [[_of_day(*found) for found in _CLOCK.findall(text)] for text in outputs]
    shown: set[int] = set()
    if times and all(times):
        shown = {math.gcd(*(row[0] for row in times))}
        apart = {(row[1] - row[0]) % _HALF_DAY for row in times if len(row) == _TWO}
        shown |= apart if len(apart) == 1 else set()
    shown = {minutes for minutes in shown if 1 < minutes < _HALF_DAY}
    known = {cost: [m for m in some if m not in shown] for cost, some in _MINUTES.items()}
    return {**known, 1: [*sorted(shown), *known[1]]}


def _of_day(hour: str, minute: str, half: str) -> int:
    later = _HALF_DAY if half.lower() == "pm" else 0
    return (int(hour) % 12 if half else int(hour)) * 60 + int(minute) + later
