"""Typed values as JSON: between host and worker, and as text in a store.

A closed list of types crosses as itself. A function crosses as its name, an object of
any other class as its type's name and its repr. Nothing is ever pickled, and no class,
module or function is looked up by a name that stands in the data, so decoding what a
hostile worker wrote gives plain values or a `WireError`. Only the standard library is
imported; numpy is touched when an array is there.
"""

from __future__ import annotations

import json

from habilis.skills.sandbox.decode import decode
from habilis.skills.sandbox.encode import encode, text_of
from habilis.skills.sandbox.values import FunctionRef, Json, Opaque, Record, WireError

__all__ = [
    "FunctionRef",
    "Json",
    "Opaque",
    "Record",
    "WireError",
    "decode",
    "dumps",
    "encode",
    "loads",
    "pack",
    "unpack",
]


def dumps(value: object) -> str:
    """Return `value` as one line of ASCII; equal plain values give equal text."""
    return text_of(encode(value))


def loads(text: str) -> object:
    """Return the value that `dumps` was given.

    Raises:
        WireError: the text was not made by `dumps`.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WireError(f"not an encoded value: {error}") from None
    return decode(data)


def pack(value: object, *, limit_bytes: int = 64 * 2**20) -> bytes:
    """Return a value as it crosses."""
    return text_of(encode(value, limit_bytes=limit_bytes)).encode()


def unpack(data: bytes) -> object:
    """Return the value that `pack` was given."""
    try:
        return loads(data.decode())
    except UnicodeDecodeError as error:
        raise WireError(str(error)) from None
