"""The marks models put around code: fences, tags, and lines that begin somebody's turn."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

CODE_TAGS: Final = frozenset(
    {"execute", "python", "py", "llm-code", "tool_code", "code", "tests"}
)  # MINT, OpenMath, Gemini, HTML, CodeLlama
SOLUTION_TAGS: Final = frozenset({"solution", "answer"})
THOUGHT_TAGS: Final = frozenset({"thought", "thoughts", "thinking", "think"})
OUTPUT_TAGS: Final = frozenset({"observation", "output", "result", "llm-code-output", "step"})
_TAGS: Final = CODE_TAGS | SOLUTION_TAGS | THOUGHT_TAGS | OUTPUT_TAGS

_MOST_MARKS = 200  # of one text; the rest is not looked at, so that none can hang the agent
_MARK: Final = re.compile(  # every part is bounded or stops at a line's end: linear
    r"(?P<inline>`{3,}[^\n`]+`{3,})"
    r"|(?P<fence>`{3,}|^[ \t]{0,40}~{3,})(?P<info>[ \t]*(?:[\w{.][^\n`<\"']*)?)(?=$|<)"
    r"|<(?P<end>/?)(?P<tag>[a-z][a-z_-]{1,20})(?:\s[^<>\n]{0,80})?>"
    r"|\[(?P<square_end>/?)(?P<square>python|code|tests)\]"
    r"|^[ \t>*_#]{0,8}(?P<turn>observations?|outputs?|expected output|actual output"
    r"|(?:execution|console|code|program) (?:output|results?)|results?|stdout"
    r"|human|user|assistant|out ?\[\d{1,6}\])[*_ \t]{0,4}:",
    re.IGNORECASE | re.MULTILINE,
)
_ANNOTATED: Final = re.compile(r"[ \t]*[\w\[\], .|]{1,80}=")
_TALK: Final = re.compile(r"(?:[^`]|\A)?`<")  # `<execute>` in backticks is talk about the tag


class MarkKind(Enum):
    """What a mark is. An `INLINE` fence opens and closes in one line."""

    FENCE = "fence"
    INLINE = "inline"
    OPEN = "open"
    CLOSE = "close"
    TURN = "turn"


@dataclass(frozen=True)
class Mark:
    """One mark. `name` is the tag's, or what a fence says it holds, in lower case."""

    kind: MarkKind
    name: str
    start: int
    end: int
    ticks: str = ""  # a fence's own characters


def find_marks(text: str) -> list[Mark]:
    """Return the marks of a text in order, the first two hundred."""
    marks: list[Mark] = []
    for match in _MARK.finditer(text):
        if len(marks) == _MOST_MARKS:
            break
        start, end = match.span()
        tag = (match["tag"] or match["square"] or "").lower()
        if match["fence"]:
            name = match["info"].strip().strip("{}.").lower()
            marks.append(Mark(MarkKind.FENCE, name, start, end, match["fence"].strip()))
        elif match["inline"]:
            marks.append(Mark(MarkKind.INLINE, "", start, end))
        elif match["turn"]:
            if match["turn"].islower() and _ANNOTATED.match(text, end):
                continue  # `result: float = 5.0` is a line of code
            marks.append(Mark(MarkKind.TURN, "", start, end))
        elif tag in _TAGS and not _TALK.match(text, max(start - 2, 0)):
            closing = match["end"] or match["square_end"]
            marks.append(Mark(MarkKind.CLOSE if closing else MarkKind.OPEN, tag, start, end))
    return marks


def find_closers(marks: list[Mark]) -> dict[int, int]:
    """Map the index of each opening tag to that of the first closing one of its name after it."""
    closers: dict[int, int] = {}
    nearest: dict[str, int] = {}
    for i in range(len(marks) - 1, -1, -1):
        if marks[i].kind is MarkKind.CLOSE:
            nearest[marks[i].name] = i
        elif marks[i].kind is MarkKind.OPEN and marks[i].name in nearest:
            closers[i] = nearest[marks[i].name]
    return closers


def fenced(text: str) -> str | None:
    """Return what the fence holds that a text starts with, None when it starts with none."""
    first = next(iter(find_marks(text[:200])), None)
    if first is None or first.kind is not MarkKind.FENCE or text[: first.start].strip():
        return None
    rest = text[first.end :]
    ends = (mark for mark in find_marks(rest) if mark.kind is MarkKind.FENCE and not mark.name)
    close = next(ends, None)
    return rest[: close.start] if close else rest
