"""From values to plain JSON data. What may cross, and how, is said in `wire`."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import json
import math
import numbers
import re
import sys
from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from habilis.skills.sandbox.values import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_NODES,
    TAG,
    FunctionRef,
    Json,
    Opaque,
    Record,
    WireError,
    opaque,
)

_LARGE_INT = 2**63
RAW_DTYPE = re.compile(r"[<|](?:[biu][1248]|f[248]|c8|c16|[mM]8(?:\[\d*[a-zA-Zμ]{1,2}\])?)")
ITEM_DTYPE = re.compile(r"[<|](?:[US]\d{1,9}|O)")


def encode(
    value: object, *, limit_bytes: int = MAX_BYTES, name_function: Callable[..., str] | None = None
) -> Json:
    """Return `value` as plain JSON data; `decode` gives an equal value back.

    Subclasses of the basic types lose their class, numbers of other libraries become
    Python's own. What contains itself, or is nested deeper than `MAX_DEPTH`, is `Opaque`
    from there on. `name_function` says by what name a function can be called later.

    Raises:
        WireError: more than `MAX_NODES` parts or about `limit_bytes` bytes.
    """
    return _Encoder(limit_bytes, name_function).encode(value, MAX_DEPTH)


def text_of(data: Json) -> str:
    """Return JSON data as one line of ASCII."""
    return json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def _tagged(kind: str, content: Json) -> Json:
    return {TAG: kind, "v": content}


class _Encoder:
    def __init__(self, limit_bytes: int, name_function: Callable[..., str] | None) -> None:
        self._bytes_left = limit_bytes
        self._nodes_left = MAX_NODES
        self._open: set[int] = set()
        self._name_function = name_function

    def encode(self, value: Any, depth: int) -> Json:
        self._nodes_left -= 1
        self._spend(8)
        if self._nodes_left < 0:
            raise WireError(f"the value has more than {MAX_NODES:,} parts")
        if value is None or value is True or value is False:
            return value
        if isinstance(value, str):
            self._spend(len(value))
            return str.__str__(value)  # not str(): an Enum's says something else
        if isinstance(value, int):
            return self._integer(int.__int__(value))
        if isinstance(value, float):
            plain = float.__float__(value)
            return plain if math.isfinite(plain) else _tagged("float", str(plain))
        return self._compound(value, depth)

    def _compound(self, value: Any, depth: int) -> Json:
        if depth <= 0 or id(value) in self._open:
            return self._opaque(value)
        self._open.add(id(value))
        try:
            if dataclasses.is_dataclass(value) or hasattr(type(value), "_fields"):
                return self._record(value, depth)
            for kind, write in _CONTAINERS.items():
                if isinstance(value, kind):
                    return write(self, value, depth)
            for kind, name, scalar in _SCALARS:
                if type(value) is kind:
                    return _tagged(name, scalar(value))
            return self._foreign(value, depth)
        finally:
            self._open.discard(id(value))

    def _spend(self, count: int) -> None:
        self._bytes_left -= count
        if self._bytes_left < 0:
            raise WireError("the value is too large to cross")

    def _integer(self, value: int) -> Json:
        # json writes decimal digits, which Python caps at 4,300 of them; hex has no cap.
        self._spend(value.bit_length() // 4)
        return value if -_LARGE_INT <= value < _LARGE_INT else _tagged("int", hex(value))

    def _items(self, value: Iterable[object], depth: int) -> list[Json]:
        return [self.encode(item, depth - 1) for item in value]

    def _list(self, value: list[object], depth: int) -> Json:
        return list(self._items(value, depth))

    def _tuple(self, value: tuple[object, ...], depth: int) -> Json:
        return _tagged("tuple", list(self._items(value, depth)))

    def _set(self, value: set[object] | frozenset[object], depth: int) -> Json:
        # Sorted by their text, so that equal sets give equal text under any hash seed.
        items = sorted(self._items(value, depth), key=text_of)
        return _tagged("frozenset" if isinstance(value, frozenset) else "set", list(items))

    def _dict(self, value: dict[object, object], depth: int) -> Json:
        if all(type(key) is str for key in value) and TAG not in value:
            return {str(key): self.encode(item, depth - 1) for key, item in value.items()}
        return _tagged("dict", [self._items(pair, depth) for pair in list(value.items())])

    def _bytes(self, value: bytes | bytearray, depth: int) -> Json:
        self._spend(len(value) * 4 // 3)
        name = "bytearray" if isinstance(value, bytearray) else "bytes"
        return _tagged(name, base64.b64encode(value).decode())

    def _record(self, value: Any, depth: int) -> Json:
        if isinstance(value, type):
            return self._opaque(value)
        if isinstance(value, FunctionRef):
            return _tagged("function", value.name)
        if isinstance(value, Opaque):
            return _tagged("opaque", [value.type, value.text])
        if isinstance(value, Record):
            name, pairs = value.type, list(value.fields)
        else:
            name = type(value).__name__
            fields = getattr(value, "__dataclass_fields__", None) or type(value)._fields
            pairs = [(field, getattr(value, field, None)) for field in fields]
        return _tagged("record", [name, [self._items(pair, depth) for pair in pairs]])

    def _foreign(self, value: Any, depth: int) -> Json:
        numpy = sys.modules.get("numpy")
        if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
            return self._numpy(value, depth)
        if isinstance(value, numbers.Number):
            return self._number(value, depth)
        name = getattr(value, "__name__", None)
        if callable(value) and not isinstance(value, type) and isinstance(name, str):
            name = self._name_function(value) if self._name_function else name
            return _tagged("function", name)
        return self._opaque(value)

    def _number(self, value: Any, depth: int) -> Json:
        """Numbers of sympy, mpmath, gmpy2 register in `numbers`: they cross as Python's own."""
        ladder: list[tuple[type, Callable[[Any], object]]] = [
            (numbers.Integral, int),
            (numbers.Rational, lambda v: Fraction(int(v.numerator), int(v.denominator))),
            (numbers.Real, float),
            (numbers.Complex, complex),
        ]
        for kind, convert in ladder:
            if isinstance(value, kind):
                try:
                    return self.encode(convert(value), depth - 1)
                except (TypeError, ValueError, ArithmeticError, AttributeError):
                    break
        return self._opaque(value)

    def _numpy(self, value: Any, depth: int) -> Json:
        kind, dtype = value.dtype.kind, value.dtype.newbyteorder("<").str
        if type(value).__name__ not in ("ndarray", "matrix"):
            if kind not in "biufc" or value.shape != ():
                return self._opaque(value)
            # `item()` of a long double gives a long double again.
            convert = {"f": float, "c": complex}.get(kind)
            return self.encode(convert(value) if convert else value.item(), depth)
        shape: list[Json] = [int(length) for length in value.shape]
        if RAW_DTYPE.fullmatch(dtype):
            raw = value.astype(dtype).tobytes()
            self._spend(len(raw) * 4 // 3)
            return _tagged("array", [dtype, shape, base64.b64encode(raw).decode()])
        if ITEM_DTYPE.fullmatch(dtype):
            items = self._items(value.ravel().tolist(), depth)
            return _tagged("array", [dtype, shape, list(items)])
        return self._opaque(value)

    def _opaque(self, value: object) -> Json:
        seen = opaque(value)
        self._spend(len(seen.text))
        return _tagged("opaque", [seen.type, seen.text])


_CONTAINERS: dict[Any, Callable[[_Encoder, Any, int], Json]] = {
    list: _Encoder._list,
    tuple: _Encoder._tuple,
    dict: _Encoder._dict,
    (set, frozenset): _Encoder._set,
    (bytes, bytearray): _Encoder._bytes,
}
_SCALARS: list[tuple[type, str, Callable[[Any], Json]]] = [
    (complex, "complex", lambda v: [str(v.real), str(v.imag)]),
    (Decimal, "decimal", str),
    (Fraction, "fraction", lambda v: [hex(v.numerator), hex(v.denominator)]),
    (dt.datetime, "datetime", lambda v: [v.isoformat(), v.fold]),
    (dt.date, "date", lambda v: v.isoformat()),
    (dt.time, "time", lambda v: [v.isoformat(), v.fold]),
    (dt.timedelta, "timedelta", lambda v: [v.days, v.seconds, v.microseconds]),
    (range, "range", lambda v: [hex(v.start), hex(v.stop), hex(v.step)]),
]
