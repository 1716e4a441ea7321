"""What attribute access, classes and text formatting mean inside the sandbox.

These are the run-time half of the policy: the rewritten program calls them for private
and special attributes and for stores. Like the policy they are no security boundary.
"""

from __future__ import annotations

import _string  # type: ignore[import-not-found]
import abc
import builtins
import functools
import re
import string
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from habilis.skills.sandbox import names

_MISSING = object()
SKILL_PREFIX = "skills."
_NAMEDTUPLE = frozenset({"_asdict", "_replace", "_fields", "_make", "_field_defaults"})
_ENUM = frozenset(
    "_value_ _name_ _missing_ _generate_next_value_ _member_map_ _ignore_ _order_".split()
)
# Classes of the sandbox and private names that were looked at once: the fast way in.
_own_kinds: set[type] = set()
_private_names: set[str] = set()
_FIELD_WITH_PATH = re.compile(r"\{[^{}:!]*[.\[]")
_CODE_TYPES = (types.FunctionType, types.BuiltinFunctionType, types.MethodType)


@dataclass(frozen=True)
class Live:
    """A name of a module that is looked up each time, and may be set: `sys.stdout`."""

    get: Callable[[], Any]
    set: Callable[[Any], None]


class Facade:
    """A read-only view of a module's public names; `modules` fills it."""

    __slots__ = ("__dict__",)

    def __setattr__(self, name: str, value: object) -> None:
        raise TypeError(f"module {self.__dict__['__name__']!r} is read-only in the sandbox")

    def __delattr__(self, name: str) -> None:
        self.__setattr__(name, None)

    def __repr__(self) -> str:
        return f"<module {self.__dict__['__name__']!r}>"

    def __reduce_ex__(self, protocol: object) -> Any:
        raise TypeError("modules cannot be copied")

    def __deepcopy__(self, memo: object) -> Facade:
        return self


def is_own_class(kind: object) -> bool:
    """Tell whether the class was written in the sandbox."""
    if not isinstance(kind, type):
        return False
    home = type.__getattribute__(kind, "__module__")
    return isinstance(home, str) and (home == "__main__" or home.startswith(SKILL_PREFIX))


def is_own(value: object) -> bool:
    """Tell whether the object is a class or an instance of a class of the sandbox."""
    return is_own_class(type(value)) or is_own_class(value)


# Attributes


def get_attribute(value: Any, name: str, default: Any = _MISSING) -> Any:
    """`getattr` for names that are not plainly public; refuses what leads into the interpreter.

    Raises:
        AttributeError: there is no such attribute, or the sandbox does not give it.
    """
    if type(value) in _own_kinds and name in _private_names and default is _MISSING:
        return getattr(value, name)  # the usual case: self._x
    if type(value) is str and name == "format" and not _FIELD_WITH_PATH.search(value):
        return value.format
    if type(name) is not str:
        raise TypeError(f"attribute name must be string, not {type(name).__name__!r}")
    if names.is_private(name) or names.is_dunder(name) or names.INTERNALS.fullmatch(name):
        _check_readable(value, name)
    if name in names.DECIDED_LATER:
        found = _decide(value, name)
        if found is not _MISSING:
            return found
    if default is _MISSING:
        return getattr(value, name)
    return getattr(value, name, default)


def _check_readable(value: Any, name: str) -> None:
    if names.INTERNALS.fullmatch(name) or (
        names.is_dunder(name) and name not in names.READABLE | names.DECIDED_LATER
    ):
        raise AttributeError(f"attribute {name!r} cannot be read in the sandbox")
    if names.is_private(name) and is_own_class(type(value)):
        _own_kinds.add(type(value))
        _private_names.add(name)
        return
    if not names.is_private(name) or is_own(value) or isinstance(value, super):
        return
    kind = value if isinstance(value, type) else type(value)
    if name in _NAMEDTUPLE and issubclass(kind, tuple):
        return
    if name not in _ENUM:
        what = kind.__name__
        raise AttributeError(f"private attribute {name!r} of {what!r} is not available")


def _decide(value: Any, name: str) -> Any:
    if name in ("format", "format_map"):
        return _safe_format(value, name)
    if name == "__class__":
        kind = type(value)
        return SafeType if issubclass(kind, type) else kind
    if name == "__dict__" and not (is_own(value) or isinstance(value, types.SimpleNamespace)):
        raise AttributeError("attribute '__dict__' is only available on your own classes")
    if name in ("__setattr__", "__delattr__"):
        return functools.partial(_call_setter, value, name)
    forbidden = (
        (name == "obj" and isinstance(value, (AttributeError, NameError)))
        or (name == "mro" and isinstance(value, type))
        or (name in ("fget", "fset", "fdel") and isinstance(value, property))
        or (name in ("ctypes", "cffi") and type(value).__module__.split(".")[0] == "numpy")
    )
    if forbidden:
        raise AttributeError(f"attribute {name!r} cannot be read in the sandbox")
    return _MISSING


def _call_setter(owner: Any, method: str, *arguments: Any) -> None:
    """`super().__setattr__(name, value)`, `object.__setattr__(self, name, value)`: by the rules."""
    target, *rest = arguments if isinstance(owner, type) else (owner, *arguments)
    if isinstance(owner, super):
        target = getattr(owner, "__self__", owner)
    elif isinstance(target, Facade):
        Facade.__setattr__(target, "", None)
    _check_store(target, rest[0] if rest else None)
    getattr(owner, method)(*arguments)


