"""Functions that were proposed before and refused: they, and what behaves like them, are out."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from habilis.agent.authors.compose.judge import Function, behaves_alike
from habilis.agent.authors.compose.terms import Values


class Refused:
    """`rows` are inputs on which functions are compared."""

    def __init__(self, sources: Sequence[str], *, rows: Sequence[Values]) -> None:
        self._bodies = {body for source in sources if (body := body_of(source))}
        self._rows = rows
        self._functions: list[Function] = []

    def __bool__(self) -> bool:
        return bool(self._bodies)

    def holds(self, body: str, function: Function) -> bool:
        """Tell whether a function is one of these, by its body or by what it does."""
        if body in self._bodies:
            self._functions.append(function)
            return True
        return any(behaves_alike(function, other, self._rows) for other in self._functions)


def body_of(source: str) -> str:
    """Return what tells functions apart: the body without docstring, or the imported skill."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return ""
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    if functions:
        body = functions[-1].body
        return "\n".join(ast.unparse(node) for node in body if not _is_text(node))
    imported = [node.names[0].name for node in tree.body if isinstance(node, ast.ImportFrom)]
    return imported[-1] if imported else ""


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
