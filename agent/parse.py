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

_LONGEST_CHARS = 200_000  # of a reply; the rest is not read, so that none can hang the agent
_INNER_FENCES = 4  # marks of them, inside one docstring
_MOST_MARKS = 200  # fences and tags of a reply that are looked at

_CODE_TAGS: Final = {"execute", "python", "py", "llm-code", "tool_code", "code", "tests"}
_SOLUTION_TAGS: Final = {"solution", "answer"}
_THOUGHT_TAGS: Final = {"thought", "thoughts", "thinking", "think"}
_OUTPUT_TAGS: Final = {"observation", "output", "result", "llm-code-output", "step"}
_TAGS: Final = _CODE_TAGS | _SOLUTION_TAGS | _THOUGHT_TAGS | _OUTPUT_TAGS
_PYTHON: Final = {"python", "py", "python3", "py3", "ipython", "ipython3", "pycon"}
_PRINTED: Final = {"output", "text", "txt", "plaintext", "console", "stdout", "out"}

_TOKEN: Final = re.compile(
    r"(?P<inline>`{3,}[^\n`]+`{3,})"
    r"|(?P<fence>`{3,}|^[ \t]{0,40}~{3,})(?P<info>[^\n`]*)$"
    r"|<(?P<end>/?)(?P<tag>[a-z][a-z_-]{1,20})(?:\s[^<>\n]{0,80})?>"
    r"|\[(?P<square_end>/?)(?P<square>python|code|tests)\]"
    r"|^[ \t>*_#]{0,8}(?P<speaker>observations?|outputs?|expected output|actual output"
    r"|(?:execution|console|code|program) (?:output|results?)|results?|stdout"
    r"|human|user|assistant|out ?\[\d{1,6}\])[*_ \t]{0,4}:",
    re.IGNORECASE | re.MULTILINE,
)
_BEGINS_CODE: Final = re.compile(
    r"^[ \t]{0,20}(?:def|class|import|from|for|while|print)\b", re.MULTILINE
)
_ANNOTATED: Final = re.compile(r"[ \t]*[\w\[\], .|]{1,80}=")


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


@dataclass(frozen=True)
class _Token:
    """A mark in the text: a fence, a tag, or a line that begins somebody's turn."""

    kind: str  # "fence", "inline", "open", "close", "speaker"
    name: str  # the fence's information or the tag's name, in lower case
    start: int
    end: int
    marks: str = ""  # a fence's own characters


def _tokens(text: str) -> list[_Token]:
    found = []
    for match in _TOKEN.finditer(text):
        if len(found) >= _MOST_MARKS:
            break
        start, end = match.span()
        tag = (match["tag"] or match["square"] or "").lower()
        if match["fence"]:
            info, marks = match["info"].strip().strip("{}.").lower(), match["fence"].strip()
            found.append(_Token("fence", info, start, end, marks))
        elif match["inline"]:
            found.append(_Token("inline", "", start, end))
        elif match["speaker"]:
            if match["speaker"].islower() and _ANNOTATED.match(text, end):
                continue  # `result: float = 5.0` is a line of code
            found.append(_Token("speaker", "", start, end))
        elif tag in _TAGS and text[max(start - 1, 0) : start] != "`":  # else it is talk about tags
            closing = match["end"] or match["square_end"]
            found.append(_Token("close" if closing else "open", tag, start, end))
    return found


