"""From tags to values. Written for data that a hostile process made.

Every tag has one reader in a closed table; what does not fit is a `WireError`. Text and
bytes are read inside out: the content that a reader is given is decoded already.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from habilis.skills.sandbox.arrays import buffer, read_array
from habilis.skills.sandbox.tables import make_table
from habilis.skills.sandbox.values import (
    COLUMN_NODES,
    MAX_BYTES,
    MAX_DEPTH,
    MAX_FRACTION_BITS,
    MAX_NODES,
    Column,
    FunctionRef,
    Opaque,
    Record,
    Table,
    WireError,
    shown,
)

_MOST_ALIKE = 100  # different keys that have the hash of another one


class Decoder:
    """Reads one message, and stops at one that would become much larger than it is."""

    def __init__(self) -> None:
        self._nodes_left = 4 * MAX_NODES  # a tag and its content are several
        self._bytes_left = MAX_BYTES

    def tagged(self, kind: object, content: Any) -> Any:
        """Return the value of this kind."""
        reader = _READERS.get(kind) if isinstance(kind, str) else None
        if reader is None:
            raise WireError(f"no such type: {str(kind)[:80]!r}")
        return reader(self, content)

    def count(self, nodes: int) -> None:
        self._nodes_left -= nodes
        if self._nodes_left < 0:
            raise WireError(f"the value has more than {MAX_NODES:,} parts")

    def spend(self, count: int) -> None:
        self._bytes_left -= count
        if self._bytes_left < 0:
            raise WireError("an array is too large")


def check_depth(value: object) -> None:
    """Refuse what is nested deeper than anything encoded: comparing or showing it would fail."""
    level: list[object] = [value]
    for _ in range(MAX_DEPTH + 2):
        level = [item for each in level for item in _containers_in(each)]
        if not level:
            return
    raise WireError("the value is nested too deeply")


def _containers_in(value: Any) -> Iterable[object]:
    if isinstance(value, Record):
        value = [each for _, each in value.fields]
    elif type(value) is dict:
        value = [*value, *value.values()]
    elif type(value).__name__ == "ndarray" and value.dtype.kind == "O":
        value = value.ravel().tolist()
    if type(value) not in _CONTAINERS or set(map(type, value)) <= _FLAT:
        return ()
    return [item for item in value if type(item) not in _FLAT]


_CONTAINERS = frozenset({list, tuple, set, frozenset})
_FLAT = frozenset({type(None), bool, int, float, str, bytes})


def _items(content: Any) -> list[Any]:
    if type(content) is not list:
        raise WireError("a list was expected")
    return content


def _string(content: Any) -> str:
    if type(content) is not str:
        raise WireError("a string was expected")
    return content


def _strings(content: Any, count: int) -> list[str]:
    if type(content) is not list or len(content) != count:
        raise WireError(f"{count} strings were expected")
    return [_string(item) for item in content]


def _ints(content: Any, count: int) -> list[int]:
    return [int(text, 16) for text in _strings(content, count)]


def _keys(items: Iterable[Any]) -> list[Any]:
    """Return these as keys. An object that hashes by identity may come over as data that
    does not hash. Different keys of one hash, which integers can be made to have, are
    refused: each would be compared with all of them.
    """
    keys = list(map(_hashable, items))
    most = len(set(map(hash, keys))) + _MOST_ALIKE
    if len(keys) > most and len(set(map(shown, keys))) > most:
        raise WireError("too many keys have one hash")
    return keys


def _hashable(value: Any) -> Any:
    try:
        hash(value)
    except TypeError:
        return Opaque(type(value).__name__, shown(value)[:2000])
    return value


def _dict(content: Any) -> dict[Any, Any]:
    pairs = [(key, value) for key, value in map(_items, _items(content))]
    return dict(zip(_keys(key for key, _ in pairs), (value for _, value in pairs), strict=True))


def _fraction(content: Any) -> Fraction:
    parts = _ints(content, 2)
    if max(part.bit_length() for part in parts) > MAX_FRACTION_BITS:
        raise WireError("a fraction is too long")
    return Fraction(*parts)


def _record(content: Any) -> Record:
    name, pairs = _items(content)
    return Record(
        _string(name), tuple((_string(field), each) for field, each in map(_items, _items(pairs)))
    )


def _datetime(content: Any) -> dt.datetime:
    text, fold = _items(content)
    return dt.datetime.fromisoformat(_string(text)).replace(fold=fold)


def _time(content: Any) -> dt.time:
    text, fold = _items(content)
    return dt.time.fromisoformat(_string(text)).replace(fold=fold)


def _table(decoder: Decoder, content: Any) -> object:
    def columns(part: Any) -> list[Column]:
        decoder.count(4 * COLUMN_NODES * len(_items(part)))
        triples = [(name, _string(dtype), values) for name, dtype, values in map(_items, part)]
        for _, _, values in triples:
            check_depth(values)
        return [Column(_hashable(name), dtype, values) for name, dtype, values in triples]

    kind, *parts = _items(content)
    labels, index, data = map(columns, parts)
    for level in (*labels, *index):
        if isinstance(level.values, list):
            level.values[:] = _keys(level.values)
    return make_table(Table(_string(kind), labels, index, data))


_READERS: dict[str, Callable[[Decoder, Any], object]] = {
    "tuple": lambda _, v: tuple(_items(v)),
    "set": lambda _, v: set(_keys(_items(v))),
    "frozenset": lambda _, v: frozenset(_keys(_items(v))),
    "dict": lambda _, v: _dict(v),
    "bytes": lambda _, v: buffer(v),
    "bytearray": lambda _, v: bytearray(buffer(v)),
    "float": lambda _, v: float(_string(v)),
    "int": lambda _, v: int(_string(v), 16),
    "complex": lambda _, v: complex(*map(float, _strings(v, 2))),
    "decimal": lambda _, v: Decimal(_string(v)),
    "fraction": lambda _, v: _fraction(v),
    "datetime": lambda _, v: _datetime(v),
    "date": lambda _, v: dt.date.fromisoformat(_string(v)),
    "time": lambda _, v: _time(v),
    "timedelta": lambda _, v: dt.timedelta(*_items(v)),
    "range": lambda _, v: range(*_ints(v, 3)),
    "array": lambda decoder, v: read_array(v, decoder.spend),
    "table": _table,
    "record": lambda _, v: _record(v),
    "function": lambda _, v: FunctionRef(_string(v)),
    "opaque": lambda _, v: Opaque(*_strings(v, 2)),
}
