"""Where something stands in a text of JSON, for errors that point at it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from habilis.errors import TaskFileError
from habilis.skills.compare import shorten

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_DECODER: Final = json.JSONDecoder()


@dataclass(frozen=True, kw_only=True)
class JsonText:
    """A text of JSON that begins at a line of a file."""

    text: str
    path: Path
    line: int

    def error(self, problem: str, *place: str | int) -> TaskFileError:
        """Return the error that an entry has a problem: `place` are the keys and places to it.

        Without one it is the whole text's, and no column is named.
        """
        return self.error_at(problem, self._entry(place) if place else None)

    def error_at(self, problem: str, at: int | None) -> TaskFileError:
        """Return the error that there is a problem at a character of the text, if that is known."""
        if at is None:
            return TaskFileError(problem, path=self.path, line=self.line)
        line = self.line + self.text.count("\n", 0, at)
        column = at - self.text.rfind("\n", 0, at)
        return TaskFileError(problem, path=self.path, line=line, column=column)

    def second(self, key: str) -> int | None:
        """Return where a key of the outermost object stands again, if that can be told.

        It need not be the outermost one's, and what comes after it has not been read.
        """
        found = list[int]()
        with suppress(ValueError, IndexError, RecursionError):
            found += (begin for name, begin, _ in _entries(self.text, 0) if name == key)
        return found[1] if len(found) > 1 else None

    def first(self, bare: str) -> int | None:
        """Return where something stands first that is in no text and no key."""
        strings = r'"(?:[^"\\]|\\.)*"'
        for match in re.finditer(f"{strings}|({re.escape(bare)})", self.text):
            if match[1]:
                return match.start()
        return None

    def _entry(self, place: tuple[str | int, ...]) -> int | None:
        begin: int | None = None
        value = 0
        for step in place:
            found = [(b, v) for name, b, v in _entries(self.text, value) if name == step]
            if not found:
                return None
            begin, value = found[-1]
        return begin


def written(value: object) -> str:
    """Return a value as JSON writes it, its middle cut where it is long."""
    return shorten(json.dumps(value, ensure_ascii=False), 60)


def _entries(text: str, at: int) -> Iterator[tuple[str | int, int, int]]:
    """Yield name, beginning and value's beginning of all in the object or list that is there.

    In an object an entry begins with its key. The text has to be JSON.
    """
    at, place = _after_space(text, at), 0
    if text[at] not in "[{":
        return
    keyed, at = text[at] == "{", _after_space(text, at + 1)
    while text[at] not in "]}":
        begin, name = at, place
        if keyed:
            name, at = _DECODER.raw_decode(text, at)
            at = _after_space(text, _after_space(text, at) + 1)  # the colon
        yield name, begin, at
        _, at = _DECODER.raw_decode(text, at)
        at, place = _after_space(text, at), place + 1
        if text[at] == ",":
            at = _after_space(text, at + 1)


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