class _Reader:
    """Walks over the marks once, taking blocks until something invented comes."""

    def __init__(self, text: str, *, skip_thoughts: bool = True, depth: int = 0) -> None:
        self.text, self.tokens, self.depth = text, _tokens(text), depth
        self.skip_thoughts = skip_thoughts
        self.closers = self._find_closers()
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
        while self.at < len(self.tokens) and not self.invented:
            token = self.tokens[self.at]
            self.prose.append(self.text[position : token.start])
            self.at += 1
            position = max(position, self._take(token))
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

    def _take(self, token: _Token) -> int:
        """Act on one mark; return the position in the text that is dealt with."""
        if token.kind == "speaker" or (token.kind == "open" and token.name in _OUTPUT_TAGS):
            self.invented = self.found or bool(self.problem)
        elif token.kind == "inline":
            self._take_block(self.text[token.start : token.end].strip("`"), trusted=False)
        elif token.kind == "fence":
            return self._take_fence(token)
        elif token.kind == "open" and token.name in _CODE_TAGS:
            return self._take_tag(token)
        elif token.kind == "open" and token.name in _SOLUTION_TAGS:
            return self._take_solution(token)
        elif token.kind == "open" and self.skip_thoughts:
            closer = self.closers.get(self.at - 1)
            if closer is not None:
                self.at = closer + 1
                return self.tokens[closer].end
        return token.end

    def _take_tag(self, token: _Token) -> int:
        trusted = token.name != "code"  # <code>x</code> is also how HTML sets a word
        closer = self.closers.get(self.at - 1)
        if closer is not None:
            inner = self.text[token.end : self.tokens[closer].start]
            if self._take_inside(inner, trusted=trusted, tokens=closer - self.at):
                self.at = closer + 1
                return self.tokens[closer].end
        end = self._next_start()
        piece = self.text[token.end : end]
        if piece.strip():
            rest = self.text[token.end :]  # a string in it may look like a mark
            whole = closer is None and not salvage.mend(piece) and bool(salvage.mend(rest))
            self._take_block(rest if whole else piece, trusted=trusted, cut=True)
            if whole:
                self.at = len(self.tokens)
                return len(self.text)
        return end

    def _take_inside(self, inner: str, *, trusted: bool, tokens: int) -> bool:
        """Take a closed tag's contents: the code itself, or fences around it."""
        if salvage.mend(inner):
            self._take_block(inner, trusted=trusted)
            return True
        if tokens <= 0 or self.depth >= 2:
            return not tokens and (self._take_block(inner, trusted=trusted) or True)
        nested = _Reader(inner, depth=self.depth + 1)
        nested.read()
        self.code += nested.code
        return bool(nested.code)

    def _take_solution(self, token: _Token) -> int:
        closer = self.closers.get(self.at - 1)
        end = self.tokens[closer].start if closer is not None else self._next_start()
        inner = self.text[token.end : end]
        fenced = _fenced(inner if closer is not None else self.text[token.end :])
        if fenced is not None:
            inner = fenced
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
            return self.tokens[closer].end
        if fenced is not None:
            self.at = len(self.tokens)
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

    def _take_fence(self, token: _Token) -> int:
        language = token.name.split(" ")[0].split(",")[0]
        end, after = self._fence_end(token)
        content = self.text[token.end : end]
        cut = end == len(self.text)
        if language in _PYTHON:
            for _ in range(_INNER_FENCES):
                odd = content.count('"""') % 2 or content.count("'''") % 2
                if not odd or after >= len(self.tokens) or salvage.mend(content):
                    break
                self.at = after  # the fence's end was a fence inside a docstring
                end, after = self._fence_end(token)
                content = self.text[token.end : end]
            self._take_block(content, trusted=True, cut=cut)
        elif not language:
            self._take_block(content, trusted=False, cut=cut)
        elif self.code and language in _PRINTED:
            self.invented = True
        else:
            self.refused = language
        self.at = after
        return self.tokens[after - 1].end if end < len(self.text) and after else end

    def _fence_end(self, opening: _Token) -> tuple[int, int]:
        """Return where a fence's content ends and the next mark to look at."""
        soft: tuple[int, int] | None = None
        for i in range(self.at, len(self.tokens)):
            token = self.tokens[i]
            if token.kind == "fence" and token.marks.startswith(opening.marks):
                if soft is None or not (
                    token.name or salvage.mend(self.text[opening.end : soft[0]])
                ):
                    return token.start, i if token.name else i + 1
                return soft
            if token.kind in {"open", "close"}:
                soft = soft or (token.start, i)
        speaker = next(
            (i for i in range(self.at, len(self.tokens)) if self.tokens[i].kind == "speaker"), None
        )
        if speaker is not None and (soft is None or speaker < soft[1]):
            return self.tokens[speaker].start, speaker
        return soft or (len(self.text), len(self.tokens))

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
            elif trusted and salvage.has_statements(content):
                self.problem = self.problem or salvage.syntax_problem(content)

    def _next_start(self) -> int:
        return self.tokens[self.at].start if self.at < len(self.tokens) else len(self.text)

    def _find_closers(self) -> dict[int, int]:
        """Map each opening tag to the first closing one of its name after it."""
        closers: dict[int, int] = {}
        nearest: dict[str, int] = {}
        for i in range(len(self.tokens) - 1, -1, -1):
            token = self.tokens[i]
            if token.kind == "close":
                nearest[token.name] = i
            elif token.kind == "open" and token.name in nearest:
                closers[i] = nearest[token.name]
        return closers


def _fenced(text: str) -> str | None:
    """Return what the fence holds that a text starts with, None when it starts with none."""
    first = next(iter(_tokens(text[:200])), None)
    if first is None or first.kind != "fence" or text[: first.start].strip():
        return None
    rest = text[first.end :]
    close = next((t for t in _tokens(rest) if t.kind == "fence" and not t.name), None)
    return rest[: close.start] if close else rest


def _several(code: str) -> bool:
    """Tell whether a solution is code although none of its statements is a sure sign."""
    tree = salvage.read_python(code)
    return tree is not None and len(tree.body) > 1 and salvage.acts(code)