def has_attribute(value: object, name: str) -> bool:
    """`hasattr` by the rules of `get_attribute`."""
    try:
        get_attribute(value, name)
    except AttributeError:
        return False
    return True


def set_attribute(value: object, name: str, new: object) -> None:
    """`setattr` by the rules of `guard_store`."""
    _check_store(value, name)
    setattr(value, name, new)


def delete_attribute(value: object, name: str) -> None:
    """`delattr` by the rules of `guard_store`."""
    _check_store(value, name)
    delattr(value, name)


def _check_store(value: object, name: object) -> None:
    if type(name) is not str:
        raise TypeError(f"attribute name must be string, not {type(name).__name__!r}")
    if names.is_dunder(name) or names.INTERNALS.fullmatch(name):
        raise AttributeError(f"attribute {name!r} cannot be set in the sandbox")
    guard_store(value, name)


def guard_store(value: Any, name: str | None = None) -> Any:
    """Return `value` when the program may set an attribute on it.

    `name` is only passed for names that are private or special.

    Raises:
        TypeError: it belongs to a library.
    """
    kind = type(value)
    if kind in _own_kinds and (name is None or name in _private_names):
        return value
    if name in names.DECIDED_LATER and isinstance(value, (str, NameError, AttributeError)):
        raise AttributeError(f"attribute {name!r} of {kind.__name__!r} cannot be set")
    if isinstance(value, type):
        if not is_own_class(value):
            raise TypeError(f"class {value.__name__!r} belongs to a library and is read-only")
    elif is_own_class(kind):
        _own_kinds.add(kind)
        if name is not None and names.is_private(name):
            _private_names.add(name)
    elif isinstance(value, Facade):
        pass  # it refuses by itself
    elif isinstance(value, _CODE_TYPES):
        home = getattr(value, "__module__", None) or ""
        if home != "__main__" and not home.startswith(SKILL_PREFIX):
            raise TypeError(f"function {value.__name__!r} belongs to a library and is read-only")
    elif name is not None and names.is_private(name):
        raise AttributeError(f"private attribute {name!r} of {kind.__name__!r} cannot be set")
    return value


# Text formatting: a format string reads attributes, so it has to ask the same guard.


class SafeFormatter(string.Formatter):
    """`str.format` whose field names cannot reach what code could not reach itself."""

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> tuple[Any, Any]:
        first, rest = _string.formatter_field_name_split(field_name)
        value = self.get_value(first, args, kwargs)
        for is_attribute, key in rest:
            value = get_attribute(value, key) if is_attribute else value[key]
        return value, first


def _safe_format(value: Any, name: str) -> Any:
    if isinstance(value, super):
        value = getattr(value, "__self__", value)
    if isinstance(value, type) and issubclass(value, str):
        if name == "format":
            return lambda text, *args, **kwargs: _format(text, args, kwargs)
        return lambda text, mapping: _format(text, (), mapping)
    if not isinstance(value, str):
        return _MISSING
    if name == "format":
        return lambda *args, **kwargs: _format(value, args, kwargs)
    return lambda mapping: _format(value, (), mapping)


def _format(text: str, args: Any, mapping: Any) -> str:
    # Without a dot or bracket in a field's name nothing is read but the arguments.
    if type(text) is str and type(mapping) is dict and not _FIELD_WITH_PATH.search(text):
        return text.format(*args, **mapping)
    return SafeFormatter().vformat(text, args, mapping)


# Classes


class _SafeTypeMeta(type):
    def __call__(cls, *arguments: Any, **keywords: Any) -> Any:
        if len(arguments) == 1 and not keywords:
            kind = type(arguments[0])
            return SafeType if issubclass(kind, type) else kind
        raise TypeError("type() takes one argument in the sandbox; write a class statement")

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, type)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, type)

    def __getitem__(cls, item: Any) -> Any:
        return type[item]

    def __repr__(cls) -> str:
        return "<class 'type'>"


class SafeType(metaclass=_SafeTypeMeta):
    """Stands for `type`: tells an object's class, makes none."""


class SafeABCMeta:
    """Stands for `abc.ABCMeta` in `metaclass=ABCMeta`; makes no class by a call."""

    def __new__(cls, *arguments: object, **keywords: object) -> SafeABCMeta:
        raise TypeError("ABCMeta cannot be called in the sandbox; write a class statement")


SafeType.__name__ = SafeType.__qualname__ = "type"
SafeABCMeta.__name__ = SafeABCMeta.__qualname__ = "ABCMeta"
_METACLASSES: Mapping[Any, type] = {SafeType: type, SafeABCMeta: abc.ABCMeta}


def build_class(body: Callable[[], object], name: str, *bases: Any, **keywords: Any) -> Any:
    """What a class statement calls. Metaclasses of one's own are refused."""
    metaclass = keywords.get("metaclass")
    if metaclass is not None:
        if not isinstance(metaclass, type) or metaclass not in _METACLASSES:
            raise TypeError("own metaclasses are not available; use a decorator or inheritance")
        keywords["metaclass"] = _METACLASSES[metaclass]
    for base in bases:
        if base in (SafeType, SafeABCMeta) or (
            isinstance(base, type) and issubclass(base, (type, types.ModuleType, Facade))
        ):
            raise TypeError(f"{base.__name__!r} cannot be a base class in the sandbox")
    return builtins.__build_class__(body, name, *bases, **keywords)
