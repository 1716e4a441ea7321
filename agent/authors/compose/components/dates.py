"""Components over dates: many ways in, many ways out, days between."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from habilis.agent.authors.compose.table import read_table
from habilis.agent.authors.compose.terms import Component, Constant, listed
from habilis.agent.authors.compose.types import Type

_DATES = """
2 text: str, style: parse_style -> date = datetime.strptime(text, style)
1 when: date, style: print_style -> str = when.strftime(style)
2 when: date -> str = str(when.day)
2 when: date -> str = str(when.month)
2 when: date -> str = str(when.hour)
3 when: date -> str = str(when.hour % 12 or 12)
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
_SHIFTS = """
2 when: date, days: days -> date = when + timedelta(days=days)
2 when: date, days: days -> date = when - timedelta(days=days)
"""
_SHIFTS_BY_INPUT = """
1 when: date, days: int -> date = when + timedelta(days=days)   when abs(days) < 10**5
1 when: date, days: int -> date = when - timedelta(days=days)   when abs(days) < 10**5
"""
_DAYS = """%Y-%m-%d %m/%d/%Y %d/%m/%Y %d.%m.%Y %Y/%m/%d %m-%d-%Y %d-%m-%Y %m/%d/%y %d/%m/%y
%d_%b_%Y %d_%B_%Y %B_%d,_%Y %b_%d,_%Y %B_%d_%Y %b_%d_%Y %d-%b-%Y %d-%b-%y %A,_%B_%d,_%Y
%a_%b_%d_%Y %Y%m%d %d%m%Y %m%d%Y %Y.%m.%d %B_%Y %b_%Y %b-%y %m/%Y %Y-%m"""
_TIMES = "%H:%M:%S %H:%M %I:%M_%p %I:%M%p %I:%M:%S_%p"
_PRINTED = {
    1: ("%B", "%A"),
    2: ("%Y-%m-%d", "%H:%M", "%Y", "%m", "%d", "%b", "%a", "%y", "%H", "%M", "%S", "%p"),
    3: ("%d/%m/%Y", "%m/%d/%Y", "%d %b %Y", "%I"),
    4: ("%j",),
}
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
    both = [f"{day} {time}" for day in days[:12] for time in times[:3]]
    return [*days, *times, *both, *(f"%Y-%m-%dT{time}" for time in times[:2])]


def _looks_like(style: str) -> re.Pattern[str]:
    pieces = re.split(r"(%[a-zA-Z])", style)
    body = "".join(_PIECES.get(piece, re.escape(piece)) for piece in pieces)
    return re.compile(rf"(?<![\d:/]){body}(?![\d:/])")


def components(types: Sequence[Type]) -> list[Component]:
    """Return date components; those that give or take numbers only where numbers are in play."""
    found = [*read_table(_DATES), *read_table(_SHIFTS)]
    if types[-1] in {"int", "bool"}:
        found += read_table(_NUMBERS)
    if "int" in types[:-1]:
        found += read_table(_SHIFTS_BY_INPUT)
    return found


def constants(inputs: Iterable[str], *, rows: int) -> list[Constant]:
    """Return the ways in which some input writes a date, and ways to print one; or nothing."""
    inputs = [text[:200] for text in inputs if re.search(r"\d", text)]
    found = [style for style in _styles() if any(_looks_like(style).search(t) for t in inputs)]
    if not found:
        return []
    return [
        *listed({2: found[:16]}, "parse_style", rows=rows),
        *listed(_PRINTED, "print_style", rows=rows),
        *listed(_SPANS, "days", rows=rows),
    ]
