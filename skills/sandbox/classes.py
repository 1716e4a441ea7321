"""Class statements: which bases, metaclasses and special methods a class may have."""

from __future__ import annotations

import abc
import builtins
import itertools
import types
from collections.abc import Callable, Mapping
from typing import Any

from habilis.skills.sandbox import names
from habilis.skills.sandbox.attributes import SafeType
from habilis.skills.sandbox.owned import Facade, is_own_class

# What a class body holds beside the methods it may define.
_IN_BODIES = (
    names.METHODS
    | names.NAMES_STORED
    | frozenset(
        """
    __module__ __qualname__ __annotations__ __match_args__ __classcell__ __orig_bases__
    __parameters__ __static_attributes__ __firstlineno__ __type_params__
    """.split()
    )
)


class CheckedType(type):
    """What a metaclass of the sandbox really inherits from: it makes no class that a class
    statement would not."""

    def __new__(
        mcs, name: str, bases: tuple[type, ...], body: dict[str, Any], **keywords: Any
    ) -> CheckedType:
        check_bases(bases)
        check_body(body)
        return super().__new__(mcs, name, bases, body, **keywords)


# `type.__new__(mcs, name, bases, body)` and its like, as metaclasses also write them.
for _name in ("__new__", "__init__", "__call__"):
    setattr(SafeType, _name, staticmethod(getattr(CheckedType, _name)))


class SafeABCMeta:
    """Stands for `abc.ABCMeta` in `metaclass=ABCMeta`; makes no class by a call."""

    def __new__(cls, *arguments: object, **keywords: object) -> SafeABCMeta:
        raise TypeError("ABCMeta cannot be called in the sandbox; write a class statement")


class _CheckedABCMeta(CheckedType, abc.ABCMeta):
    pass


SafeABCMeta.__name__ = SafeABCMeta.__qualname__ = "ABCMeta"
_METACLASSES: Mapping[Any, type] = {SafeType: type, SafeABCMeta: abc.ABCMeta}
_META_BASES: Mapping[Any, type] = {SafeType: CheckedType, SafeABCMeta: _CheckedABCMeta}


def check_body(body: Mapping[str, Any]) -> None:
    """Raise TypeError for names that no class statement could bind."""
    for name in body:
        if names.is_dunder(name) and name not in _IN_BODIES:
            raise TypeError(f"a class cannot define {name!r} in the sandbox")
    if not all(map(names.is_plain, body.get("__match_args__", ()))):
        raise TypeError("'__match_args__' can only name public attributes")


def check_bases(bases: tuple[Any, ...]) -> None:
    """Raise TypeError for base classes that make classes, or are modules."""
    for base in bases:
        library = isinstance(base, type) and not is_own_class(base)
        if library and issubclass(base, (type, types.ModuleType, Facade)):
            raise TypeError(f"{base.__name__!r} cannot be a base class in the sandbox")


def build_class(body: Callable[[], object], name: str, *bases: Any, **keywords: Any) -> Any:
    """What a class statement calls."""
    metaclass = keywords.get("metaclass")
    if metaclass is not None and not is_own_class(metaclass):
        if not isinstance(metaclass, type) or metaclass not in _METACLASSES:
            raise TypeError("metaclasses of libraries are not available; use inheritance")
        keywords["metaclass"] = _METACLASSES[metaclass]
    real = tuple(_META_BASES.get(base, base) if isinstance(base, type) else base for base in bases)
    check_bases(tuple(base for base in bases if base not in (SafeType, SafeABCMeta)))
    made = builtins.__build_class__(body, name, *real, **keywords)
    if issubclass(made, type) and "mro" in vars(made):
        raise TypeError("a metaclass cannot define 'mro' in the sandbox")
    return keep_patterns_plain(made)


def keep_patterns_plain(kind: Any) -> Any:
    """Cut `__match_args__` before the first name that a pattern must not read unguarded.

    A class can be made to match objects of others (`register`, `__instancecheck__`), and its
    pattern reads these names of them.
    """
    read = getattr(kind, "__match_args__", ())
    plain = tuple(itertools.takewhile(names.is_plain, read))
    if plain != read and is_own_class(kind):
        type.__setattr__(kind, "__match_args__", plain)
    return kind
