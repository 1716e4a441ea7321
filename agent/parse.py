"""What a model wrote -> what to do. Tolerant about form, strict about what is invented.

Models fence code, tag it, forget the end, set it in, and go on writing what they
believe it would print. Only what stands before such an invented observation counts.
The forms are those that 50 models used in MINT (Wang et al., 2023).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from habilis.agent import salvage
from habilis.agent.marks import (
    CODE_TAGS,
    OUTPUT_TAGS,
    SOLUTION_TAGS,
    Mark,
    MarkKind,
    fenced,
    find_closers,
    find_marks,
)

_LONGEST_CHARS = 200_000  # of a reply; the rest is not read, so that none can hang the agent
_INNER_FENCES = 4  # marks of them, inside one docstring
_PYTHON: Final = {"python", "py", "python3", "py3", "ipython", "ipython3", "pycon"}
_PRINTED: Final = {"output", "text", "txt", "plaintext", "console", "stdout", "out"}
_BEGINS_CODE: Final = re.compile(
    r"^[ \t]{0,20}(?:def|class|import|from|for|while|print)\b", re.MULTILINE
)


@dataclass(frozen=True, kw_only=True)
class ParsedReply:
    """What a reply asks for.

    `code` are the blocks to run, in order; they are normally joined into one action.
    `answer` is the text of an explicit solution tag, `solution` the Python in one.
    `fault` is empty, or one sentence for a correction when there is nothing to act on.
    """

    code: tuple[str, ...] = ()
    answer: str | None = None
    solution: str | None = None
    fault: str = ""


def parse_reply(text: str) -> ParsedReply:
    """Return what to do; a reply that holds nothing to do has a `fault`, never an exception.

    Well-formed tags give exactly what is inside them. Code that does not compile is
    mended where a common slip explains it, else cut to its longest run that compiles.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")[:_LONGEST_CHARS]
    if not text.strip():
        return ParsedReply(fault="Your reply is empty: write the Python to run.")
    reader = _Reader(text)
    reader.read()
    if not reader.found:
        again = _Reader(text, skip_thoughts=False)  # some put everything into their thoughts
        again.read()
        reader = again if again.found else reader
    if not reader.found:
        reader.read_bare()
    return ParsedReply(
        code=tuple(reader.code),
        answer=reader.answer,
        solution=reader.solution,
        fault="" if reader.found else reader.fault(),
    )


