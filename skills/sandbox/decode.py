"""From plain JSON data to values. Written for data that a hostile process made.

Every tag has one reader in a closed table; what does not fit is a `WireError`.
"""

from __future__ import annotations

import base64
import datetime as dt
import importlib
import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from habilis.skills.sandbox.encode import ITEM_DTYPE, RAW_DTYPE
from habilis.skills.sandbox.values import (
    MAX_BYTES,
    MAX_DEPTH,
    TAG,
    FunctionRef,
    Json,
    Opaque,
    Record,
    WireError,
    shown,
)


def decode(data: Json) -> object:
    """Return the value that `encode` was given.

    Raises:
        WireError: `data` was not made by `encode`.
    """
    try:
        # A tag and its content are two levels, a pair in a dict or record one more.
        return _decode(data, 4 * MAX_DEPTH)
    except WireError:
        raise
    except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError) as error:
        raise WireError(f"not an encoded value: {error}") from None


def _decode(data: Json, depth: int) -> Any:
    if depth < 0:
        raise WireError("the data is nested too deeply")
    if isinstance(data, list):
        return [_decode(item, depth - 1) for item in data]
    if not isinstance(data, dict):
        return data
    if TAG not in data:
        return {key: _decode(item, depth - 1) for key, item in data.items()}
    kind = data[TAG]
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None or data.keys() != {TAG, "v"}:
        raise WireError(f"no such type: {str(kind)[:80]!r}")
    return reader(data["v"], depth - 1)


def _items(content: Json, depth: int) -> list[Any]:
    if not isinstance(content, list):
        raise WireError("a list was expected")
    return [_decode(item, depth - 1) for item in content]


def _string(content: Json) -> str:
    if not isinstance(content, str):
        raise WireError("a string was expected")
    return content


def _strings(content: Json, count: int) -> list[str]:
    if not isinstance(content, list) or len(content) != count:
        raise WireError(f"{count} strings were expected")
    return [_string(item) for item in content]


def _ints(content: Json, count: int) -> list[int]:
    return [int(text, 16) for text in _strings(content, count)]


def _hashable(value: Any) -> Any:
    """An object that hashes by identity may come over as data that does not hash."""
    try:
        hash(value)
    except TypeError:
        return Opaque(type(value).__name__, shown(value)[:2000])
    return value


def _set(content: Json, depth: int) -> set[Any]:
    return {_hashable(item) for item in _items(content, depth)}


def _dict(content: Json, depth: int) -> dict[Any, Any]:
    return {_hashable(key): value for key, value in _items(content, depth)}


def _record(content: Json, depth: int) -> Record:
    if not isinstance(content, list) or len(content) != 2:
        raise WireError("a record has a name and fields")
    pairs = _items(content[1], depth)
    return Record(_string(content[0]), tuple((_string(name), value) for name, value in pairs))


def _datetime(content: Json, depth: int) -> dt.datetime:
    text, fold = _items(content, depth)
    return dt.datetime.fromisoformat(_string(text)).replace(fold=fold)


def _time(content: Json, depth: int) -> dt.time:
    text, fold = _items(content, depth)
    return dt.time.fromisoformat(_string(text)).replace(fold=fold)


def _array(content: Json, depth: int) -> Any:
    if not isinstance(content, list) or len(content) != 3:
        raise WireError("an array has a type, a shape and data")
    dtype, shape, data = content
    if not isinstance(dtype, str) or not isinstance(shape, list) or len(shape) > 32:
        raise WireError("an array has a type and a shape")
    if any(type(length) is not int or length < 0 for length in shape):
        raise WireError("a length is a whole number")
    try:
        numpy = importlib.import_module("numpy")
    except ImportError:
        return Opaque("numpy.ndarray", f"{dtype} {shape}")
    if RAW_DTYPE.fullmatch(dtype):
        raw = numpy.frombuffer(base64.b64decode(_string(data)), dtype=dtype)
        return raw.reshape(shape).copy()
    if not ITEM_DTYPE.fullmatch(dtype):
        raise WireError(f"no such array type: {dtype!r}")
    items = _items(data, depth)
    if len(items) != math.prod(int(str(length)) for length in shape):
        raise WireError("an array's data does not fill its shape")
    if len(items) * numpy.dtype(dtype).itemsize > MAX_BYTES:
        raise WireError("an array is too large")
    flat = numpy.empty(len(items), dtype="O")
    flat[:] = items
    return flat.astype(dtype).reshape(shape)


_READERS: dict[str, Callable[[Json, int], object]] = {
    "tuple": lambda v, depth: tuple(_items(v, depth)),
    "set": _set,
    "frozenset": lambda v, depth: frozenset(_set(v, depth)),
    "dict": _dict,
    "bytes": lambda v, _: base64.b64decode(_string(v)),
    "bytearray": lambda v, _: bytearray(base64.b64decode(_string(v))),
    "float": lambda v, _: float(_string(v)),
    "int": lambda v, _: int(_string(v), 16),
    "complex": lambda v, _: complex(*map(float, _strings(v, 2))),
    "decimal": lambda v, _: Decimal(_string(v)),
    "fraction": lambda v, _: Fraction(*_ints(v, 2)),
    "datetime": _datetime,
    "date": lambda v, _: dt.date.fromisoformat(_string(v)),
    "time": _time,
    "timedelta": lambda v, depth: dt.timedelta(*_items(v, depth)),
    "range": lambda v, _: range(*_ints(v, 3)),
    "array": _array,
    "record": _record,
    "function": lambda v, _: FunctionRef(_string(v)),
    "opaque": lambda v, _: Opaque(*_strings(v, 2)),
}
