"""Terms as Python expressions. `ast.unparse` sets the parentheses and the quotes."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Mapping, Sequence

from habilis.agent.authors.compose.terms import (
    Apply,
    Choice,
    Comprehension,
    Concat,
    Constant,
    Rule,
    Term,
    Variable,
)
from habilis.agent.authors.compose.types import thaw

_MAX_FSTRING = 88


def write(term: Term, named: Mapping[int, str]) -> ast.expr:
    """Return the expression of a term; terms in `named` (by id) are written as their name."""
    if id(term) in named:
        return ast.Name(named[id(term)])
    if isinstance(term, Variable):
        return ast.Name(term.name)
    if isinstance(term, Constant):
        return _constant(term)
    if isinstance(term, Apply):
        return _apply(term, named)
    if isinstance(term, Concat):
        return _text(term, named) if term.type == "str" else _list(term, named)
    if isinstance(term, Choice):
        return ast.IfExp(*(write(child, named) for child in term.children()))
    if isinstance(term, Comprehension):
        return _comprehension(term, named)
    raise TypeError(f"no expression for {type(term).__name__}")


def text_of(expression: ast.expr) -> str:
    """Return source text, tidied.

    Raises:
        ValueError: a backslash would stand inside an f-string's braces.
    """
    tidy = _Tidy().visit(copy.deepcopy(expression))
    return _without_double_parentheses(ast.unparse(ast.fix_missing_locations(tidy)))


class _Tidy(ast.NodeTransformer):
    """Rewrites what a person would not write: `4 + 1`, `not x == y`, `sum([...])`."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        first = node.args[0] if node.args else None
        function = node.func.id if isinstance(node.func, ast.Name) else ""
        if isinstance(node.func, ast.Attribute):
            function = node.func.attr
            if isinstance(node.func.value, ast.Name) and node.func.value.id == "re":
                node.args[0] = _raw(node.args[0])
        if isinstance(first, ast.ListComp) and len(node.args) == 1 and function in _TAKE_ANY:
            node.args[0] = ast.GeneratorExp(first.elt, first.generators)
        return node

    def visit_ListComp(self, node: ast.ListComp) -> ast.expr:
        """Write `[f(x) for x in [x for x in xs if p(x)]]` as one comprehension."""
        self.generic_visit(node)
        outer = node.generators[0]
        inner = outer.iter
        if isinstance(inner, ast.ListComp) and len(inner.generators) == len(node.generators) == 1:
            names = {ast.unparse(part) for part in (outer.target, inner.elt)}
            if len(names | {ast.unparse(inner.generators[0].target)}) == 1:
                source = inner.generators[0]
                tests = [*source.ifs, *outer.ifs]
                node.generators = [ast.comprehension(outer.target, source.iter, tests, 0)]
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        left, right = node.left, node.right
        if isinstance(left, ast.Constant) and isinstance(right, ast.Constant):
            a, b = left.value, right.value
            if isinstance(a, int) and isinstance(b, int) and isinstance(node.op, ast.Add):
                return ast.Constant(a + b)
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        inner = node.operand
        if isinstance(node.op, ast.Not) and isinstance(inner, ast.Compare):
            opposite = _OPPOSITES.get(type(inner.ops[0]))
            if opposite is not None and len(inner.ops) == 1:
                return ast.Compare(inner.left, [opposite()], inner.comparators)
        return node


_TAKE_ANY = frozenset({"sum", "any", "all", "max", "min", "sorted", "join"})
_OPPOSITES: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.In: ast.NotIn,
    ast.Gt: ast.LtE,
    ast.Lt: ast.GtE,
    ast.IsNot: ast.Is,
    ast.Is: ast.IsNot,
}


def _raw(expression: ast.expr) -> ast.expr:
    """Return a regular expression as a raw string, as a person would write it."""
    value = expression.value if isinstance(expression, ast.Constant) else None
    if not isinstance(value, str) or "\\" not in value:
        return expression
    quote = '"' if "'" in value else "'"
    return expression if quote in value else ast.Name(f"r{quote}{value}{quote}")


def _without_double_parentheses(text: str) -> str:
    """Write `sum(x for ...)` where Python 3.11's unparse writes `sum((x for ...))`."""
    for found in re.finditer(r"\w\(\((?=[^()]|\()", text):
        inner = found.end() - 1
        for end in (m.start() for m in re.finditer(r"\)\)", text[inner:])):
            piece = text[inner : inner + end + 1]
            if _is_generator(piece):
                whole = text[:inner] + piece[1:-1] + text[inner + end + 1 :]
                return _without_double_parentheses(whole)
    return text


def _is_generator(text: str) -> bool:
    try:
        return isinstance(ast.parse(text, mode="eval").body, ast.GeneratorExp)
    except SyntaxError:
        return False


def _constant(term: Constant) -> ast.expr:
    if isinstance(term.value, Rule):
        return ast.Lambda(_one_argument("x"), term.value.body)
    return ast.parse(repr(thaw(term.value)), mode="eval").body


