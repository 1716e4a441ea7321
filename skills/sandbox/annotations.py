"""Annotations that are text: what they name is looked up, and nothing is run."""

from __future__ import annotations

import ast
import operator
import sys
import types
import typing
from collections.abc import Mapping
from typing import Any

from habilis.skills.sandbox import names
from habilis.skills.sandbox.attributes import get_attribute
from habilis.skills.sandbox.owned import is_own_class, is_own_home

Scope = Mapping[str, Any]


def get_type_hints(
    value: Any, globalns: Any = None, localns: Any = None, include_extras: bool = False
) -> dict[str, Any]:
    """`typing.get_type_hints` of the sandbox's own classes and functions.

    Text of other objects stays text: it would be looked up where the library is at home.

    Raises:
        NameError: text names something that is not there.
        TypeError: text is more than names, attributes, subscripts and `|`.
    """
    found: dict[str, Any] = {}
    local = {**(dict(globalns) if globalns else {}), **(dict(localns) if localns else {})}
    for owner in _owners(value):
        scope = {**_home_of(owner), **local}
        for name, hint in dict(getattr(owner, "__annotations__", {})).items():
            hint = type(None) if hint is None else _resolved(hint, scope)
            found[name] = hint if include_extras else _without_extras(hint)
    return found


def named_type(text: str, function: Any) -> Any:
    """Return what a text annotation of a function names. Raises as `get_type_hints` does."""
    return _resolved(text, _home_of(function))


def _owners(value: Any) -> list[Any]:
    if isinstance(value, type):
        return [kind for kind in reversed(value.__mro__) if "__annotations__" in vars(kind)]
    return [value]


def _home_of(owner: Any) -> Scope:
    """Return the names that an own class or function sees, the sandbox's builtins included."""
    if isinstance(owner, types.MethodType):
        owner = owner.__func__
    scope: Any = {}
    inner: Any = {}
    if is_own_class(owner) and owner.__module__ in sys.modules:
        scope, inner = vars(sys.modules[owner.__module__]), vars(owner)
    elif isinstance(owner, types.FunctionType) and is_own_home(owner.__globals__.get("__name__")):
        scope = owner.__globals__
    known = scope.get("__builtins__", {})
    return {**known, **scope, **inner} if "_getattr_" in known else {}


def _resolved(hint: Any, scope: Scope) -> Any:
    if isinstance(hint, typing.ForwardRef):
        hint = hint.__forward_arg__
    if isinstance(hint, str):
        return _value(_parsed(hint), scope) if scope else hint
    arguments = getattr(hint, "__args__", ())
    if typing.get_origin(hint) in (None, typing.Literal) or not isinstance(arguments, tuple):
        return hint
    resolved = tuple(_resolved(each, scope) for each in arguments)
    if resolved == arguments:
        return hint
    if isinstance(hint, types.UnionType):
        return typing.Union[resolved]  # noqa: UP007 - of a tuple
    if isinstance(hint, types.GenericAlias):
        return types.GenericAlias(hint.__origin__, resolved)  # type: ignore[arg-type]
    return hint.copy_with(resolved)


def _parsed(text: str) -> ast.expr:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise SyntaxError(f"the annotation {text[:80]!r} is no expression") from None


def _value(node: ast.expr, scope: Scope) -> Any:
    match node:
        case ast.Name(id=name) if not names.is_dunder(name) and name not in names.HOOKS:
            if name not in scope:
                raise NameError(f"name {name!r} is not defined", name=name)
            return scope[name]
        case ast.Attribute(value=owner, attr=name):
            return get_attribute(_value(owner, scope), name)
        case ast.Subscript(value=generic, slice=arguments):
            return _subscript(_value(generic, scope), arguments, scope)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return operator.or_(_value(left, scope), _value(right, scope))
        case ast.Constant(value=str() as text):
            return _value(_parsed(text), scope)
        case ast.Constant(value=value):
            return value
        case ast.List(elts=parts):
            return [_value(part, scope) for part in parts]
        case ast.Tuple(elts=parts):
            return tuple(_value(part, scope) for part in parts)
    raise TypeError(f"the annotation {ast.unparse(node)[:80]!r} is no type")


def _subscript(generic: Any, node: ast.expr, scope: Scope) -> Any:
    """What stands in `Literal[...]`, and behind the type in `Annotated[...]`, is data."""
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    data = 0 if generic is typing.Literal else 1 if generic is typing.Annotated else len(parts)
    values = [
        _value(part, scope)
        if at < data or not isinstance(part, (ast.Constant, ast.UnaryOp))
        else ast.literal_eval(part)
        for at, part in enumerate(parts)
    ]
    return generic[tuple(values) if isinstance(node, ast.Tuple) else values[0]]


def _without_extras(hint: Any) -> Any:
    """Drop the notes of `Annotated`, and `Required` of typed dictionaries."""
    return typing._strip_annotations(hint)  # type: ignore[attr-defined]
