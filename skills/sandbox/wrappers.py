"""Stand-ins that read, name or make functions and classes: functools, operator, dataclasses.

Each closes a known way round the policy: an attribute path, a list of attributes to copy, or
a text that is made into code.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import inspect
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from habilis.skills.sandbox import names
from habilis.skills.sandbox.annotations import named_type
from habilis.skills.sandbox.attributes import get_attribute, guard_store
from habilis.skills.sandbox.classes import check_body, keep_patterns_plain

_WRAPPED = ("__module__", "__name__", "__qualname__", "__doc__", "__annotations__")


def attrgetter(*paths: str) -> Callable[[Any], Any]:
    def follow(value: Any, path: str) -> Any:
        return functools.reduce(get_attribute, path.split("."), value)

    if len(paths) == 1:
        return lambda value: follow(value, paths[0])
    return lambda value: tuple(follow(value, path) for path in paths)


def methodcaller(name: str, /, *arguments: Any, **keywords: Any) -> Callable[[Any], Any]:
    return lambda value: get_attribute(value, name)(*arguments, **keywords)


# functools


def update_wrapper(wrapper: Any, wrapped: Any, *_: Any, **__: Any) -> Any:
    """`functools.update_wrapper` that copies the usual attributes and no others."""
    guard_store(wrapper)
    for name in _WRAPPED:
        if hasattr(wrapped, name):
            setattr(wrapper, name, getattr(wrapped, name))
    if hasattr(wrapper, "__dict__"):
        if isinstance(wrapped, types.FunctionType):
            wrapper.__dict__.update(vars(wrapped))
        wrapper.__dict__["__wrapped__"] = wrapped
    return wrapper


def wraps(wrapped: Any, *_: Any, **__: Any) -> Callable[[Any], Any]:
    return lambda wrapper: update_wrapper(wrapper, wrapped)


def total_ordering(kind: Any) -> Any:
    return functools.total_ordering(guard_store(kind))


def singledispatch(function: Any) -> Any:
    """`functools.singledispatch` whose annotations are looked up, not evaluated."""
    dispatcher = functools.singledispatch(function)

    def call(*arguments: Any, **keywords: Any) -> Any:
        return dispatcher(*arguments, **keywords)

    def register(kind: Any, implementation: Any = None) -> Any:
        if implementation is not None:
            return dispatcher.register(kind, implementation)
        if isinstance(kind, (type, types.UnionType)):
            return lambda later: dispatcher.register(kind, later)
        return dispatcher.register(_first_annotation(kind), kind)

    update_wrapper(_own(call), function)
    vars(call).update(
        register=register,
        dispatch=dispatcher.dispatch,
        registry=dispatcher.registry,
    )
    return call


class singledispatchmethod:  # noqa: N801 - the name it stands in for
    """`functools.singledispatchmethod` with the same restriction."""

    def __init__(self, function: Any) -> None:
        self._call = singledispatch(function)

    def register(self, kind: Any, method: Any = None) -> Any:
        return self._call.register(kind, method)

    def __get__(self, instance: Any, owner: Any = None) -> Callable[..., Any]:
        def call(*arguments: Any, **keywords: Any) -> Any:
            method = self._call.dispatch(type(arguments[0]))
            return method.__get__(instance, owner)(*arguments, **keywords)

        return call


def _first_annotation(function: Any) -> Any:
    if isinstance(function, (staticmethod, classmethod)):
        function = function.__func__
    hints = [hint for key, hint in function.__annotations__.items() if key != "return"]
    hint = named_type(hints[0], function) if hints and isinstance(hints[0], str) else hints[:1]
    hint = hint[0] if isinstance(hint, list) and hint else hint
    if not isinstance(hint, (type, types.UnionType)):
        raise TypeError("register() needs a class as the first annotation or as argument")
    return hint


def _own(function: Any) -> Any:
    function.__module__ = "__main__"
    return function


# dataclasses, named tuples: their methods are made from text that holds the fields' names


def dataclass(kind: Any = None, /, **options: Any) -> Any:
    """`dataclasses.dataclass` for classes of the sandbox."""
    if kind is None:
        return lambda later: dataclass(later, **options)
    _check_fields(getattr(kind, "__annotations__", {}))
    return keep_patterns_plain(dataclasses.dataclass(**options)(guard_store(kind)))


def make_dataclass(
    name: str,
    fields: Iterable[Any],
    *,
    bases: tuple[type, ...] = (),
    namespace: Mapping[str, Any] | None = None,
    **options: Any,
) -> Any:
    """`dataclasses.make_dataclass` of a class as a statement could define it."""
    fields = list(fields)
    _check_fields([field if isinstance(field, str) else field[0] for field in fields])
    check_body(namespace or {})
    own = {**(namespace or {}), "__module__": "__main__"}
    made = dataclasses.make_dataclass(name, fields, bases=bases, namespace=own, **options)
    made.__module__ = "__main__"
    return keep_patterns_plain(made)


def namedtuple(name: str, fields: Any, *, module: str | None = None, **options: Any) -> Any:
    make: Any = collections.namedtuple
    return keep_patterns_plain(make(name, fields, module="__main__", **options))


def _check_fields(fields: Iterable[Any]) -> None:
    for field in fields:
        if type(field) is not str or not field.isidentifier() or names.is_dunder(field):
            raise TypeError(f"field names must be plain identifiers: {field!r}")
        if field in names.HOOKS:
            raise TypeError(f"the name {field!r} is reserved; choose another")


# inspect


def getmembers(value: Any, predicate: Callable[[Any], bool] | None = None) -> list[Any]:
    """`inspect.getmembers` of what code could read by name; special methods are left out."""
    found = []
    for name in sorted(dir(value)):
        try:
            member = None if names.is_dunder(name) else get_attribute(value, name)
        except AttributeError:
            continue
        if not names.is_dunder(name) and (predicate is None or predicate(member)):
            found.append((name, member))
    return found


def inspect_names(_module: Any) -> Mapping[str, Any]:
    """Return the stand-ins. Signatures never evaluate text: it would see the real builtins."""
    from_callable = inspect.Signature.from_callable

    def of_callable(cls: Any, value: Any, *, follow_wrapped: bool = True, **_: Any) -> Any:
        return from_callable(value, follow_wrapped=follow_wrapped)

    inspect.Signature.from_callable = classmethod(of_callable)  # type: ignore
    return INSPECT


def getsource(_: Any) -> str:
    raise OSError("source code is not available in the sandbox")


FUNCTOOLS: Mapping[str, Any] = {
    "update_wrapper": update_wrapper,
    "wraps": wraps,
    "total_ordering": total_ordering,
    "singledispatch": singledispatch,
    "singledispatchmethod": singledispatchmethod,
}
DATACLASSES: Mapping[str, Any] = {"dataclass": dataclass, "make_dataclass": make_dataclass}
INSPECT: Mapping[str, Any] = {
    "signature": lambda function, *, follow_wrapped=True: inspect.signature(
        function, follow_wrapped=follow_wrapped
    ),
    "get_annotations": lambda value: dict(getattr(value, "__annotations__", {})),
    "getfullargspec": lambda function: inspect.getfullargspec(function),
    "getmembers": getmembers,
    "getmro": lambda kind: get_attribute(kind, "__mro__"),
    "getsource": getsource,
}
OPERATOR: Mapping[str, Any] = {"attrgetter": attrgetter, "methodcaller": methodcaller}
