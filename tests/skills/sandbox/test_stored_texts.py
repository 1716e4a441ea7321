"""Texts in libraries that exist must stay readable, and be written the same today."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from habilis.skills.sandbox.wire import FunctionRef, Opaque, Record, dumps, loads

TEXTS: list[tuple[object, str]] = [
    ([1.5, "é", None, True], r'[1.5,"\u00e9",null,true]'),
    ({"a": [1]}, '{"a":[1]}'),
    ({"$": 2}, '{"$":"dict","v":[["$",2]]}'),
    ({1: (2,)}, '{"$":"dict","v":[[1,{"$":"tuple","v":[2]}]]}'),
    ({3, 20, "a"}, '{"$":"set","v":["a",20,3]}'),
    (frozenset("a"), '{"$":"frozenset","v":["a"]}'),
    (b"abc", '{"$":"bytes","v":"YWJj"}'),
    (bytearray(b"x"), '{"$":"bytearray","v":"eA=="}'),
    (2**64, '{"$":"int","v":"0x10000000000000000"}'),
    (float("inf"), '{"$":"float","v":"inf"}'),
    (1 + 2j, '{"$":"complex","v":["1.0","2.0"]}'),
    (Decimal("1.10"), '{"$":"decimal","v":"1.10"}'),
    (Fraction(-1, 3), '{"$":"fraction","v":["-0x1","0x3"]}'),
    (dt.datetime(2024, 1, 2, fold=1), '{"$":"datetime","v":["2024-01-02T00:00:00",1]}'),
    (dt.date(2024, 1, 2), '{"$":"date","v":"2024-01-02"}'),
    (dt.time(1, 2), '{"$":"time","v":["01:02:00",0]}'),
    (dt.timedelta(1, 2, 3), '{"$":"timedelta","v":[1,2,3]}'),
    (range(3), '{"$":"range","v":["0x0","0x3","0x1"]}'),
    (np.array([[1]], dtype="i4"), '{"$":"array","v":["<i4",[1,1],"AQAAAA=="]}'),
    (np.array(["a"]), '{"$":"array","v":["<U1",[1],["a"]]}'),
    (Record("P", (("x", 1),)), '{"$":"record","v":["P",[["x",1]]]}'),
    (FunctionRef("f"), '{"$":"function","v":"f"}'),
    (Opaque("a", "b"), '{"$":"opaque","v":["a","b"]}'),
]


@pytest.mark.parametrize(("value", "text"), TEXTS, ids=[text[:24] for _, text in TEXTS])
def test_stored_texts_keep_their_form(value: object, text: str) -> None:
    """Cases are compared by their texts, so the form is part of a library."""
    assert dumps(value) == text
    assert _shown(loads(text)) == _shown(value)
    assert type(loads(text)) is type(value)


def _shown(value: object) -> object:
    """Return the repr; sets show their items in an order that differs from run to run."""
    return sorted(map(repr, value)) if isinstance(value, set | frozenset) else repr(value)
