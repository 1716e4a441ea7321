"""Arrays and numbers of numpy, out and in: a type from a closed list, a shape, and one buffer."""

from __future__ import annotations

import base64
import importlib
import math
import re
import sys
from collections.abc import Callable
from typing import Any

from habilis.skills.sandbox.values import MAX_NODES, Opaque, Tagged, Tree, WireError

_RAW = re.compile(r"[<|](?:[biu][1248]|f[248]|c8|c16|[mM]8(?:\[\d*[a-zA-Zμ]{1,2}\])?)")
_ITEMS = re.compile(r"[<|](?:[US]\d{1,9}|O)")


def of_numpy(value: object) -> bool:
    """Tell whether this is an array or a number of numpy, without importing it."""
    numpy = sys.modules.get("numpy")
    # It may be there in part only, while another thread imports it.
    return isinstance(value, (getattr(numpy, "ndarray", ()), getattr(numpy, "generic", ())))


def is_raw(dtype: Any) -> bool:
    """Tell whether arrays of this type cross as one buffer."""
    return _RAW.fullmatch(dtype.newbyteorder("<").str) is not None


def plain_number(value: Any) -> Any:
    """Return a number of numpy as Python's own; other scalars as they are."""
    if value.dtype.kind not in "biufc":
        return value
    # `item()` of a long double gives a long double again.
    convert = {"f": float, "c": complex}.get(value.dtype.kind)
    return convert(value) if convert else value.item()


def array_tree(
    array: Any, items: Callable[[list[object]], list[Tree]], spend: Callable[[int], None]
) -> Tagged | None:
    """Return what crosses of an array, or None for a type that does not cross."""
    little = array.dtype.newbyteorder("<")
    shape: list[Tree] = [int(length) for length in array.shape]
    if _RAW.fullmatch(little.str):
        spend(array.nbytes)
        return Tagged("array", [little.str, shape, array.astype(little, copy=False).tobytes()])
    if _ITEMS.fullmatch(little.str):
        return Tagged("array", [little.str, shape, list(items(array.ravel().tolist()))])
    return None


def read_array(content: Any, spend: Callable[[int], None]) -> Any:
    """Return the array, or an `Opaque` where numpy is not installed.

    Raises:
        WireError: the type is not in the list, or the data does not fill the shape.
    """
    dtype, shape, data = content
    lengths_ok = isinstance(shape, list) and len(shape) <= 32 and all(map(_is_length, shape))
    if not isinstance(dtype, str) or not lengths_ok:
        raise WireError("an array has a type and a shape")
    if math.prod(length or 1 for length in shape) > max(len(data), MAX_NODES):
        raise WireError("an array is larger than its data")
    try:
        numpy: Any = importlib.import_module("numpy")
    except (ImportError, OSError):  # not installed, or no file may be opened
        return Opaque("numpy.ndarray", f"{dtype} {shape}")
    if _RAW.fullmatch(dtype):
        raw = buffer(data)
        if dtype == "|b1" and raw.translate(None, b"\0\1"):
            raise WireError("a truth value is 0 or 1")
        return numpy.frombuffer(raw, dtype=dtype).reshape(shape).copy()
    if not _ITEMS.fullmatch(dtype) or not isinstance(data, list):
        raise WireError(f"no such array type: {dtype!r}")
    if len(data) != math.prod(shape):
        raise WireError("an array's data does not fill its shape")
    spend(len(data) * numpy.dtype(dtype).itemsize)  # texts are padded to the longest
    flat = numpy.empty(len(data), dtype="O")
    flat[:] = data
    return flat.astype(dtype).reshape(shape)


def buffer(content: object) -> bytes:
    """Return bytes, which in text are base64."""
    if isinstance(content, bytes):
        return content
    if isinstance(content, str):
        return base64.b64decode(content)
    raise WireError("bytes were expected")


def _is_length(value: object) -> bool:
    return type(value) is int and value >= 0
