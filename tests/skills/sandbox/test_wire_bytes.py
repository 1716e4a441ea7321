"""Values as msgpack: hostile bytes give a value or an error, and never much more than they are."""

from __future__ import annotations

import datetime as dt
import tracemalloc
from decimal import Decimal
from fractions import Fraction

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from habilis.skills.sandbox import decode
from habilis.skills.sandbox.values import MAX_NODES
from habilis.skills.sandbox.wire import FunctionRef, Opaque, Record, WireError, pack, unpack

KINDS = [
    *("tuple", "set", "frozenset", "dict", "bytes", "bytearray", "float", "int", "complex"),
    *("decimal", "fraction", "datetime", "date", "time", "timedelta", "range", "array"),
    *("table", "record", "function", "opaque"),
]
SAMPLES = [
    pack(value)
    for value in (
        [1, 2.5, "x", None, True, b"ab", bytearray(b"c"), float("nan"), 10**30, 1 + 2j],
        [Decimal("1.5"), Fraction(1, 3), dt.timedelta(1, 2, 3), range(3), FunctionRef("f")],
        [dt.datetime(2024, 1, 1, tzinfo=dt.UTC), dt.date(2024, 1, 1), dt.time(1, 2)],
        {1: 2, "a": {3}, (4,): frozenset({5})},
        [np.arange(6).reshape(2, 3), np.array(["a", "bc"]), np.array([1, None], dtype=object)],
        [Record("P", (("x", 1),)), Opaque("a", "b"), {"$": 1}],
    )
]


def tagged(kind: str, content: object) -> list[object]:
    """Return what stands for a value of this kind on the wire."""
    return [msgpack.ExtType(KINDS.index(kind), b""), content]


def test_codes_do_not_change() -> None:
    """A host and a worker of one version speak, but what was recorded stays readable."""
    assert pack((1,)) == b"\x92\xc7\x00\x00\x91\x01"
    assert pack(b"a") == b"\x92\xc7\x00\x04\xc4\x01a"
    assert pack(Opaque("a", "b")) == b"\x92\xc7\x00\x14\x92\xa1a\xa1b"


def test_arrays_and_long_lists_are_buffers() -> None:
    """A million numbers take the bytes they have, not a text each."""
    assert len(pack(np.zeros(10**5))) < 8 * 10**5 + 50
    assert len(pack([0.5] * 10**5)) < 9 * 10**5 + 50


def test_a_long_list_is_the_same_whichever_way_it_is_looked_at() -> None:
    """Lists of one type are taken as they are, unless an item needs a tag."""
    for values in ([1.0, float("inf")], [1, 2**64], ["a", "\ud800"], [True, 1], [1, 2.0, None]):
        back = unpack(pack(values))
        assert repr(back) == repr(values)


@pytest.mark.parametrize(
    ("value", "limit"),
    [(["x" * 1000], 500), ({"k" * 1000: 1}, 500), ([0.5] * 1000, 500), (["é" * 80], 140)],
    ids=["text", "key", "floats", "longer in bytes"],
)
def test_the_limit_holds_for_the_bytes(value: object, limit: int) -> None:
    """What was packed within a limit is no longer than that, so the reader can hold it too."""
    with pytest.raises(WireError, match="too large"):
        pack(value, limit_bytes=limit)
    with pytest.raises(WireError, match="too large"):
        unpack(pack(value), limit_bytes=limit)


