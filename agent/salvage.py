"""Text that should be Python -> Python that compiles. Judged by `ast.parse`, never run."""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

_LONGEST_CHARS = 100_000  # of one block: what is longer is no action, and costs seconds to parse
_GROWTHS = 60  # further top-level lines a statement may need: a text in quotes at the margin
_EFFORT = 5  # times a text is parsed in vain, and then some, so that no reply can hang the agent
_EFFORT_CHARS = 50_000

_LANGUAGE_WORD: Final = re.compile(r"\A(?:python|py|python3|ipython)[ \t]*\n", re.IGNORECASE)
_INLINE_LANGUAGE: Final = re.compile(r"\A(?:python|py) +")  # ```python print(1)```
_PROMPT: Final = re.compile(r"[ \t]*(?:>>>|\.\.\.|In ?\[\d{1,6}\]:)(?: |$)")
_FIRST_PROMPT: Final = re.compile(r"^[ \t]*(?:>>> |In ?\[\d{1,6}\]: )", re.MULTILINE)
_MAGIC: Final = re.compile(r"[ \t]*[!%]{1,2}[a-z]")
_ESCAPED: Final = re.compile(r"\\([_*])")
_CODE_LINE: Final = re.compile(
    r"[ \t]"  # the body of a statement that broke off
    r"|(?:def|class|for|while|if|elif|else|with|try|except|async)\b[^\n]{0,400}:[ \t]*(?:#|$|\n)"
    r"|(?:import|from|return|assert|raise|print|global|del|@)\b"
    r"|[\w.\[\]'\", ]{1,80}[-+*/%]?=(?!=)"
    r"|[a-z_][\w.]{0,80}\("
)
_CONTINUES: Final = re.compile(r"[)\]}]|(?:else|elif|except|finally)\b")
_TYPOGRAPHY: Final = str.maketrans(
    {"‘": "'", "’": "'", "“": '"', "”": '"', "\u00a0": " ", "\u200b": None, "\ufeff": None}
)
_STATEMENTS: Final = (
    ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
    | ast.For | ast.AsyncFor | ast.While | ast.If | ast.With | ast.AsyncWith | ast.Try
    | ast.TryStar | ast.Match | ast.Assert | ast.Raise | ast.Delete
)  # fmt: skip
_SPEAKERS: Final = {"print", "final_answer"}  # calls that no formula in a text would make


def read_python(text: str) -> ast.Module | None:
    """Return the syntax tree, or None when the text does not compile or is empty."""
    return _parse(text)[0]


def syntax_problem(text: str) -> str:
    """Say where and why a text does not compile once common slips are mended; empty if it does."""
    return _parse(_repaired(text))[1]


def mend(text: str) -> str:
    """Return the text as Python that compiles in full, or "" when common slips do not explain it.

    Text that compiles is given back as it is, without the empty lines around it.
    """
    source = text.strip("\n").rstrip()
    for repair in _REPAIRS:
        source = repair(source)
        if read_python(source) is not None:
            return source
    return ""


def sensible_run(text: str, *, cut: bool) -> str:
    """Return the longest run of statements that compiles and acts, "" when none is sensible.

    It is sensible when all that is left out is prose, or, in a text that was `cut`, its
    broken end. Code with a broken statement in the middle is better mended by its author.
    """
    pieces = list(_pieces(_repaired(text)))
    dropped = [piece.text for piece in pieces[: -1 if cut else None] if not piece.good]
    if any(_CODE_LINE.match(piece) for piece in dropped):
        return ""
    return max((p.text for p in pieces if p.good and acts(p.text)), key=len, default="")


def runs(text: str) -> Iterator[str]:
    """Yield the unbroken runs of top-level statements of a text that also holds other lines."""
    yield from (piece.text for piece in _pieces(text) if piece.good)


def acts(source: str) -> bool:
    """Tell whether code does something: a name, a number or a bare word does not."""
    tree = read_python(source)
    return tree is not None and any(map(_acts, tree.body))


def is_program(source: str) -> bool:
    """Tell whether code outside any fence is meant to run, not a formula that compiles."""
    tree = read_python(source)
    body = tree.body if tree is not None else []
    return any(isinstance(node, _STATEMENTS) or _speaks(node) for node in body)


def is_expression(source: str) -> bool:
    """Tell whether code is nothing but values, as the output of a run would be."""
    tree = read_python(source)
    return tree is not None and all(
        (isinstance(node, ast.Expr) or _names_value(node)) and not _speaks(node)
        for node in tree.body
    )


def _parse(text: str) -> tuple[ast.Module | None, str]:
    if len(text) > _LONGEST_CHARS:
        return None, f"it is longer than {_LONGEST_CHARS:,} characters"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "\d" in a plain string is the author's business
            tree = ast.parse(text)
    except SyntaxError as error:
        return None, f"line {error.lineno or 1}: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return None, str(error) or "it is nested too deeply"
    return (tree, "") if tree.body else (None, "it is empty")


# repairs: each takes what the one before it gave ------------------------------


def _repaired(text: str) -> str:
    source = text.strip("\n").rstrip()
    for repair in _REPAIRS:
        source = repair(source)
    return source


