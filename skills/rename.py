"""Rename functions in source text without touching anything else of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping


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
