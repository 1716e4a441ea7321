"""What attribute access means inside the sandbox: the run-time half of the policy.

The rewritten program calls these for private and special attributes and for stores. Like
the policy they are no security boundary.
"""

from __future__ import annotations

import functools
import types
from typing import Any

from habilis.skills.sandbox import names
from habilis.skills.sandbox.formats import formatter_that_reads, reads_nothing, safe_format
from habilis.skills.sandbox.owned import Facade, is_own, is_own_class, is_own_home

_MISSING = object()
_NAMEDTUPLE = frozenset({"_asdict", "_replace", "_fields", "_make", "_field_defaults"})
_ENUM = frozenset(
    "_value_ _name_ _missing_ _generate_next_value_ _member_map_ _ignore_ _order_".split()
)
_BAGS = {("types", "SimpleNamespace"), ("argparse", "Namespace")}
_PLAIN_BASES = {"builtins", "abc", "collections", "collections.abc", "enum", "typing"}
_ACCESSORS = ("fget", "fset", "fdel")
_CODE_TYPES = (types.FunctionType, types.BuiltinFunctionType, types.MethodType)
# Classes of the sandbox that were looked at once. The rewritten program asks this set itself
# before it calls a guard for a private name or a store: the fast way in.
OWN_KINDS: set[type] = set()


def get_attribute(value: Any, name: str, default: Any = _MISSING) -> Any:
    """`getattr` for names that are not plainly public; refuses what leads into the interpreter.

    Raises:
        AttributeError: there is no such attribute, or the sandbox does not give it.
    """
    if type(value) is str and name == "format" and reads_nothing(value):
        return value.format
    if type(name) is not str:
        raise TypeError(f"attribute name must be string, not {type(name).__name__!r}")
    if names.is_private(name) or names.is_dunder(name) or names.INTERNALS.fullmatch(name):
        _check_readable(value, name)
    if name in names.DECIDED_LATER:
        found = _decide(value, name)
        if found is not _MISSING:
            return found
    found = getattr(value, name) if default is _MISSING else getattr(value, name, default)
    if names.is_private(name) and isinstance(found, types.ModuleType):
        raise AttributeError(f"attribute {name!r} is a module, which is not available")
    return found


def _check_readable(value: Any, name: str) -> None:
    if names.INTERNALS.fullmatch(name) or (
        names.is_dunder(name) and name not in names.READABLE | names.DECIDED_LATER
    ):
        raise AttributeError(f"attribute {name!r} cannot be read in the sandbox")
    if not names.is_private(name):
        return
    if is_own_kind(value) or is_own_class(type(value)):
        return
    if is_own(value) or isinstance(value, super):
        return
    kind = value if isinstance(value, type) else type(value)
    if name in _NAMEDTUPLE and issubclass(kind, tuple):
        return
    if name not in _ENUM:
        what = kind.__name__
        raise AttributeError(f"private attribute {name!r} of {what!r} is not available")


def _decide(value: Any, name: str) -> Any:
    if name in ("format", "format_map"):
        return safe_format(value, name, SafeFormatter) or _MISSING
    if name == "__class__":
        return class_of(value)
    if name == "__dict__" and not (
        is_own(value) or _is_own_function(value) or _home_of(value) in _BAGS
    ):
        raise AttributeError("attribute '__dict__' is only available on your own classes")
    if name in ("__setattr__", "__delattr__"):
        return functools.partial(_call_setter, value, name)
    if name in names.OF_OWN_CLASSES and isinstance(value, (type, super)):
        # Not of metaclasses: those lead to `type`, which lists and makes any class.
        if isinstance(value, type) and is_own_class(value) and not issubclass(value, type):
            return _MISSING
        raise AttributeError(f"attribute {name!r} is only available on your own classes")
    forbidden = (
        (name == "obj" and isinstance(value, (AttributeError, NameError)))
        or (name in _ACCESSORS and not _is_own_property(value, name))
        or (name in ("ctypes", "cffi") and type(value).__module__.split(".")[0] == "numpy")
    )
    if forbidden:
        raise AttributeError(f"attribute {name!r} cannot be read in the sandbox")
    return _MISSING


def class_of(value: object) -> type:
    """Return an object's class: for classes a stand-in for `type`, unless theirs is their own."""
    kind = type(value)
    return SafeType if issubclass(kind, type) and not is_own_class(kind) else kind


def _is_own_function(value: object) -> bool:
    return isinstance(value, types.FunctionType) and is_own_home(value.__module__)


def _is_own_property(value: object, name: str) -> bool:
    return not isinstance(value, property) or _is_own_function(getattr(value, name))


def _home_of(value: object) -> tuple[str, str]:
    return type(value).__module__, type(value).__qualname__


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
    if not names.may_be_stored(name):
        raise AttributeError(f"attribute {name!r} cannot be set in the sandbox")
    guard_store(value, name)


def guard_store(value: Any, name: str | None = None) -> Any:
    """Return `value` when the program may set an attribute on it.

    `name` is only passed for names that are private or special.

    Raises:
        TypeError: it belongs to a library.
    """
    kind = type(value)
    if name is not None and names.is_dunder(name):
        return _guard_special_store(value, name)
    if name in names.DECIDED_LATER and isinstance(value, (str, NameError, AttributeError)):
        raise AttributeError(f"attribute {name!r} of {kind.__name__!r} cannot be set")
    if isinstance(value, type):
        if not is_own_class(value):
            raise TypeError(f"class {value.__name__!r} belongs to a library and is read-only")
    elif is_own_class(kind):
        is_own_kind(value)
    elif isinstance(value, Facade):
        pass  # it refuses by itself
    elif isinstance(value, _CODE_TYPES):
        if not is_own_home(getattr(value, "__module__", None)):
            raise TypeError(f"function {value.__name__!r} belongs to a library and is read-only")
    elif name is not None and names.is_private(name):
        raise AttributeError(f"private attribute {name!r} of {kind.__name__!r} cannot be set")
    return value


def _guard_special_store(value: Any, name: str) -> Any:
    """A decorator names its function and adds methods to a class; an error has a cause."""
    own_class = is_own_class(value) and not issubclass(value, type)
    own_function = is_own_class(type(value)) or _is_own_function(value)
    if (
        (name in names.METHODS and own_class)
        or (name in names.STORED_ON_FUNCTIONS and own_function)
        or (name in names.STORED_ON_ERRORS and isinstance(value, BaseException))
    ):
        return value
    raise AttributeError(f"attribute {name!r} of {type(value).__name__!r} cannot be set")


def is_own_kind(value: object) -> bool:
    """Tell whether the object's class needs no guard, and remember it.

    A class of the sandbox needs none unless it inherits of a library's, with whatever that
    keeps in private.
    """
    kind = type(value)
    if not is_own_class(kind):
        return False
    if all(base.__module__ in _PLAIN_BASES or is_own_class(base) for base in kind.__mro__):
        OWN_KINDS.add(kind)
    return kind in OWN_KINDS


SafeFormatter = formatter_that_reads(get_attribute)


class _SafeTypeMeta(type):
    def __call__(cls, *arguments: Any, **keywords: Any) -> Any:
        if len(arguments) == 1 and not keywords:
            return class_of(arguments[0])
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


SafeType.__name__ = SafeType.__qualname__ = "type"