def _dedent(source: str) -> str:
    """Undo uniform indentation, also when only the lines after the first have it."""
    even = textwrap.dedent(source)
    first, newline, rest = even.strip().partition("\n")
    if read_python(even) is None and newline and not first.rstrip().endswith((":", ",", "(")):
        return f"{first}\n{textwrap.dedent(rest)}"
    return even


def _plain_characters(source: str) -> str:
    return source.translate(_TYPOGRAPHY)


def _without_language_word(source: str) -> str:
    return _LANGUAGE_WORD.sub("", source)


def _without_inline_language(source: str) -> str:
    return _INLINE_LANGUAGE.sub("", source)


def _without_prompts(source: str) -> str:
    """Take the typed lines of a transcript, up to the first output: that one is invented."""
    first = _FIRST_PROMPT.search(source)
    if first is None:
        return source
    typed: list[str] = []
    for line in source[first.start() :].split("\n"):
        prompt = _PROMPT.match(line)
        if prompt is None and line.strip():
            break
        typed.append(line[prompt.end() :] if prompt else "")
    return "\n".join(typed).rstrip()


def _without_magics(source: str) -> str:
    return "\n".join(line for line in source.split("\n") if not _MAGIC.match(line))


def _without_escapes(source: str) -> str:
    r"""Undo Markdown's `snake\_case`."""
    return source if read_python(source) is not None else _ESCAPED.sub(r"\1", source)


_REPAIRS: Final[tuple[Callable[[str], str], ...]] = (
    _without_language_word,  # the only one that code which compiles may need
    _without_inline_language,
    _plain_characters,
    _without_escapes,
    _dedent,
    _without_prompts,
    _without_magics,
)


# statements -------------------------------------------------------------------


@dataclass(frozen=True)
class _Piece:
    """Lines that stand together: a run of statements, or what does not compile."""

    text: str
    good: bool


def _pieces(text: str) -> Iterator[_Piece]:
    """Split a text into runs of statements that compile and the lines between them.

    A statement that breaks off is split behind its last good line.
    """
    lines = text.split("\n")
    starts = [i for i, line in enumerate(lines) if _starts_statement(line)] + [len(lines)]
    patience = _Patience(text)
    run: list[str] = []
    at = 0
    while at < len(starts) - 1:
        end = _statement_end(lines, starts, at, patience)
        if end:
            run.append("\n".join(lines[starts[at] : starts[end]]))
            at = end
            continue
        broken = "\n".join(lines[starts[at] : starts[at + 1]])
        at += 1
        prefix = _good_prefix(broken, patience)
        yield from _good([*run, prefix])
        run = []
        broken = broken[len(prefix) :].strip("\n")
        prose, newline, below = broken.partition("\n")
        set_in = mend(below) if newline and not prefix and patience.spend(below) else ""
        yield _Piece(prose if set_in else broken or " ", good=False)
        yield from _good([set_in])
    yield from _good(run)


class _Patience:
    """How much more of one text may be parsed in vain."""

    def __init__(self, text: str) -> None:
        self.chars = _EFFORT_CHARS + _EFFORT * len(text)

    def spend(self, source: str) -> bool:
        self.chars -= len(source)
        return self.chars > 0


def _statement_end(lines: list[str], starts: list[int], at: int, patience: _Patience) -> int:
    """Return which start the statement at `starts[at]` ends before, 0 if it does not compile."""
    for end in range(at + 1, min(at + _GROWTHS, len(starts) - 1) + 1):
        statement = "\n".join(lines[starts[at] : starts[end]])
        tree, problem = _parse(statement)
        if tree is not None:
            return end
        if not patience.spend(statement) or not _wants_more(statement, problem):
            return 0
    return 0


def _starts_statement(line: str) -> bool:
    return bool(line) and not line[0].isspace() and not _CONTINUES.match(line)


def _wants_more(statement: str, problem: str) -> bool:
    """Tell whether further lines could complete a statement that does not compile yet."""
    return (
        "never closed" in problem
        or "triple-quoted" in problem
        or "expected an indented block" in problem
        or problem == "it is empty"  # a comment: it belongs to what follows
        or statement.startswith("@")
    )


def _good_prefix(statement: str, patience: _Patience) -> str:
    """Drop lines from the end until the rest compiles; "" when it never does."""
    lines = statement.split("\n")
    while lines and patience.spend(statement):
        tree, problem = _parse("\n".join(lines))
        if tree is not None:
            return "\n".join(lines)
        line = re.match(r"line (\d+)", problem)
        lines = lines[: min(int(line[1]) if line else 1, len(lines)) - 1]
    return ""


def _good(run: list[str]) -> Iterator[_Piece]:
    source = "\n".join(run).strip("\n").rstrip()
    if source:
        yield _Piece(source, good=True)


def _acts(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr):
        return any(isinstance(n, ast.Call | ast.Await | ast.NamedExpr) for n in ast.walk(node))
    if isinstance(node, ast.AnnAssign):
        return node.value is not None
    return isinstance(node, _STATEMENTS | ast.Assign | ast.AugAssign)


def _speaks(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
        return False
    called = node.value.func
    return isinstance(called, ast.Name) and called.id in _SPEAKERS


def _names_value(node: ast.stmt) -> bool:
    """`x = 5` and `Result: 5` are how a program prints its values."""
    value = getattr(node, "value", None)
    literal = value is None or isinstance(value, ast.Constant | ast.UnaryOp)
    return isinstance(node, ast.Assign | ast.AnnAssign) and literal
