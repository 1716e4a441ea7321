"""From values to the small closed tree that `wire` writes as text or as bytes."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import json
import math
import numbers
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from habilis.skills.sandbox import arrays, tables
from habilis.skills.sandbox.values import (
    COLUMN_NODES,
    MAX_BYTES,
    MAX_DEPTH,
    MAX_FRACTION_BITS,
    MAX_NODES,
    TAG,
    Column,
    FunctionRef,
    Json,
    Opaque,
    Record,
    Table,
    Tagged,
    Tree,
    WireError,
    opaque,
)

_LARGE_INT = 2**63


def tree_of(
    value: object,
    *,
    limit_bytes: int,
    name_function: Callable[..., str] | None = None,
    whole: bool = False,
) -> Tree:
    """Return `value` as scalars, bytes, lists, dicts and `Tagged`: a list, a dict of texts
    and a scalar stand for themselves, all else is tagged.

    Raises:
        WireError: more than `MAX_NODES` parts or about `limit_bytes` bytes, or a part that
            would cross as its name or repr only, when it is to be `whole`.
    """
    return _Walker(limit_bytes, name_function, whole).tree(value, MAX_DEPTH)


def text_of(tree: Tree) -> str:
    """Return a tree as one line of ASCII."""
    return json.dumps(
        tree, ensure_ascii=True, allow_nan=False, separators=(",", ":"), default=_json
    )


def encode(
    value: object, *, limit_bytes: int = MAX_BYTES, name_function: Callable[..., str] | None = None
) -> Json:
    """Return what `text_of` writes, as JSON data."""
    tree = tree_of(value, limit_bytes=limit_bytes, name_function=name_function)
    data: Json = json.loads(text_of(tree))
    return data


def _json(node: Tagged | bytes) -> object:
    if isinstance(node, bytes):
        return base64.b64encode(node).decode()
    return {TAG: node.kind, "v": node.content}


class _Walker:
    def __init__(
        self, limit_bytes: int, name_function: Callable[..., str] | None, whole: bool
    ) -> None:
        self._bytes_left = limit_bytes
        self._nodes_left = MAX_NODES
        self._open: set[int] = set()
        self._name_function, self._whole = name_function, whole

    def tree(self, value: Any, depth: int) -> Tree:
        self._nodes_left -= 1
        self._bytes_left -= 8
        if self._nodes_left < 0 or self._bytes_left < 0:
            self._count(0)
        leaf = _LEAVES.get(type(value))
        if leaf is not None:
            return leaf(self, value)
        if isinstance(value, _BASES):
            return self._of_base(value)
        if depth <= 0 or id(value) in self._open:
            return self._opaque(value)
        self._open.add(id(value))
        try:
            write = _CONTAINERS.get(type(value)) or _Walker._other
            return write(self, value, depth)
        finally:
            self._open.discard(id(value))

    def _of_base(self, value: Any) -> Tree:
        """Take the class off. `str()` would ask it, and an Enum's says other things."""
        if isinstance(value, str):
            return self._text(str.__str__(value))
        if isinstance(value, int):
            return self._integer(int.__int__(value))
        if isinstance(value, float):
            return self._float(float.__float__(value))
        return self._bytes(value)

    def _other(self, value: Any, depth: int) -> Tree:
        if dataclasses.is_dataclass(value) or hasattr(type(value), "_fields"):
            return self._record(value, depth)
        for kind, write in _CONTAINERS.items():
            if isinstance(value, kind):
                return write(self, value, depth)
        return self._foreign(value, depth)

    def _count(self, nodes: int) -> None:
        self._nodes_left -= nodes
        if self._nodes_left < 0:
            raise WireError(f"the value has more than {MAX_NODES:,} parts")
        self._spend(8 * nodes)

    def _spend(self, count: int) -> None:
        self._bytes_left -= count
        if self._bytes_left < 0:
            raise WireError("the value is too large to cross")

    def _text(self, value: str) -> Tree:
        self._spend(len(value))
        return value

    def _float(self, value: float) -> Tree:
        return value if math.isfinite(value) else Tagged("float", str(value))

    def _integer(self, value: int) -> Tree:
        # json writes decimal digits, which Python caps at 4,300 of them; hex has no cap.
        self._spend(value.bit_length() // 4)
        return value if -_LARGE_INT <= value < _LARGE_INT else Tagged("int", hex(value))

    def _items(self, values: Sequence[Any], depth: int) -> list[Tree]:
        if _need_no_look(values):
            self._count(len(values))
            self._spend(sum(map(len, values)) if values and type(values[0]) is str else 0)
            return list(values)
        return [self.tree(item, depth - 1) for item in values]

    def _list(self, value: list[object], depth: int) -> Tree:
        return self._items(value, depth)

    def _tuple(self, value: tuple[object, ...], depth: int) -> Tree:
        return Tagged("tuple", self._items(value, depth))

    def _set(self, value: set[object] | frozenset[object], depth: int) -> Tree:
        # Sorted by their text, so that equal sets give equal text under any hash seed.
        items = sorted(self._items(list(value), depth), key=text_of)
        return Tagged("frozenset" if isinstance(value, frozenset) else "set", items)

    def _dict(self, value: dict[Any, object], depth: int) -> Tree:
        if TAG not in value and set(map(type, value)) <= {str}:
            self._spend(sum(map(len, value)))
            return {key: self.tree(item, depth - 1) for key, item in value.items()}
        return Tagged("dict", [self._items(pair, depth) for pair in list(value.items())])

    def _bytes(self, value: bytes | bytearray) -> Tree:
        self._spend(len(value))
        name = "bytearray" if isinstance(value, bytearray) else "bytes"
        return Tagged(name, bytes(memoryview(value)))

    def _fraction(self, value: Fraction) -> Tree:
        parts = (value.numerator, value.denominator)
        if max(part.bit_length() for part in parts) > MAX_FRACTION_BITS:
            return self._opaque(value)
        return Tagged("fraction", [hex(part) for part in parts])

    def _record(self, value: Any, depth: int) -> Tree:
        if isinstance(value, type):
            return self._opaque(value)
        if isinstance(value, FunctionRef):
            return self._stand_in("function", value.name, value)
        if isinstance(value, Opaque):
            return self._stand_in("opaque", [value.type, value.text], value)
        if isinstance(value, Table):
            return self._table(value, depth)
        if isinstance(value, Record):
            name, pairs = value.type, list(value.fields)
        else:
            name = type(value).__name__
            fields = getattr(value, "__dataclass_fields__", None) or type(value)._fields
            pairs = [(field, getattr(value, field, None)) for field in fields]
        return Tagged("record", [name, [self._items(pair, depth) for pair in pairs]])

    def _table(self, table: Table, depth: int) -> Tree:
        def column(each: Column) -> Tree:
            self._count(COLUMN_NODES)
            return [self.tree(each.name, depth - 1), each.dtype, self.tree(each.values, depth)]

        parts = (table.columns, table.index, table.data)
        return Tagged("table", [table.type, *([column(each) for each in part] for part in parts)])

    def _foreign(self, value: Any, depth: int) -> Tree:
        if arrays.of_numpy(value):
            return self._numpy(value, depth)
        plain = tables.plain(value)
        if plain is not value:
            return self.tree(plain, depth)
        if isinstance(value, numbers.Number):
            return self._number(value, depth)
        name = getattr(value, "__name__", None)
        if callable(value) and not isinstance(value, type) and isinstance(name, str):
            name = self._name_function(value) if self._name_function else name
            return self._stand_in("function", name, value)
        return self._opaque(value)

    def _number(self, value: Any, depth: int) -> Tree:
        """Numbers of sympy, mpmath, gmpy2 register in `numbers`: they cross as Python's own."""
        for kind, convert in _NUMBERS:
            if isinstance(value, kind):
                try:
                    return self.tree(convert(value), depth - 1)
                except (TypeError, ValueError, ArithmeticError, AttributeError):
                    break
        return self._opaque(value)

    def _numpy(self, value: Any, depth: int) -> Tree:
        if type(value).__name__ in ("ndarray", "matrix"):
            tree = arrays.array_tree(value, lambda each: self._items(each, depth), self._spend)
            return tree or self._opaque(value)
        plain = arrays.plain_number(value) if value.shape == () else value
        return self._opaque(value) if plain is value else self.tree(plain, depth)

    def _opaque(self, value: object) -> Tree:
        seen = opaque(value)
        self._spend(len(seen.text))
        return self._stand_in("opaque", [seen.type, seen.text], value)

    def _stand_in(self, kind: str, content: Tree, value: object) -> Tree:
        if self._whole:
            raise WireError(f"{type(value).__name__!r} is no plain data")
        return Tagged(kind, content)


def _need_no_look(values: Sequence[Any]) -> bool:
    """Tell whether all of these are scalars of one type that stand for themselves.

    A million floats take 20 ms this way and 400 one by one.
    """
    kinds = set(map(type, values))
    if kinds == {float}:
        return all(map(math.isfinite, values))
    if kinds == {int}:
        return bool(min(values) >= -_LARGE_INT and max(values) < _LARGE_INT)
    return kinds <= {bool} or kinds == {str}


_LEAVES: dict[type, Callable[[_Walker, Any], Tree]] = {
    type(None): lambda _, v: None,
    bool: lambda _, v: bool(v),
    str: _Walker._text,
    int: _Walker._integer,
    float: _Walker._float,
    bytes: _Walker._bytes,
    bytearray: _Walker._bytes,
    Fraction: _Walker._fraction,
    complex: lambda _, v: Tagged("complex", [str(v.real), str(v.imag)]),
    Decimal: lambda _, v: Tagged("decimal", str(v)),
    dt.datetime: lambda _, v: Tagged("datetime", [v.isoformat(), v.fold]),
    dt.date: lambda _, v: Tagged("date", v.isoformat()),
    dt.time: lambda _, v: Tagged("time", [v.isoformat(), v.fold]),
    dt.timedelta: lambda _, v: Tagged("timedelta", [v.days, v.seconds, v.microseconds]),
    range: lambda _, v: Tagged("range", [hex(v.start), hex(v.stop), hex(v.step)]),
}
_BASES = (str, int, float, bytes, bytearray)
_CONTAINERS: dict[type, Callable[[_Walker, Any, int], Tree]] = {
    list: _Walker._list,
    tuple: _Walker._tuple,
    dict: _Walker._dict,
    set: _Walker._set,
    frozenset: _Walker._set,
}
_NUMBERS: list[tuple[type, Callable[[Any], object]]] = [
    (numbers.Integral, int),
    (numbers.Rational, lambda v: Fraction(int(v.numerator), int(v.denominator))),
    (numbers.Real, float),
    (numbers.Complex, complex),
]
