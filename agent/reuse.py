"""Was the answer just what a saved skill returned? Then there is no new tool in it."""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence

_DRESSING = frozenset({"round", "float", "int", "str", "list"})


def answering_skill(actions: Sequence[str], skills: Collection[str]) -> str:
    """Return the saved skill whose result was given to `final_answer`, else an empty string.

    Rounding and conversion around it do not count; names are followed to where they
    were last assigned.
    """
    values: dict[str, ast.expr] = {}
    answer: ast.expr | None = None
    for action in actions:
        for node in ast.walk(_parse(action)):
            if isinstance(node, ast.Assign):
                values |= {t.id: node.value for t in node.targets if isinstance(t, ast.Name)}
            elif isinstance(node, ast.Call) and _name(node.func) == "final_answer":
                answer = node.args[0] if node.args else None
    for _ in range(20):  # names may refer to each other in a circle
        if isinstance(answer, ast.Name) and answer.id in values:
            answer = values[answer.id]
        elif isinstance(answer, ast.Call) and _name(answer.func) in _DRESSING and answer.args:
            answer = answer.args[0]
        else:
            break
    found = _name(answer.func) if isinstance(answer, ast.Call) else ""
    return found if found in skills else ""


def _parse(action: str) -> ast.Module:
    try:
        return ast.parse(action)
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module(body=[], type_ignores=[])


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else ""
