"""Rewrites what a person would not write, and gives source text: `not x == y`, `sum([...])`."""

from __future__ import annotations

import ast
import copy
import operator
import re
from collections.abc import Callable, Mapping

_OPPOSITES: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.In: ast.NotIn,
    ast.Gt: ast.LtE,
    ast.Lt: ast.GtE,
    ast.IsNot: ast.Is,
    ast.Is: ast.IsNot,
}
_MIRRORED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.Eq,
    ast.Gt: ast.Lt,
    ast.Lt: ast.Gt,
}
_FOLDS: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}
_TAKE_ANY = frozenset({"sum", "any", "all", "max", "min", "sorted", "join"})


def text_of(expression: ast.expr) -> str:
    """Return source text, tidied.

    Raises:
        ValueError: a backslash would stand inside an f-string's braces.
    """
    tidy = _Tidy().visit(copy.deepcopy(expression))
    return _without_double_parentheses(ast.unparse(ast.fix_missing_locations(tidy)))


class _Tidy(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        function = node.func.id if isinstance(node.func, ast.Name) else ""
        if isinstance(node.func, ast.Attribute):
            function = node.func.attr
            if isinstance(node.func.value, ast.Name) and node.func.value.id == "re":
                node.args[0] = _raw(node.args[0])
        first = node.args[0] if len(node.args) == 1 else None
        if isinstance(first, ast.ListComp) and function in _TAKE_ANY:
            node.args[0] = ast.GeneratorExp(first.elt, first.generators)
        return node

    def visit_ListComp(self, node: ast.ListComp) -> ast.expr:
        """Write `[f(x) for x in [x for x in xs if p(x)]]` as one comprehension."""
        self.generic_visit(node)
        outer = node.generators[0]
        inner = outer.iter
        if isinstance(inner, ast.ListComp) and len(inner.generators) == len(node.generators) == 1:
            source = inner.generators[0]
            names = {ast.unparse(part) for part in (outer.target, inner.elt, source.target)}
            if len(names) == 1:
                tests = [*source.ifs, *outer.ifs]
                node.generators = [ast.comprehension(outer.target, source.iter, tests, 0)]
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        left, right = node.left, node.right
        if isinstance(left, ast.Constant) and isinstance(right, ast.Constant):
            a, b, fold = left.value, right.value, _FOLDS.get(type(node.op))
            if isinstance(a, int) and isinstance(b, int) and fold is not None:
                return ast.Constant(fold(a, b))
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        """Write `len(xs) == 2` for `2 == len(xs)`."""
        self.generic_visit(node)
        mirrored = _MIRRORED.get(type(node.ops[0])) if len(node.ops) == 1 else None
        right = node.comparators[0]
        if mirrored and isinstance(node.left, ast.Constant) and not isinstance(right, ast.Constant):
            return ast.Compare(right, [mirrored()], [node.left])
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        inner = node.operand
        if isinstance(node.op, ast.Not) and isinstance(inner, ast.Compare):
            opposite = _OPPOSITES.get(type(inner.ops[0]))
            if opposite is not None and len(inner.ops) == 1:
                return ast.Compare(inner.left, [opposite()], inner.comparators)
        return node


def _raw(expression: ast.expr) -> ast.expr:
    """Return a regular expression as a raw string."""
    value = expression.value if isinstance(expression, ast.Constant) else None
    if not isinstance(value, str) or "\\" not in value:
        return expression
    quote = '"' if "'" in value else "'"
    return expression if quote in value else ast.Name(f"r{quote}{value}{quote}")


def _without_double_parentheses(text: str) -> str:
    """Write `sum(x for ...)` where Python 3.11's unparse writes `sum((x for ...))`."""
    for found in re.finditer(r"\w\(\(", text):
        start = found.end() - 1
        for closing in re.finditer(r"\)(?=\))", text[start:]):
            piece = text[start : start + closing.end()]
            if _is_generator(piece):
                whole = text[:start] + piece[1:-1] + text[start + closing.end() :]
                return _without_double_parentheses(whole)
    return text


def _is_generator(text: str) -> bool:
    try:
        return isinstance(ast.parse(text, mode="eval").body, ast.GeneratorExp)
    except SyntaxError:
        return False
