"""Pieces of the policy's rewriting that look at a tree, or make one, and nothing else."""

from __future__ import annotations

import ast

from RestrictedPython.transformer import copy_locations

from habilis.skills.sandbox.formats import reads_nothing


def name_of(text: str) -> ast.Name:
    return ast.Name(text, ast.Load())


def called(hook: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(name_of(hook), list(arguments), [])


def is_plain_format(node: ast.Attribute) -> bool:
    """Tell whether it is `"...".format` of a text that reads nothing but its arguments."""
    text = node.value.value if isinstance(node.value, ast.Constant) else None
    return node.attr == "format" and isinstance(text, str) and reads_nothing(text)


def ask_own(name: str, at: ast.stmt) -> ast.Assign:
    """Return `_own_ = _type_(name) in _kinds_ or _look_(name)`."""
    known = ast.Compare(called("_type_", name_of(name)), [ast.In()], [name_of("_kinds_")])
    ask = ast.BoolOp(ast.Or(), [known, called("_look_", name_of(name))])
    statement = ast.Assign([ast.Name("_own_", ast.Store())], ask)
    copy_locations(statement, at)
    return statement


def steady_first(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str | None:
    """Return the first parameter's name if nothing in the function binds that name again."""
    parameters = [*node.args.posonlyargs, *node.args.args]
    if not parameters:
        return None
    name = parameters[0].arg
    bound = [each for part in node.body for each in ast.walk(part) if name in _binds(each)]
    return None if bound else name


def _binds(node: ast.AST) -> list[str | None]:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
            return [name]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return [name]
        case ast.ClassDef(name=name) | ast.ExceptHandler(name=name):
            return [name]
        case ast.MatchAs(name=name) | ast.MatchStar(name=name) | ast.MatchMapping(rest=name):
            return [name]
        case ast.alias(name=name, asname=other):
            return [other or name.partition(".")[0]]
        case ast.Global(names=bound) | ast.Nonlocal(names=bound):
            return list(bound)
    return []


def uses_its_class(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A hook that ignores the class only runs code where nobody who derives one expects it."""
    parameters = [*node.args.posonlyargs, *node.args.args]
    names_read = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return bool({"super", *(each.arg for each in parameters[:1])} & names_read)


def has_docstring(body: list[ast.stmt]) -> bool:
    first = body[0] if body else None
    return (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