def test_too_many_parts_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where they need no look one by one, and where empty dicts outgrow their bytes."""
    with pytest.raises(WireError, match="parts"):
        pack([0] * (MAX_NODES + 1))
    monkeypatch.setattr(decode, "MAX_NODES", 1000)
    unpack(b"\xdc\x03\xe8" + b"\x80" * 1000)
    with pytest.raises(WireError, match="parts"):
        unpack(b"\x94" + (b"\xdc\x03\xe8" + b"\x80" * 1000) * 4)


def test_functions_are_named_by_the_caller() -> None:
    """A worker may know a function by another name than its own."""
    assert unpack(pack([len], name_function=lambda function: "count")) == [FunctionRef("count")]


@pytest.mark.parametrize("value", [len, object(), Opaque("a", "b"), FunctionRef("f")])
def test_a_whole_value_holds_no_stand_ins(value: object) -> None:
    """An input that would come in as its repr only is refused where it is given."""
    with pytest.raises(WireError, match=f"'{type(value).__name__}' is no plain data"):
        pack([{"a": (value,)}], whole=True)
    assert unpack(pack([1, {2}, "x"], whole=True)) == [1, {2}, "x"]


def test_keys_that_came_twice_count_once() -> None:
    """As in JSON, the last one does."""
    assert unpack(b"\x82\xa1a\x01\xa1a\x02") == {"a": 2}


def test_the_types_that_msgpack_brings_do_not_come_in() -> None:
    """Its own extension, a timestamp, is a plain number here."""
    assert unpack(msgpack.packb(msgpack.Timestamp(3))) == 3.0


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"\x01\x01",
        b"\x92\x01",
        b"\xa1\xff",
        b"\x81\x01\x01",
        b"\xc7\x00\x00",
        b"\xc7\x00\x63",
        b"\x92\xc7\x01\x00\x00\x90",
        b"\x91\xc7\x00\x00",
        b"\x92\x01\xc7\x00\x00",
        b"\x92\xc7\x00\x00\xc7\x00\x00",
        b"\x93\xc7\x00\x00\x90\x90",
        b"\x92\xc7\x00\x00\x80",
        b"\x81\xa1a\xc7\x00\x00",
        msgpack.packb(tagged("fraction", ["0x" + "f" * 10**5, "0x3"])),
        msgpack.packb(tagged("array", ["|b1", [1], b"\x02"])),
        msgpack.packb(tagged("array", ["<i8", [2], b"\0" * 8])),
        msgpack.packb(tagged("array", ["<i8", [10**9, 0], b""])),
        msgpack.packb(tagged("array", ["|O8", [1], b"\0" * 8])),
        msgpack.packb(tagged("array", ["<f8", [True], b"\0" * 8])),
        msgpack.packb(tagged("record", ["R", [[1, 2]]])),
        msgpack.packb(tagged("opaque", ["only"])),
        msgpack.packb(tagged("timedelta", [10**12, 0, 0])),
    ],
)
def test_malformed_bytes_are_a_wire_error(data: bytes) -> None:
    """Cut off, too long, no such code, a code where none belongs, content that does not fit."""
    with pytest.raises(WireError):
        unpack(data)


@given(st.sampled_from(SAMPLES), st.data())
@settings(max_examples=300, deadline=None)
def test_changed_bytes_are_a_value_or_a_wire_error(sample: bytes, draw: st.DataObject) -> None:
    """Whatever a hostile worker writes: no other error, and what comes out can be packed."""
    changed = bytearray(sample)
    for _ in range(draw.draw(st.integers(1, 3))):
        place = draw.draw(st.integers(0, len(changed)))
        put = draw.draw(st.binary(max_size=2) | st.sampled_from(SAMPLES))
        changed[place : place + draw.draw(st.integers(0, 2))] = put
    try:
        value = unpack(bytes(changed))
    except WireError:
        return
    unpack(pack(value))


@pytest.mark.parametrize("levels", [70, 200, 1000, 100_000])
@pytest.mark.parametrize("kind", ["list", "dict", "tuple", "record", "array"])
def test_a_deep_nest_is_an_error(kind: str, levels: int) -> None:
    """Deeper than anything packed, comparing and showing would end in a RecursionError."""
    head = {
        "list": b"\x91",
        "dict": b"\x81\xa1a",
        "tuple": b"\x92\xc7\x00\x00\x91",
        "record": b"\x92" + msgpack.packb(tagged("record", 0)[0]) + b"\x92\xa1R\x91\x92\xa1f",
        "array": b"\x92" + msgpack.packb(tagged("array", 0)[0]) + b"\x93\xa2|O\x91\x01\x91",
    }[kind]
    with pytest.raises(WireError):
        unpack(head * levels + b"\xc0")


@pytest.mark.parametrize(
    "data",
    [
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xc9\xff\xff\xff\xff\x00",
        b"\xdd\x00\x1e\x84\x80" * 1000,
        msgpack.packb([tagged("array", ["<U4096", [99], ["a"] * 99])] * 200),
    ],
    ids=["list", "dict", "text", "bytes", "extension", "lists in lists", "padded texts"],
)
def test_a_bomb_is_refused_before_it_grows(data: bytes) -> None:
    """Lengths that are only declared, texts padded to a width."""
    tracemalloc.start()
    try:
        with pytest.raises(WireError):
            unpack(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 80 * 2**20 + 40 * len(data)


@pytest.mark.parametrize("kind", ["set", "frozenset", "dict"])
def test_keys_made_to_collide_are_refused(kind: str) -> None:
    """Integers hash to their remainder, so a set of such takes quadratic time to make."""
    keys = [tagged("int", hex(number * (2**61 - 1))) for number in range(3, 2000)]
    content = [[key, 0] for key in keys] if kind == "dict" else keys
    with pytest.raises(WireError, match="one hash"):
        unpack(msgpack.packb(tagged(kind, content)))


def test_many_objects_that_look_alike_are_no_attack() -> None:
    """Objects hash by identity where they are; what crosses of them is the same."""
    assert unpack(pack({object() for _ in range(3000)})) == {Opaque("object", "<object object>")}
