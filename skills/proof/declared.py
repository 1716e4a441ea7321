"""Inputs of the declared types, made from a signature's annotations.

Annotations are read, never evaluated: they are a model's text. What is not known (a class,
`Callable`) gives no inputs. Sizes stay within those of the cases, so that a slow function
is not taken for an endless one; what breaks functions most (0, -1, an empty text or list,
one item twice) comes often, as in QuickCheck (Claessen and Hughes, 2000). Hypothesis was
tried: it reads every module of the calling program for constants and writes a folder.
"""

from __future__ import annotations

import ast
import datetime
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

from habilis.skills.proof.evidence import Call
from habilis.skills.proof.reading import parameters

Make = Callable[[Random], Any]

_LETTERS = "abcxyzABCXYZ0123456789 .,-_/:;@'()\nß"
_WORDS = ("", " ", "a", "A", "hello", "Hello World", "aa", "0", "-1", "3.5", "a,b", "abcba", "ß")
_MOST = 10**9
_LISTS: Final = frozenset("list List Sequence Iterable Collection MutableSequence".split())
_SETS: Final = frozenset("set Set AbstractSet frozenset".split())
_MAPPINGS: Final = frozenset("dict Dict Mapping MutableMapping".split())


class Unknown(Exception):
    """An annotation that says nothing about values we could make."""


def declared_calls(
    function: ast.FunctionDef, known: Sequence[Call], *, count: int, random: Random
) -> list[Call]:
    """Return `count` calls of the declared types; none where a type is not known."""
    size = _size([[*each.arguments, *each.keywords.values()] for each in known])
    arguments = function.args
    named = [
        each
        for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is None
    ]
    try:
        positional = [_maker(each.annotation, size) for each in parameters(function)]
        keywords = {each.arg: _maker(each.annotation, size) for each in named}
    except Unknown:
        return []
    return [
        Call(
            arguments=tuple(make(random) for make in positional),
            keywords={name: make(random) for name, make in keywords.items()},
        )
        for _ in range(count)
    ]


def _maker(node: ast.expr | None, size: int) -> Make:
    """Return what makes values of an annotation.

    Raises:
        Unknown: it names no type whose values we know how to make.
    """
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        quoted = node.value
        try:
            node = ast.parse(quoted, mode="eval").body
        except SyntaxError:
            raise Unknown(quoted) from None
    if isinstance(node, ast.Constant) and node.value is None:
        return lambda _: None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _either([_maker(node.left, size), _maker(node.right, size)])
    if isinstance(node, ast.Subscript):
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return _generic(_name(node.value), inner, size)
    return _plain(_name(node), size)


def _plain(name: str, size: int) -> Make:
    if name == "int":
        return _either([lambda r: r.randint(-size, size), lambda r: r.choice((0, 1, -1, 2))])
    if name in ("float", "Number", "Real"):
        return _either(
            [
                lambda r: round(r.uniform(-size, size), r.choice((0, 1, 2, 9))),
                lambda r: r.choice((0, 1, -1, 0.0, 0.5, -2.0)),
            ]
        )
    if name == "bool":
        return lambda r: r.random() < 0.5
    if name == "str":
        return _either(
            [
                lambda r: "".join(r.choices(_LETTERS, k=r.randint(0, 12))),
                lambda r: r.choice(_WORDS),
            ]
        )
    if name == "bytes":
        return lambda r: r.randbytes(r.randint(0, 8))
    if name in ("date", "datetime"):
        first = getattr(datetime, name)(1990, 1, 1)
        return lambda r: first + datetime.timedelta(days=r.randint(0, 18_000))
    if name in ("tuple", "Tuple"):
        return _generic(name, [ast.Name("float"), ast.Constant(...)], size)
    if name in _LISTS | _SETS:
        return _generic(name, [ast.Name("float")], size)
    if name in _MAPPINGS:
        return _generic(name, [ast.Name("str"), ast.Name("float")], size)
    raise Unknown(name)


def _generic(name: str, inner: Sequence[ast.expr], size: int) -> Make:
    if name == "Literal":
        values = [each.value for each in inner if isinstance(each, ast.Constant)]
        return _one_of(values)
    if name == "Annotated":
        return _maker(inner[0], size)
    if name == "Optional":
        return _either([lambda _: None, _maker(inner[0], size)])
    if name == "Union":
        return _either([_maker(each, size) for each in inner])
    if name in _LISTS:
        return _several(_maker(inner[0], size))
    if name in _SETS:
        items = _several(_maker(inner[0], size))
        return lambda r: set(items(r))
    if name in _MAPPINGS and len(inner) == 2:
        key, value = (_maker(each, size) for each in inner)
        return lambda r: {key(r): value(r) for _ in range(r.randint(0, 4))}
    if name in ("tuple", "Tuple"):
        if len(inner) == 2 and isinstance(inner[1], ast.Constant) and inner[1].value is ...:
            items = _several(_maker(inner[0], size))
            return lambda r: tuple(items(r))
        makers = [_maker(each, size) for each in inner]
        return lambda r: tuple(make(r) for make in makers)
    raise Unknown(name)


def _either(makers: Sequence[Make]) -> Make:
    return lambda r: r.choice(makers)(r)


def _one_of(values: Sequence[object]) -> Make:
    if not values:
        raise Unknown("Literal")
    return lambda r: r.choice(values)


def _several(make: Make) -> Make:
    def several(random: Random) -> list[object]:
        items = [make(random) for _ in range(random.choice((0, 1, 2, 3, 4, 6)))]
        return [*items, items[0]] if items and random.random() < 0.2 else items

    return several


def _name(node: ast.expr | None) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _size(value: object) -> int:
    """Return the largest number in the cases, at least 10: the scale a function is made for."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return max(10, int(min(abs(value), _MOST))) if value == value else 10
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple | set):
        return max((_size(item) for item in value), default=10)
    return 10
