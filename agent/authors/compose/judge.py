"""Running a written program on examples: what is judged is the source, not the tree."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence

from habilis.agent.authors.compose.expressions import write
from habilis.agent.authors.compose.render import Program
from habilis.agent.authors.compose.table import namespace
from habilis.agent.authors.compose.terms import Term, Values
from habilis.agent.authors.compose.types import Row, freeze, text_of_value, thaw
from habilis.skills.compare import same

Function = Callable[..., object]


def compile_program(program: Program, skills: Mapping[str, Function]) -> Function:
    """Return the function of a program; `skills` stand in for the saved ones it imports.

    The source is made of our own tables and literals only, so it may run here.
    """
    tree = ast.parse(program.source)
    tree.body = [
        node
        for node in tree.body
        if not (isinstance(node, ast.ImportFrom) and node.module == "skills")
    ]
    names: dict[str, object] = dict(skills)
    exec(compile(tree, f"<{program.name}>", "exec"), names)  # noqa: S102
    function = names[program.name]
    assert callable(function)
    return function


def compile_term(term: Term, names: Sequence[str], skills: Mapping[str, Function]) -> Function:
    """Return a term as a function of `names`."""
    source = f"lambda {', '.join(names)}: {ast.unparse(write(term, {}))}"
    made: Function = eval(source, {**namespace(), **skills})  # noqa: S307 - our own tables
    return made


def first_miss(function: Function, rows: Sequence[Values], outputs: Values) -> int | None:
    """Return the position of the first example on which a function is wrong, None if right."""
    for position, (row, output) in enumerate(zip(rows, outputs, strict=True)):
        try:
            result = function(*map(thaw, row))
        except Exception:  # noqa: BLE001 - a program under test may raise anything
            return position
        if not same(result, thaw(output)):
            return position
    return None


def count_right(function: Function, rows: Sequence[Values], outputs: Values) -> int:
    """Return on how many examples a function is right."""
    pairs = zip(rows, outputs, strict=True)
    return sum(first_miss(function, [row], (output,)) is None for row, output in pairs)


def behaves_alike(left: Function, right: Function, rows: Sequence[Values]) -> bool:
    """Tell whether two functions give the same on rows nobody has given outputs for."""
    return all(outcome_text(run(left, row)) == outcome_text(run(right, row)) for row in rows)


def run(function: Function, row: Values) -> object:
    """Return what a function gives on a row; what it raises is returned."""
    try:
        return function(*map(thaw, row))
    except Exception as error:  # noqa: BLE001 - a program under test may raise anything
        return error


def outcome_text(result: object) -> str:
    """Return what tells results apart."""
    return type(result).__name__ if isinstance(result, Exception) else text_of_value(freeze(result))


def probes(rows: Sequence[Values]) -> list[Values]:
    """Return variations of given inputs: a value longer, a value shorter, one at a time."""
    made: list[Values] = []
    for row in rows[:3]:
        for place, value in enumerate(row):
            made += [(*row[:place], other, *row[place + 1 :]) for other in _variations(value)]
    return made


def _variations(value: object) -> list[object]:
    if isinstance(value, str):
        words = value.split()
        return [f"{value} {words[0] if words else 'x'}", " ".join(words[1:]), value.swapcase()]
    if isinstance(value, (bool, Row)):
        return []
    if isinstance(value, (int, float)):
        return [value + 1, value * 3, -value]
    if isinstance(value, tuple):
        return [value[::-1], value[1:], value + value[:1]]
    return []