def _one_argument(name: str) -> ast.arguments:
    return ast.arguments([], [ast.arg(name)], None, [], [], None, [])


def _apply(term: Apply, named: Mapping[int, str]) -> ast.expr:
    rules: dict[str, ast.expr] = {}
    holes: dict[str, ast.expr] = {}
    for name, argument in zip(term.component.names, term.arguments, strict=True):
        if isinstance(argument, Constant) and isinstance(argument.value, Rule):
            rules[name] = argument.value.body
        else:
            holes[name] = write(argument, named)
    return fill(term.component.template, holes, rules)


def fill(
    template: ast.expr, holes: Mapping[str, ast.expr], rules: Mapping[str, ast.expr] | None = None
) -> ast.expr:
    """Return a template with its holes filled; a call of a rule becomes the rule's body."""
    filled = _Fill(holes, rules or {}).visit(copy.deepcopy(template))
    assert isinstance(filled, ast.expr)
    return filled


class _Fill(ast.NodeTransformer):
    def __init__(self, holes: Mapping[str, ast.expr], rules: Mapping[str, ast.expr]) -> None:
        self._holes, self._rules = holes, rules

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return copy.deepcopy(self._holes.get(node.id, node))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id in self._rules:
            return fill(self._rules[node.func.id], {"x": node.args[0]})
        return self.generic_visit(node)


def _text(term: Concat, named: Mapping[int, str]) -> ast.expr:
    """An f-string where it reads well, else a sum."""
    parts = [(part, write(part, named)) for part in merge_prints(term.parts)]
    joined = ast.JoinedStr([_in_fstring(part, expression) for part, expression in parts])
    plain = all(isinstance(part, Constant) or _is_simple(e) for part, e in parts)
    if plain and any(isinstance(part, Constant) for part, _ in parts):
        try:
            if len(text_of(joined)) <= _MAX_FSTRING:
                return joined
        except ValueError:  # a backslash in the braces: not before Python 3.12
            pass
    total = parts[0][1]
    for _, expression in parts[1:]:
        total = ast.BinOp(total, ast.Add(), expression)
    return total


def _in_fstring(part: Term, expression: ast.expr) -> ast.expr:
    if isinstance(part, Constant):
        return expression
    inner = expression
    if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id == "str":
        inner = inner.args[0]
    if isinstance(inner, ast.JoinedStr) and len(inner.values) == 1:
        return inner.values[0]
    return ast.FormattedValue(inner, -1)


def _is_simple(expression: ast.expr) -> bool:
    try:
        text = text_of(expression)
    except ValueError:
        return False
    return len(text) <= 40 and "\\" not in text


def merge_prints(parts: tuple[Term, ...]) -> list[Term]:
    """Return the parts with pieces printed of one date, and what is between, as one format."""
    merged: list[Term] = []
    waiting: list[Term] = []  # constants that may stand between two pieces
    for part in parts:
        last = merged[-1] if merged else None
        if _prints(part) and last is not None and _same_date(last, part):
            merged[-1] = _one_format(last, waiting, part)
            waiting = []
        elif isinstance(part, Constant) and "%" not in str(part.value):
            waiting.append(part)
        else:
            merged += [*waiting, part]
            waiting = []
    return merged + waiting


def _prints(term: Term) -> bool:
    return isinstance(term, Apply) and term.component.arguments[-1] == "print_style"


def _same_date(left: Term, right: Term) -> bool:
    return _prints(left) and left.children()[0] is right.children()[0]


def _one_format(left: Term, between: Sequence[Term], right: Term) -> Term:
    assert isinstance(left, Apply)
    styles = [left.arguments[1], *between, right.children()[1]]
    style = "".join(str(part.value) for part in styles if isinstance(part, Constant))
    both = (left.arguments[0], Constant(style, "print_style", cost=2))
    return Apply(left.component, both, (), cost=left.cost, partial=left.partial)


def _list(term: Concat, named: Mapping[int, str]) -> ast.expr:
    items: list[ast.expr] = []
    for part in term.parts:
        expression = write(part, named)
        if part.type != term.type:
            items.append(expression)
        elif isinstance(expression, ast.List):
            items += expression.elts
        else:
            items.append(ast.Starred(expression))
    return ast.List(items)


def _comprehension(term: Comprehension, named: Mapping[int, str]) -> ast.expr:
    source, body = write(term.source, named), write(term.body, named)
    target: ast.expr = ast.Name(term.item)
    if term.index and _mentions(body, term.index):
        target = ast.Tuple([ast.Name(term.index), target])
        source = ast.Call(ast.Name("enumerate"), [source], [])
    element = ast.Name(term.item) if term.keeps else body
    return ast.ListComp(
        element, [ast.comprehension(target, source, [body] if term.keeps else [], 0)]
    )


def _mentions(expression: ast.expr, name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(expression))