class _Reader:
    """Walks over the marks once, taking blocks until something invented comes."""

    def __init__(self, text: str, *, skip_thoughts: bool = True, depth: int = 0) -> None:
        self.text, self.marks, self.depth = text, find_marks(text), depth
        self.skip_thoughts = skip_thoughts
        self.closers = find_closers(self.marks)
        self.at = 0
        self.invented = False
        self.code: list[str] = []
        self.answer: str | None = None
        self.solution: str | None = None
        self.problem = ""
        self.refused = ""
        self.prose: list[str] = []

    @property
    def found(self) -> bool:
        return bool(self.code) or self.answer is not None or self.solution is not None

    def read(self) -> None:
        """Take every block up to the first observation the author invented."""
        position = 0
        while self.at < len(self.marks) and not self.invented:
            mark = self.marks[self.at]
            self.prose.append(self.text[position : mark.start])
            self.at += 1
            position = max(position, self._take(mark))
        if not self.invented:
            self.prose.append(self.text[position:])

    def read_bare(self) -> None:
        """Take code that stands in the text without any fence or tag."""
        whole = salvage.mend("\n".join(self.prose))
        if whole and salvage.acts(whole) and not salvage.is_expression(whole):
            self.code = [whole]
            return
        for part in self.prose:  # a mark stood between two parts: what follows may be invented
            self.code = [run for run in salvage.runs(part) if salvage.is_program(run)]
            if self.code:
                return

    def fault(self) -> str:
        if self.problem:
            return f"Your code does not parse ({self.problem}): write it again in full."
        if self.refused:
            return f"Your block is marked {self.refused!r}, and only Python is run: write Python."
        return "Your reply holds no Python to run: write the next piece of code."

    # one mark ----------------------------------------------------------------

    def _take(self, mark: Mark) -> int:
        """Act on one mark; return the position in the text that is dealt with."""
        if mark.kind is MarkKind.TURN or (mark.kind is MarkKind.OPEN and mark.name in OUTPUT_TAGS):
            self.invented = self.found or bool(self.problem)
        elif mark.kind is MarkKind.INLINE:
            self._take_block(self.text[mark.start : mark.end].strip("`"), trusted=False)
        elif mark.kind is MarkKind.FENCE:
            return self._take_fence(mark)
        elif mark.kind is MarkKind.OPEN and mark.name in CODE_TAGS:
            return self._take_tag(mark)
        elif mark.kind is MarkKind.OPEN and mark.name in SOLUTION_TAGS:
            return self._take_solution(mark)
        elif mark.kind is MarkKind.OPEN and self.skip_thoughts:
            closer = self.closers.get(self.at - 1)
            if closer is not None:
                self.at = closer + 1
                return self.marks[closer].end
        return mark.end

    def _take_tag(self, mark: Mark) -> int:
        trusted = mark.name != "code"  # <code>x</code> is also how HTML sets a word
        closer = self.closers.get(self.at - 1)
        if closer is not None:
            inner = self.text[mark.end : self.marks[closer].start]
            if self._take_inside(inner, trusted=trusted, marks=closer - self.at):
                self.at = closer + 1
                return self.marks[closer].end
        end = self._next_start()
        piece = self.text[mark.end : end]
        if piece.strip():
            rest = self.text[mark.end :]  # a string in it may look like a mark
            whole = closer is None and not salvage.mend(piece) and bool(salvage.mend(rest))
            self._take_block(rest if whole else piece, trusted=trusted, cut=True)
            if whole:
                self.at = len(self.marks)
                return len(self.text)
        return end

    def _take_inside(self, inner: str, *, trusted: bool, marks: int) -> bool:
        """Take a closed tag's contents: the code itself, or fences around it."""
        if salvage.mend(inner):
            self._take_block(inner, trusted=trusted)
            return True
        if marks <= 0:
            self._take_block(inner, trusted=trusted)
            return True
        if self.depth >= 2:
            return False
        nested = _Reader(inner, depth=self.depth + 1)
        nested.read()
        self.code += nested.code
        return bool(nested.code)

    def _take_solution(self, mark: Mark) -> int:
        closer = self.closers.get(self.at - 1)
        end = self.marks[closer].start if closer is not None else self._next_start()
        inner = self.text[mark.end : end]
        within = fenced(inner if closer is not None else self.text[mark.end :])
        if within is not None:
            inner = within
        code = salvage.mend(inner)
        if code and (salvage.is_program(code) or _several(code)):
            self.solution = self.solution or code
        elif _BEGINS_CODE.search(inner):
            self._take_broken_solution(inner, cut=closer is None)
        elif inner.strip() and (closer is not None or not self.found):
            answer = inner.strip() if closer is not None else inner.strip().split("\n")[0]
            self.answer = self.answer or answer
        if closer is not None:
            self.at = closer + 1
            return self.marks[closer].end
        if within is not None:
            self.at = len(self.marks)
            return len(self.text)
        return end

    def _take_broken_solution(self, inner: str, *, cut: bool) -> None:
        """Take the code out of a solution; if it was cut it is only run, it is no answer yet."""
        run = "" if self.found else salvage.sensible_run(inner, cut=cut)
        if run and cut:
            self.code.append(run)
        elif run:
            self.solution = run
        else:
            self.problem = self.problem or salvage.syntax_problem(inner)

    def _take_fence(self, mark: Mark) -> int:
        language = mark.name.split(" ")[0].split(",")[0]
        end, after = self._fence_end(mark)
        content = self.text[mark.end : end]
        cut = end == len(self.text)
        if language in _PYTHON:
            for _ in range(_INNER_FENCES):
                odd = content.count('"""') % 2 or content.count("'''") % 2
                if not odd or after >= len(self.marks) or salvage.mend(content):
                    break
                self.at = after  # the fence's end was a fence inside a docstring
                end, after = self._fence_end(mark)
                content = self.text[mark.end : end]
            self._take_block(content, trusted=True, cut=cut)
        elif not language:
            self._take_block(content, trusted=False, cut=cut)
        elif self.code and language in _PRINTED:
            self.invented = True
        else:
            self.refused = language
        self.at = after
        return max(end, self.marks[after - 1].end)

    def _fence_end(self, opening: Mark) -> tuple[int, int]:
        """Return where a fence's content ends and the next mark to look at."""
        soft: tuple[int, int] | None = None
        for i in range(self.at, len(self.marks)):
            mark = self.marks[i]
            if mark.kind is MarkKind.FENCE and mark.ticks.startswith(opening.ticks):
                if soft is None or not (
                    mark.name or salvage.mend(self.text[opening.end : soft[0]])
                ):
                    return mark.start, i if mark.name else i + 1
                return soft
            if mark.kind in {MarkKind.OPEN, MarkKind.CLOSE}:
                soft = soft or (mark.start, i)
        speaker = next(
            (i for i in range(self.at, len(self.marks)) if self.marks[i].kind is MarkKind.TURN),
            None,
        )
        if speaker is not None and (soft is None or speaker < soft[1]):
            return self.marks[speaker].start, speaker
        return soft or (len(self.text), len(self.marks))

    # one block ---------------------------------------------------------------

    def _take_block(self, content: str, *, trusted: bool, cut: bool = False) -> None:
        code = salvage.mend(content)
        if code and self.found and not trusted and salvage.is_expression(code):
            self.invented = True  # a block of values after code is its output
        elif code:
            if trusted or salvage.acts(code):
                self.code.append(code)
        else:
            run = salvage.sensible_run(content, cut=cut)
            if run:
                self.code.append(run)
            elif trusted and _has_statements(content):
                self.problem = self.problem or salvage.syntax_problem(content)

    def _next_start(self) -> int:
        return self.marks[self.at].start if self.at < len(self.marks) else len(self.text)


def _several(code: str) -> bool:
    """Tell whether a solution is code although none of its statements is a sure sign."""
    tree = salvage.read_python(code)
    return tree is not None and len(tree.body) > 1 and salvage.acts(code)


def _has_statements(text: str) -> bool:
    """Tell whether a text is more than empty lines and comments."""
    return any(line.strip()[:1] not in ("", "#") for line in text.split("\n"))
