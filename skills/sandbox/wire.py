"""Typed values as bytes and as text: between host and worker, and in a store.

A closed list of types crosses as itself. A function crosses as its name, an object of
any other class as its type's name and its repr. Nothing is ever pickled, and no class,
module or function is looked up by a name that stands in the data, so decoding what a
hostile worker wrote gives plain values or a `WireError`. numpy and pandas are touched
when an array or a table is there.

As bytes (msgpack) a tagged value is a list whose first item is an extension of its kind's
code, without data: extensions in one another would be copied at every level. As text (JSON)
it is {"$": kind, "v": content}, bytes are base64.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgpack

from habilis.skills.sandbox.decode import Decoder, check_depth
from habilis.skills.sandbox.encode import encode, text_of, tree_of
from habilis.skills.sandbox.values import (
    MAX_BYTES,
    MAX_NODES,
    TAG,
    FunctionRef,
    Json,
    Opaque,
    Record,
    Table,
    Tagged,
    WireError,
)

__all__ = [
    "FunctionRef",
    "Json",
    "Opaque",
    "Record",
    "Table",
    "WireError",
    "decode",
    "dumps",
    "encode",
    "loads",
    "pack",
    "skim",
    "unpack",
]

_KINDS = (
    *("tuple", "set", "frozenset", "dict", "bytes", "bytearray", "float", "int", "complex"),
    *("decimal", "fraction", "datetime", "date", "time", "timedelta", "range", "array"),
    *("table", "record", "function", "opaque"),
)
_MARKS = {kind: msgpack.ExtType(code, b"") for code, kind in enumerate(_KINDS)}
_FAULTS = (ValueError, TypeError, KeyError, ArithmeticError, RecursionError)


def pack(
    value: object,
    *,
    limit_bytes: int = MAX_BYTES,
    name_function: Callable[..., str] | None = None,
    whole: bool = False,
) -> bytes:
    """Return `value` as bytes; `unpack` gives an equal value back.

    Subclasses of the basic types lose their class, numbers of other libraries become
    Python's own. What contains itself, or is nested deeper than `MAX_DEPTH`, is `Opaque`
    from there on. `name_function` says by what name a function can be called later.

    Raises:
        WireError: more than `MAX_NODES` parts or `limit_bytes` bytes; when it is to be
            `whole`, a function or an object that would cross as its name or repr only.
    """
    tree = tree_of(value, limit_bytes=limit_bytes, name_function=name_function, whole=whole)
    data: bytes = msgpack.packb(
        tree, default=_marked, strict_types=True, unicode_errors="surrogatepass"
    )
    if len(data) > limit_bytes:
        raise WireError("the value is too large to cross")
    return data


def _marked(node: Tagged) -> list[object]:
    return [_MARKS[node.kind], node.content]


def unpack(data: bytes, *, limit_bytes: int = MAX_BYTES) -> object:
    """Return the value that `pack` was given.

    Raises:
        WireError: `data` was not made by `pack`, or is longer than `limit_bytes`.
    """
    if len(data) > limit_bytes:
        raise WireError("the value is too large to cross")
    try:
        skim(data)
        return _Unpacking().value(data)
    except WireError:
        raise
    except (msgpack.UnpackException, *_FAULTS) as error:
        raise WireError(f"not an encoded value: {error}") from None


def skim(data: bytes) -> None:
    """Go over msgpack data without making anything of it.

    A list whose items are missing would be allocated, at the length it claims, before they
    are missed: skim whatever a worker sent before it is unpacked.

    Raises:
        WireError: it is not one whole value.
    """
    skimmer = msgpack.Unpacker(max_buffer_size=len(data) or 1)
    skimmer.feed(data)
    try:
        skimmer.skip()
    except (ValueError, msgpack.UnpackException) as error:
        raise WireError(f"not an encoded value: {error}") from None
    if skimmer.tell() != len(data):
        raise WireError("there is more than one value")


class _Unpacking(Decoder):
    """Takes in what msgpack meets, innermost first."""

    def __init__(self) -> None:
        super().__init__()
        self._marks = 0

    def value(self, data: bytes) -> object:
        value = msgpack.unpackb(
            data,
            ext_hook=self._mark,
            list_hook=self._list,
            object_hook=self._dict,
            timestamp=1,  # msgpack's own extension: a float rather than a type of its own
            unicode_errors="surrogatepass",
            max_array_len=MAX_NODES,
            max_map_len=MAX_NODES,
        )
        if self._marks:
            raise WireError("an extension stands where none belongs")
        check_depth(value)
        return value

    def _mark(self, code: int, data: bytes) -> _Mark:
        if not 0 <= code < len(_KINDS) or data:
            raise WireError(f"no such extension: {code}")
        self._marks += 1
        return _Mark(_KINDS[code])

    def _list(self, items: list[Any]) -> object:
        self.count(len(items) + 1)
        if items and type(items[0]) is _Mark:
            self._marks -= 1
            mark, content = items
            return self.tagged(mark.kind, content)
        return items

    def _dict(self, value: dict[str, Any]) -> dict[str, Any]:
        self.count(len(value) + 1)
        return value


class _Mark:
    __slots__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind = kind


def dumps(value: object) -> str:
    """Return `value` as one line of ASCII; equal plain values give equal text."""
    return text_of(tree_of(value, limit_bytes=MAX_BYTES))


def loads(text: str) -> object:
    """Return the value that `dumps` was given.

    Raises:
        WireError: the text was not made by `dumps`.
    """
    decoder = Decoder()

    def untagged(data: dict[str, Any]) -> object:
        if TAG not in data:
            return data
        if data.keys() != {TAG, "v"}:
            raise WireError(f"no such type: {str(data[TAG])[:80]!r}")
        return decoder.tagged(data[TAG], data["v"])

    try:
        value = json.loads(text, object_hook=untagged)
        check_depth(value)
    except WireError:
        raise
    except _FAULTS as error:
        raise WireError(f"not an encoded value: {error}") from None
    return value


def decode(data: Json) -> object:
    """Return the value that `encode` was given; raises as `loads` does."""
    try:
        return loads(json.dumps(data))
    except RecursionError:
        raise WireError("the data is nested too deeply") from None
