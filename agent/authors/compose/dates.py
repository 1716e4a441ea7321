"""Reading dates in the search: as `datetime` does, without what makes that slow.

`strptime` keeps the patterns of five styles; with more, each call compiles one anew
(0.1 ms). A loose pattern of our own says beforehand what cannot match, and what was read
once is remembered.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import cache
from types import FunctionType

from habilis.agent.authors.compose.idioms import IDIOMS

_LOOSE = dict.fromkeys(("%b", "%B", "%a", "%A"), r"[^\W\d_]+")
_LOOSE |= {f"%{letter}": r" ?\d{1,4}" for letter in "dmyYHIMS"}


class Dates:
    """Stands for `datetime` in the search: remembers what it parsed and what it could not."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, object], datetime | None] = {}

    def strptime(self, text: str, style: str) -> datetime:
        return self._once(text, style, strptime)

    def parse(self, text: str, day_first: bool = False) -> datetime:
        """Do what the idiom `_parse_date` does."""
        return self._once(text, day_first, _parse_quickly)

    def _once(self, text: str, how: object, read: Callable[..., object]) -> datetime:
        key = (text, how)
        if key not in self._seen:
            if len(self._seen) > 20_000:
                self._seen.clear()
            self._seen[key] = self._read(text, how, read)
        when = self._seen[key]
        if when is None:
            raise ValueError(text)
        return when

    @staticmethod
    def _read(text: str, how: object, read: Callable[..., object]) -> datetime | None:
        if not 3 <= len(text) <= 40 or text[-1].isspace() or not any(map(str.isdigit, text)):
            return None
        try:
            when = read(text, how)
        except ValueError:
            return None
        return when if isinstance(when, datetime) else None


def strptime(text: str, style: str) -> datetime:
    """Return what `datetime.strptime` returns.

    Raises:
        ValueError: where that does.
    """
    if not _loose(style).fullmatch(text):
        raise ValueError(text)
    return datetime.strptime(text, style)


@cache
def _loose(style: str) -> re.Pattern[str]:
    """Return a pattern that matches all that a style does, and more."""
    pieces = re.split(r"(%.|\s+)", style)
    parts = [_LOOSE.get(p, ".*") if p[:1] == "%" else _literal(p) for p in pieces]
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)


def _literal(piece: str) -> str:
    return r"\s+" if piece.isspace() else re.escape(piece)


class _Quick:
    """Stands for `datetime` in an idiom."""

    strptime = staticmethod(strptime)


def _quickened(idiom: Callable[..., object]) -> Callable[..., object]:
    """Return an idiom, whose code stays as it is written, with our `strptime`."""
    assert isinstance(idiom, FunctionType)
    names = {**idiom.__globals__, "datetime": _Quick}
    return FunctionType(idiom.__code__, names, argdefs=idiom.__defaults__)


_parse_quickly = _quickened(IDIOMS["_parse_date"])
