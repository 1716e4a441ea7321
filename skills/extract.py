"""Cut one function, with all it needs, out of the actions that defined it."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_BUILTINS = frozenset(dir(builtins))


@dataclass(frozen=True, kw_only=True)
class _Definition:
    node: ast.stmt
    text: str
    position: int


def extract_function(actions: Sequence[str], name: str, *, skills: Iterable[str] = ()) -> str:
    """Return the source of a skill: imports, constants, private helpers, the function.

    Later definitions win, as they did when the actions ran. Helper functions become
    private. Names of `skills` that the code uses are imported from `skills`.

    Raises:
        ValueError: no action defines a function of this name.
    """
    definitions = _definitions(actions)
    if name not in definitions or not isinstance(definitions[name].node, ast.FunctionDef):
        raise ValueError(f"no function named {name!r} was defined")
    needed = _closure(name, definitions)
    used = {d.position: d for n, d in definitions.items() if n in needed}
    function = definitions[name]
    others = [used[place] for place in sorted(used) if place != function.position]
    imports = [_narrow(d.node, needed) for d in others if _is_import(d.node)]
    called = sorted((needed & set(skills)) - definitions.keys() - _BUILTINS)
    if called:
        imports.append(f"from skills import {', '.join(called)}")
    rest = [d for d in others if not _is_import(d.node)]
    private = {
        d.node.name: f"_{d.node.name}"
        for d in rest
        if isinstance(d.node, ast.FunctionDef) and not d.node.name.startswith("_")
    }
    body = [rename(d.text, private) for d in [*rest, function]]
    return "\n\n\n".join(part for part in ("\n".join(dict.fromkeys(imports)), *body) if part) + "\n"


def rename(source: str, names: Mapping[str, str]) -> str:
    """Return the source with names replaced where they are defined and read.

    Text and comments stay as they are. Attributes, keywords and strings are not touched.
    """
    lines = source.split("\n")
    edits = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and node.id in names:
            edits.append((node.lineno, node.col_offset, node.id))
        elif isinstance(node, ast.FunctionDef) and node.name in names:
            line = lines[node.lineno - 1].encode()
            start = re.compile(rb"\bdef\s+").search(line, node.col_offset)
            edits.append((node.lineno, start.end() if start else -1, node.name))
    for row, column, old in sorted(edits, reverse=True):
        line = lines[row - 1].encode()
        if column < 0 or line[column : column + len(old.encode())] != old.encode():
            # before Python 3.12 names inside f-strings have no true position
            return ast.unparse(_Rename(names).visit(ast.parse(source))) + "\n"
        tail = line[column + len(old.encode()) :]
        lines[row - 1] = (line[:column] + names[old].encode() + tail).decode()
    return "\n".join(lines)


def _definitions(actions: Sequence[str]) -> dict[str, _Definition]:
    found: dict[str, _Definition] = {}
    position = 0
    for action in actions:
        try:
            body = ast.parse(action).body
        except (SyntaxError, ValueError, RecursionError):
            continue  # it did not run either
        lines = action.split("\n")
        for node in body:
            position += 1
            first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
            text = "\n".join(lines[first - 1 : node.end_lineno]).strip()
            for bound in _bound_names(node):
                found[bound] = _Definition(node=node, text=text, position=position)
    return found


def _closure(name: str, definitions: Mapping[str, _Definition]) -> set[str]:
    needed: set[str] = set()
    pending = [name]
    while pending:
        wanted = pending.pop()
        if wanted not in needed:
            needed.add(wanted)
            if wanted in definitions:
                pending += _names_read(definitions[wanted].node)
    return needed


def _is_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def _bound_names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [_bound_by(alias) for alias in node.names]
    if isinstance(node, ast.Assign):
        return [n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []


def _bound_by(alias: ast.alias) -> str:
    return (alias.asname or alias.name).split(".")[0]


def _names_read(node: ast.stmt) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _narrow(node: ast.stmt, needed: set[str]) -> str:
    """Write an import with only the names that are used."""
    kept = ast.parse(ast.unparse(node)).body[0]
    if isinstance(kept, ast.Import | ast.ImportFrom):
        kept.names = [a for a in kept.names if a.name == "*" or _bound_by(a) in needed]
    return ast.unparse(kept)


class _Rename(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self._names.get(node.id, node.id)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.name = self._names.get(node.name, node.name)
        self.generic_visit(node)
        return node
