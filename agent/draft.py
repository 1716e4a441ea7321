"""A model's abstraction reply → the source of a function and the calls it vouches for."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from habilis.skills.compare import same_as_written
from habilis.skills.extract import extract_function
from habilis.skills.proof.evidence import Call
from habilis.skills.skill import read_source


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A call with the result its author states, as written: `33.33` is good to two decimals."""

    arguments: tuple[object, ...]
    keywords: Mapping[str, object] = field(default_factory=dict)
    stated: object

    @property
    def call(self) -> Call:
        """The call alone."""
        return Call(arguments=self.arguments, keywords=self.keywords)

    def agrees(self, value: object) -> bool:
        """Tell whether a computed value is the stated one, as precisely as it was written."""
        return same_as_written(value, self.stated)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What an author proposes to keep: the source without its asserts, and its claims."""

    source: str
    claims: tuple[Claim, ...]


def read_draft(code: str) -> Draft:
    """Split a block of code into definitions and claims (`assert name(...) == value`).

    Asserts of other forms, prints and example calls are left out. The claims are
    those whose arguments and result are literals, or names of literals assigned above.

    Raises:
        ValueError: the code does not parse.
    """
    try:
        body = ast.parse(code).body
    except (SyntaxError, RecursionError) as error:
        raise ValueError(f"the code does not parse: {error}") from None
    names = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    lines = code.split("\n")
    kept, claims = [], []
    constants = {
        target.id: node.value
        for node in body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in body:
        if isinstance(node, ast.Assert):
            claim = _claim(_Spelled(constants).visit(node.test), names)
            claims += [claim] if claim else []
        elif not isinstance(node, ast.Expr | ast.If | ast.For | ast.While | ast.Try):
            first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
            kept.append("\n".join(lines[first - 1 : node.end_lineno]))
    return Draft(source="\n\n".join(kept) + "\n", claims=tuple(claims))


class _Spelled(ast.NodeTransformer):
    """Writes out what names stand for."""

    def __init__(self, constants: Mapping[str, ast.expr]) -> None:
        self._constants = constants

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._constants.get(node.id, node)


def _claim(test: ast.expr, names: set[str]) -> Claim | None:
    call, stated = _sides(test)
    if call is None or stated is None or not isinstance(call.func, ast.Name):
        return None
    if call.func.id not in names or any(keyword.arg is None for keyword in call.keywords):
        return None
    try:
        arguments = tuple(ast.literal_eval(argument) for argument in call.args)
        keywords = {str(k.arg): ast.literal_eval(k.value) for k in call.keywords}
        value = ast.literal_eval(stated)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return Claim(arguments=arguments, keywords=keywords, stated=value)


def _sides(test: ast.expr) -> tuple[ast.Call | None, ast.expr | None]:
    """Find call and value in `f(x) == v`, `isclose(f(x), v)`, `abs(f(x) - v) < t`."""
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        left, right = test.left, test.comparators[0]
        if isinstance(test.ops[0], ast.Eq | ast.Is):
            return _pair(left, right)
        if isinstance(test.ops[0], ast.Lt | ast.LtE) and isinstance(left, ast.Call):
            inside = left.args[0] if left.args else None
            if isinstance(inside, ast.BinOp) and isinstance(inside.op, ast.Sub):
                return _pair(inside.left, inside.right)
    if isinstance(test, ast.Call) and len(test.args) >= 2 and "isclose" in ast.unparse(test.func):
        return _pair(test.args[0], test.args[1])
    return None, None


def _pair(left: ast.expr, right: ast.expr) -> tuple[ast.Call | None, ast.expr | None]:
    for call, value in ((left, right), (right, left)):
        unrounded = _unrounded(call)
        if isinstance(unrounded, ast.Call):
            return unrounded, value
    return None, None


def _unrounded(node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "round":
        return node.args[0] if node.args else node
    return node


def needed(source: str, skills: Sequence[str]) -> str:
    """Leave out what the function does not need, import the `skills` that it calls.

    What is no skill stays as it is.
    """
    try:
        return extract_function([source], read_source(source).name, skills=skills)
    except ValueError:
        return source
