"""What the names of a source stand for: the imports behind them, and who holds them."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def imported(tree: ast.Module) -> dict[str, str]:
    """Return the full name behind each imported one."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.split(".")[0]
                found[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return found


def path_of(node: ast.expr, aliases: dict[str, str]) -> str:
    """Return the full name that an expression stands for, empty when it is no import's."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in aliases:
        return ""
    return ".".join([aliases[node.id], *parts[::-1]])


def last_of(node: ast.expr) -> str:
    """Return the last name of `a.b.c`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def stored(tree: ast.AST) -> Iterator[str]:
    """Yield the names that are assigned to anywhere in a part of a source."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def parameter_names(function: ast.FunctionDef) -> Iterator[str]:
    """Yield the parameters that have a name of their own in a call."""
    arguments = function.args
    for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        yield each.arg


def defaults_of(function: ast.FunctionDef) -> Iterator[tuple[str, ast.expr]]:
    """Yield the parameters that have a default, and it."""
    arguments = function.args
    places = [*arguments.posonlyargs, *arguments.args][::-1]
    for place, default in zip(places, arguments.defaults[::-1], strict=False):
        yield place.arg, default
    for place, each in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if each is not None:
            yield place.arg, each
