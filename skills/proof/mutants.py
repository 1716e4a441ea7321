"""Small faults planted in a source, to see whether its cases would notice them.

The operators are those of the mutation testing literature (DeMillo, Lipton and Sayward,
1978; Offutt's five sufficient operators, 1996): what a typical slip of the pen changes.
"""

from __future__ import annotations

import ast
import copy
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from habilis.skills.proof.reading import bare

_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
}
_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ORDERED = (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A source with one fault, and what the fault is."""

    source: str
    fault: str  # "line 3: + becomes -"


def make_mutants(source: str, *, count: int, seed: int = 0) -> list[Mutant]:
    """Return up to `count` mutants that differ from each other, of every kind some."""
    tree = bare(source)
    by_kind: dict[str, list[tuple[int, str, Callable[[ast.AST], ast.AST | None]]]]
    by_kind = defaultdict(list)
    spared = _defaults(tree)
    for index, node in enumerate(ast.walk(tree)):
        for kind, fault, change in _faults(node) if node not in spared else ():
            by_kind[kind].append((index, f"line {getattr(node, 'lineno', 0)}: {fault}", change))
    random = Random(seed)
    for sites in by_kind.values():
        random.shuffle(sites)
    plain = ast.unparse(tree)
    found: dict[str, Mutant] = {}
    while by_kind and len(found) < count:
        for kind in list(by_kind):
            index, fault, change = by_kind[kind].pop()
            if not by_kind[kind]:
                del by_kind[kind]
            mutated = _changed(tree, index, change)
            if mutated and mutated != plain and len(found) < count:
                found.setdefault(mutated, Mutant(source=mutated, fault=fault))
    return list(found.values())


def _defaults(tree: ast.Module) -> set[ast.AST]:
    """Return the functions' defaults: generated calls leave no argument out, so no fault
    planted there could show on them."""
    heads = [node.args for node in tree.body if isinstance(node, ast.FunctionDef)]
    values = [value for head in heads for value in (*head.defaults, *head.kw_defaults)]
    return {part for value in values if value is not None for part in ast.walk(value)}


def _changed(
    tree: ast.Module, index: int, change: Callable[[ast.AST], ast.AST | None]
) -> str | None:
    """Apply a change to the node of this number; None where the result does not parse."""
    mutant: ast.AST = copy.deepcopy(tree)
    target = next(node for number, node in enumerate(ast.walk(mutant)) if number == index)
    made = change(target)
    if made is not None:
        mutant = _Replace(target, made).visit(mutant)
    try:
        text = ast.unparse(ast.fix_missing_locations(mutant))
        ast.parse(text)
    except (SyntaxError, ValueError, AttributeError, RecursionError):
        return None
    return text + "\n"


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        if node is self._old:
            return self._new
        self.generic_visit(node)
        return node


_Fault = tuple[str, str, Callable[..., ast.AST | None]]


def _faults(node: ast.AST) -> Iterator[_Fault]:
    """Yield (kind, fault, change) for a node; a change edits it or returns another."""
    if isinstance(node, ast.BinOp):
        yield from _of_arithmetic(node)
    elif isinstance(node, ast.AugAssign) and type(node.op) in _ARITHMETIC:
        yield "operator", "another operator", _set_op(_ARITHMETIC[type(node.op)])
    elif isinstance(node, ast.Compare):
        for other in _COMPARISONS.get(type(node.ops[0]), ()):
            yield "comparison", f"comparison becomes {other.__name__}", _set_comparison(other)
    elif isinstance(node, ast.BoolOp):
        other_op = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield "operator", f"{type(node.op).__name__} becomes {other_op.__name__}", _set_op(other_op)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield "operator", "the sign or not is dropped", lambda each: each.operand
    elif isinstance(node, ast.Constant):
        yield from _of_constant(node)
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        yield "condition", "the condition is false", _set_test(False)
        if not isinstance(node, ast.While):
            yield "condition", "the condition is true", _set_test(True)
    elif isinstance(node, ast.Return) and node.value is not None:
        yield "return", "it returns None", lambda each: ast.Return(value=None)
    elif isinstance(node, ast.Assign | ast.AugAssign | ast.Expr | ast.Break | ast.Continue):
        yield "statement", "a statement is dropped", lambda each: ast.Pass()
    elif isinstance(node, ast.Call) and len(node.args) >= 2:
        yield "arguments", "two arguments are swapped", _swap_arguments


def _of_arithmetic(node: ast.BinOp) -> Iterator[_Fault]:
    other = _ARITHMETIC.get(type(node.op))
    if other is not None:
        yield "operator", f"{type(node.op).__name__} becomes {other.__name__}", _set_op(other)
    if isinstance(node.op, _ORDERED):
        yield "arguments", "two operands are swapped", _swap_operands


def _of_constant(node: ast.Constant) -> Iterator[_Fault]:
    value = node.value
    if isinstance(value, bool):
        yield "constant", f"{value} becomes {not value}", _set_value(not value)
    elif isinstance(value, int | float):
        yield "constant", f"{value} becomes {value + 1}", _set_value(value + 1)
        yield "constant", f"{value} becomes {value - 1}", _set_value(value - 1)
    elif isinstance(value, str):
        other = f"{value}x" if value else "x"
        yield "constant", f"{value!r} becomes {other!r}", _set_value(other)


def _set_op(kind: type[ast.AST]) -> Callable[..., None]:
    def change(node: ast.BinOp | ast.AugAssign | ast.BoolOp) -> None:
        node.op = kind()  # type: ignore[assignment]

    return change


def _set_comparison(kind: type[ast.cmpop]) -> Callable[..., None]:
    def change(node: ast.Compare) -> None:
        node.ops[0] = kind()

    return change


def _set_value(value: str | int | float) -> Callable[..., None]:
    def change(node: ast.Constant) -> None:
        node.value = value

    return change


def _set_test(value: bool) -> Callable[..., None]:
    def change(node: ast.If | ast.IfExp | ast.While) -> None:
        node.test = ast.Constant(value=value)

    return change


def _swap_arguments(node: ast.Call) -> None:
    node.args[0], node.args[1] = node.args[1], node.args[0]


def _swap_operands(node: ast.BinOp) -> None:
    node.left, node.right = node.right, node.left
