"""What code prints: kept in order, cleaned, and cut in the middle when it is long."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_PATH = re.compile(r"(?<![\w/:.~-])(?:/[\w.+@~-]+){2,}/?")


def clean(text: str) -> str:
    """Return the text without terminal escapes and control characters but newline and tab."""
    return _CONTROLS.sub("", _ESCAPES.sub("", text))


def without_paths(text: str) -> str:
    """Return the text with every absolute path cut down to its last part."""
    return _PATH.sub(lambda match: match[0].rstrip("/").rsplit("/", 1)[-1], text)


def cut(text: str, limit: int) -> str:
    """Return at most about `limit` characters, the middle replaced by a note."""
    if len(text) <= limit:
        return text
    return _joined(text[: limit // 2], text[len(text) - (limit - limit // 2) :], len(text) - limit)


def _joined(head: str, tail: str, missing: int) -> str:
    return f"{head}\n[... {missing:,} characters cut ...]\n{tail}"


class Printed(io.TextIOBase):
    """Stands in for standard output and error. Memory stays within twice `limit`.

    `overflow` is called when more than ten times `limit` characters were written.
    """

    encoding = "utf-8"  # libraries ask before they print more than ASCII
    errors = "strict"

    def __init__(self, limit: int, overflow: Callable[[], None]) -> None:
        self._limit, self._overflow = limit, overflow
        self._head, self._tail, self._total = "", "", 0

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        most = 20 * self._limit  # a hundred million characters are not looked at one by one
        left_out = max(0, len(text) - most)
        cleaned = clean(text[: most // 2] + text[-(most // 2) :] if left_out else text)
        self._total += len(cleaned) + left_out
        room = self._limit // 2 - len(self._head)
        self._head += cleaned[:room] if room > 0 else ""
        rest = cleaned[max(room, 0) :]
        if rest:
            self._tail = (self._tail + rest)[-(self._limit - self._limit // 2) :]
        if self._total > 10 * self._limit:
            self._overflow()
        return len(text)

    def take(self) -> str:
        """Return what was written since the last call, and forget it."""
        head, tail, missing = self._head, self._tail, self._total - self._limit
        self._head, self._tail, self._total = "", "", 0
        return head + tail if missing <= 0 else _joined(head, tail, missing)
