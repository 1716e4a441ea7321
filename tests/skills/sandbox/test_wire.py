"""Typed values as text and as bytes: what goes in comes out, and hostile text gives an error."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections import Counter, namedtuple
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum, StrEnum
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from habilis.skills.sandbox.values import opaque, shown
from habilis.skills.sandbox.wire import (
    FunctionRef,
    Opaque,
    Record,
    WireError,
    decode,
    dumps,
    encode,
    loads,
    pack,
    unpack,
)

SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=2**62, max_value=2**70),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.complex_numbers(allow_nan=False),
    st.decimals(allow_nan=False),
    st.fractions(),
    st.datetimes(),
    st.dates(),
    st.times(),
    st.timedeltas(),
)
KEYS = st.one_of(st.text(), st.integers(), st.just("$"), st.tuples(st.integers(), st.text()))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(KEYS, inner, max_size=4),
        st.frozensets(st.integers(), max_size=4),
        st.sets(st.text(), max_size=4),
    ),
    max_leaves=12,
)


def both(value: object) -> object:
    """Return the value after a way through text, when one through bytes gives the same."""
    back = loads(dumps(value))
    assert repr(unpack(pack(value))) == repr(back)
    return back


@given(VALUES)
@settings(max_examples=60, deadline=None)
def test_any_plain_value_comes_back_equal_and_of_its_type(value: object) -> None:
    """Encoding then decoding gives an equal value, through text and through bytes."""
    for back in (loads(dumps(value)), unpack(pack(value))):
        assert back == value
        assert type(back) is type(value)
    assert json.loads(dumps(value)) == encode(value)
    assert decode(encode(value)) == value


@pytest.mark.parametrize(
    "value",
    [
        10**4000,
        -0.0,
        "\ud800",
        range(3, 10, 2),
        bytearray(b"\x00"),
        dt.datetime(2024, 1, 2, 3, 4, 5, 6, tzinfo=dt.UTC),
        dt.datetime(2024, 1, 2, fold=1),
        Decimal("1.10"),
        Fraction(1, 3),
        {"$": 1},
        {1: {2: {3}}},
        frozenset({(1, frozenset({2}))}),
    ],
)
def test_rare_values_come_back(value: object) -> None:
    """The corners of the closed list: sizes, signs, keys that look like tags."""
    back = both(value)
    assert back == value
    assert repr(back) == repr(value)


def test_an_integer_of_any_length_comes_back() -> None:
    """Python caps decimal digits at 4,300; the text does not use them."""
    assert loads(dumps(7**9000)) == unpack(pack(7**9000)) == 7**9000


@pytest.mark.parametrize(
    "value",
    [
        10**5000,
        -(10**5000),
        [Fraction(1, 10**5000)],
        {10**5000: {10**5000}},
        (range(10**5000),),
        Record("Point", (("x", 10**5000),)),
    ],
    ids=["int", "negative", "fraction", "dict", "range", "record"],
)
def test_longest_integers_come_back_wherever_they_stand(value: object) -> None:
    """Beyond the length that Python writes out; what is shown of them says their length."""
    assert loads(dumps(value)) == unpack(pack(value)) == value
    shown(value)


def test_an_integer_too_long_to_write_is_shown_by_its_length() -> None:
    """Containers, fractions and records that hold it are shown all the same."""
    nine = 10**5000 - 1
    assert shown([1, nine, {-(10**5000): "a"}]) == (
        "[1, <int of 5000 digits>, {<int of 5001 digits>: 'a'}]"
    )
    assert shown((Fraction(1, 10**5000),)) == "(Fraction(1, <int of 5001 digits>),)"
    assert repr(Record("P", (("x", nine),))) == "P(x=<int of 5000 digits>)"
    assert opaque({nine}).text == "{<int of 5000 digits>}"


def test_non_finite_floats_come_back() -> None:
    """JSON has no infinities; the text stays valid JSON nevertheless."""
    assert math.isnan(float(str(both(math.nan))))
    assert both([math.inf, 1.0, -math.inf]) == [math.inf, 1.0, -math.inf]
    assert "Infinity" not in dumps(math.inf)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6).reshape(2, 3),
        np.array(2.5),
        np.zeros((0, 3), dtype="f4"),
        np.array([1, 2], dtype=">i4"),
        np.array([1 + 2j]),
        np.array([True, False]),
        np.array(["a", "bcd"]),
        np.array([1, None, "x"], dtype=object),
        np.array(["2024-01-02"], dtype="M8[D]"),
    ],
)
def test_arrays_come_back_with_shape_and_type(array: Any) -> None:
    """An array is not a nested list: its shape and its kind of number survive."""
    back: Any = both(array)
    assert isinstance(back, np.ndarray)
    assert back.shape == array.shape
    assert back.dtype == array.dtype.newbyteorder("<")
    assert np.array_equal(back, array)


def test_numbers_of_libraries_become_plain_numbers() -> None:
    """Nobody who compares results should have to know which library counted."""
    sympy = pytest.importorskip("sympy")
    values = [np.float64(1.5), np.int8(3), np.bool_(True), sympy.Integer(7), sympy.Rational(1, 3)]
    plain = [1.5, 3, True, 7, Fraction(1, 3)]
    back = both(values)
    assert back == plain
    assert [type(value) for value in plain] == [type(value) for value in list(back)]


def test_classes_become_records_and_plain_bases() -> None:
    """An instance crosses as its fields, never as a class that is looked up by name."""

    @dataclass
    class Point:
        x: int
        tags: list[str]

    pair = namedtuple("pair", "a b")
    record = both(Point(1, ["n"]))
    assert record == Record("Point", (("x", 1), ("tags", ["n"])))
    assert isinstance(record, Record)
    assert record.x == 1
    assert both({pair(1, 2): "k"}) == {Record("pair", (("a", 1), ("b", 2))): "k"}
    assert both(Counter("aab")) == {"a": 2, "b": 1}


def test_enum_members_become_their_values() -> None:
    """A member that is a number or a text crosses as that."""

    class Colour(StrEnum):
        RED = "red"

    class Level(IntEnum):
        HIGH = 3

    assert both([Colour.RED, Level.HIGH]) == ["red", 3]


def test_functions_cross_by_name_and_objects_as_their_repr() -> None:
    """What cannot cross says what it was, the same in every run: no addresses."""
    assert both(len) == FunctionRef("len")
    assert both(object()) == Opaque("object", "<object object>")
    assert encode(object()) == encode(object())


def test_a_repr_that_raises_is_said_so() -> None:
    """A broken `__repr__` does not break the channel."""

    class Bad:
        def __repr__(self) -> str:
            raise ValueError("no")

    text = both(Bad())
    assert isinstance(text, Opaque)
    assert text.text == "no repr: ValueError"


def test_what_contains_itself_ends() -> None:
    """A circle and a very deep nest are cut off, not followed."""
    circle: list[object] = [1]
    circle.append(circle)
    assert both(circle) == [1, Opaque("list", "[1, [...]]")]
    deep: object = 0
    for _ in range(500):
        deep = [deep]
    assert "opaque" in dumps(deep)
    loads(dumps(deep))


def test_too_large_is_an_error() -> None:
    """A value over the limit never reaches the other side in part."""
    with pytest.raises(WireError, match="too large"):
        encode("x" * 1000, limit_bytes=500)
    with pytest.raises(WireError, match="too large"):
        encode(10**10_000, limit_bytes=500)


def test_equal_sets_give_equal_text() -> None:
    """Text is compared and hashed, so the order of a set must not show."""
    assert dumps({"b", "a", "c"}) == dumps({"c", "a", "b"})


@pytest.mark.parametrize(
    "text",
    [
        '{"$":"nothing","v":1}',
        '{"$":"tuple"}',
        '{"$":["tuple"],"v":[]}',
        '{"$":"tuple","v":[],"x":1}',
        '{"$":"int","v":"zz"}',
        '{"$":"int","v":5}',
        '{"$":"fraction","v":["0x1","0x0"]}',
        '{"$":"range","v":["0x1","0x2","0x0"]}',
        '{"$":"dict","v":[[1]]}',
        '{"$":"datetime","v":["yesterday",0]}',
        '{"$":"timedelta","v":["a",0,0]}',
        '{"$":"array","v":["O8",[1],"AA=="]}',
        '{"$":"array","v":["<i8",[99999999999],"AA=="]}',
        '{"$":"array","v":["<i8",[-1],""]}',
        '{"$":"array","v":["<U99999999",[2],["a","b"]]}',
        '{"$":"record","v":["R",[[1,2]]]}',
        '{"$":"opaque","v":["only"]}',
        "[" * 5000,
        "nonsense",
    ],
)
def test_malformed_data_is_a_wire_error(text: str) -> None:
    """Whatever a hostile worker writes is a value or a WireError, nothing else."""
    with pytest.raises(WireError):
        loads(text)


def test_members_that_do_not_hash_are_opaque() -> None:
    """A hostile set of lists cannot raise in the middle of the host."""
    assert decode({"$": "set", "v": [[1]]}) == {Opaque("list", "[1]")}
