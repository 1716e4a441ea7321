"""Terms as Python expressions. `ast.unparse` sets the parentheses and the quotes."""

from __future__ import annotations

import ast
import copy
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
    Way,
)
from habilis.agent.authors.compose.tidy import text_of
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


def _constant(term: Constant) -> ast.expr:
    if isinstance(term.value, Rule):
        names = [ast.arg(name) for name in term.value.names]
        return ast.Lambda(ast.arguments([], names, None, [], [], None, []), term.value.body)
    return ast.parse(repr(thaw(term.value)), mode="eval").body


def _apply(term: Apply, named: Mapping[int, str]) -> ast.expr:
    rules: dict[str, Rule] = {}
    holes: dict[str, ast.expr] = {}
    for name, argument in zip(term.component.names, term.arguments, strict=True):
        if isinstance(argument, Constant) and isinstance(argument.value, Rule):
            rules[name] = argument.value
        else:
            holes[name] = write(argument, named)
    return fill(term.component.template, holes, rules)


def fill(
    template: ast.expr, holes: Mapping[str, ast.expr], rules: Mapping[str, Rule] | None = None
) -> ast.expr:
    """Return a template with its holes filled; a call of a rule becomes the rule's body."""
    filled = _Fill(holes, rules or {}).visit(copy.deepcopy(template))
    assert isinstance(filled, ast.expr)
    return filled


class _Fill(ast.NodeTransformer):
    def __init__(self, holes: Mapping[str, ast.expr], rules: Mapping[str, Rule]) -> None:
        self._holes, self._rules = holes, rules

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return copy.deepcopy(self._holes.get(node.id, node))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id in self._rules:
            rule = self._rules[node.func.id]
            given = [fill(argument, self._holes) for argument in node.args]
            return fill(rule.body, dict(zip(rule.names, given, strict=True)))
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
    source = write(term.source, named)
    body = fill(write(term.body, named), {name: write(t, named) for name, t in term.outer})
    target: ast.expr = ast.Name(term.item)
    if term.index and _mentions(body, term.index):
        target = ast.Tuple([ast.Name(term.index), target])
        source = ast.Call(ast.Name("enumerate"), [source], [])
    tests = [body] if term.way is Way.KEEP else []
    loops = [ast.comprehension(target, source, tests, 0)]
    if term.way is Way.SPREAD:
        loops.append(ast.comprehension(ast.Name("each"), body, [], 0))
        return ast.ListComp(ast.Name("each"), loops)
    if term.way is Way.REPEAT:
        times = ast.Call(ast.Name("range"), [body], [])
        loops.append(ast.comprehension(ast.Name("turn"), times, [], 0))
    same = term.way in {Way.KEEP, Way.REPEAT}
    return ast.ListComp(ast.Name(term.item) if same else body, loops)


def _mentions(expression: ast.expr, name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(expression))
