"""What is said about an error of sandboxed code: its own frames, the message, a hint.

Frames of libraries and of the sandbox are left out, and paths of the host with them.
"""

from __future__ import annotations

import difflib
import sys
import traceback
from collections import OrderedDict
from collections.abc import Callable, Iterable
from types import TracebackType

from habilis.skills.sandbox.allowed import TABLE
from habilis.skills.sandbox.policy import NotAllowed
from habilis.skills.sandbox.printed import without_paths

_MAX_FRAMES = 10
_MAX_MESSAGE_CHARS = 2_000
_MAX_SOURCES = 200


class Sources:
    """Remembers the text that ran, by the file name it was compiled with."""

    def __init__(self) -> None:
        self._texts: OrderedDict[str, tuple[str, list[str]]] = OrderedDict()
        self._count = 0

    def keep(self, text: str, *, place: str) -> str:
        """Return the file name to compile with. `place` is said in front of line numbers."""
        self._count += 1
        filename = f"<sandbox {self._count}>"
        self._texts[filename] = (place, text.splitlines())
        while len(self._texts) > _MAX_SOURCES:
            self._texts.popitem(last=False)
        return filename

    def place(self, filename: str) -> str | None:
        """Return where the file came from, None for files of others."""
        return self._texts[filename][0] if filename in self._texts else None

    def line(self, filename: str, number: int) -> str:
        lines = self._texts.get(filename, ("", []))[1]
        return lines[number - 1].strip() if 0 < number <= len(lines) else ""


class Faults:
    """Describes errors. `known_names` gives the names that a misspelt one may mean."""

    def __init__(self, sources: Sources, known_names: Callable[[], Iterable[str]]) -> None:
        self._sources, self._known_names = sources, known_names
        self.current = ""  # the file name of the running action: not named in frames

    def describe(self, error: BaseException, *, last_line: str | None = None) -> str:
        """Return the code's own frames and a last line `Type: message`."""
        frames = self._frames(error.__traceback__)
        if isinstance(error, SyntaxError):
            frames += self._syntax_frame(error)
        if isinstance(error, NotAllowed):
            frames += [self._at(self.current, line, "") for line, _ in error.problems[:1]]
        if len(frames) > _MAX_FRAMES:
            half = _MAX_FRAMES // 2
            frames[half:-half] = [f"[... {len(frames) - 2 * half} frames left out ...]"]
        return "\n".join([*frames, last_line or self._last_line(error)])

    def trace(self, error: BaseException | None = None) -> str:
        """Describe the error, or the one being handled, as `traceback.format_exc` is asked to."""
        error = sys.exc_info()[1] if error is None else error
        return self.describe(error) if error is not None else "NoneType: None"

    def _frames(self, trace: TracebackType | None) -> list[str]:
        return [
            self._at(frame.f_code.co_filename, line, frame.f_code.co_name)
            for frame, line in traceback.walk_tb(trace)
            if self._sources.place(frame.f_code.co_filename) is not None
        ]

    def _at(self, filename: str, line: int, function: str) -> str:
        place = self._sources.place(filename)
        prefix = "" if filename == self.current or not place else f"{place}, "
        suffix = f", in {function}" if function not in ("", "<module>") else ""
        text = self._sources.line(filename, line)
        return f"{prefix}line {line}{suffix}" + (f"\n    {text}" if text else "")

    def _syntax_frame(self, error: SyntaxError) -> list[str]:
        if error.lineno is None or self._sources.place(error.filename or "") is None:
            return []
        return [self._at(error.filename or "", error.lineno, "")]

    def _last_line(self, error: BaseException) -> str:
        try:
            message = error.msg if isinstance(error, SyntaxError) else str(error)
        except Exception:
            message = "<the error's text cannot be made>"
        message = without_paths(message) + self._hint(error)
        if len(message) > _MAX_MESSAGE_CHARS:
            message = f"{message[:_MAX_MESSAGE_CHARS]} [...]"
        name = type(error).__name__
        return f"{name}: {message}" if message else name

    @staticmethod
    def type_of(error: BaseException, last_line: str | None) -> str:
        return last_line.partition(":")[0] if last_line else type(error).__name__

    def _hint(self, error: BaseException) -> str:
        if isinstance(error, NameError) and error.name in TABLE:
            return f"; `import {error.name}` is missing"
        if isinstance(error, NameError) and error.name:
            near = difflib.get_close_matches(error.name, list(self._known_names()), n=3, cutoff=0.6)
            return f". Did you mean: {', '.join(map(repr, near))}?" if near else ""
        if isinstance(error, SyntaxError) and error.lineno:
            line = self._sources.line(error.filename or "", error.lineno)
            if line.startswith(("!", "%")):
                return "; shell commands and notebook magics are not available"
        return ""
