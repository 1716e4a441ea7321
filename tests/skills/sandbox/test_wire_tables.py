"""Data frames and series cross by their columns, and compare as what they hold."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable
from typing import Any

import msgpack
import numpy as np
import pytest

from habilis.skills.compare import same, show
from habilis.skills.sandbox.client import Worker
from habilis.skills.sandbox.wire import Opaque, Table, WireError, dumps, loads, pack, unpack

pd = pytest.importorskip("pandas")
WAYS: list[Callable[[Any], Any]] = [lambda v: unpack(pack(v)), lambda v: loads(dumps(v))]
SALES = {"city": ["a", "a", "b"], "year": [1, 2, 1], "n": [1, 2, 3]}


@pytest.mark.parametrize("way", WAYS, ids=["bytes", "text"])
@pytest.mark.parametrize(
    "make",
    [
        lambda: pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": [1.5, np.nan]}),
        lambda: pd.DataFrame({"d": pd.to_datetime(["2024-01-01", "NaT"]), "e": [True, False]}),
        lambda: pd.DataFrame({"n": pd.array([1, None], dtype="Int64"), "o": [[1], {"k": 2}]}),
        lambda: pd.DataFrame({"s": pd.array(["a", None], dtype="string"), "t": [1j, 2]}),
        lambda: pd.DataFrame({1: [1], (2, 3): [2]}),
        lambda: pd.DataFrame([[1, 2]], columns=["a", "a"]),
        lambda: pd.DataFrame(SALES).groupby(["city", "year"]).agg({"n": ["sum", "mean"]}),
        lambda: pd.DataFrame(SALES).groupby("city")["n"].sum(),
        lambda: pd.crosstab([1, 2], [3, 4]),
        lambda: pd.DataFrame(),
        lambda: pd.DataFrame(index=[1, 2]),
        lambda: pd.DataFrame(SALES).iloc[:0],
        lambda: pd.Series([1, 2, 3], name="n"),
        lambda: pd.Series(pd.timedelta_range("1h", periods=2), index=["a", "b"]),
    ],
    ids=[
        *("mixed", "times", "nullable", "strings", "odd labels", "same labels", "levels"),
        *("grouped", "crosstab", "empty", "index only", "no rows", "series", "durations"),
    ],
)
def test_tables_come_back_as_they_were(make: Any, way: Any) -> None:
    """Labels, names, types and values; bytes and text hold the same."""
    table = make()
    back = way(table)
    testing = pd.testing
    assert_equal = testing.assert_frame_equal if table.ndim == 2 else testing.assert_series_equal
    assert_equal(back, table)
    assert same(back, table)
    assert show(back) == show(table)


@pytest.mark.parametrize("way", WAYS, ids=["bytes", "text"])
def test_what_has_a_plain_counterpart_becomes_it(way: Any) -> None:
    """Who compares results need not know that pandas has types of its own for them."""
    table = pd.DataFrame({"a": ["x", "y"], "b": pd.Categorical(["u", "v"])})
    values = [table.columns, table["b"].unique(), pd.Timestamp("2024-01-02 03:00"), pd.NaT, pd.NA]
    assert way(values) == [["a", "b"], ["u", "v"], dt.datetime(2024, 1, 2, 3), None, None]
    assert way([pd.Timedelta("1h"), pd.Interval(0, 1)]) == [dt.timedelta(hours=1), "(0, 1]"]
    assert way(table)["b"].tolist() == ["u", "v"]
    zoned = pd.Series(pd.date_range("2024-01-01", periods=2, tz="Europe/Berlin"))
    assert same(way(zoned), zoned)


def test_columns_cross_as_buffers() -> None:
    """Numbers of a table take their own bytes, whatever the number of rows."""
    table = pd.DataFrame({"i": np.arange(10**4), "f": np.zeros(10**4)})
    assert len(pack(table)) < 16 * 10**4 + 200


def test_without_pandas_a_table_is_kept_and_sent_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that has no pandas stores and compares tables all the same."""
    table = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    data, other = pack(table), pack(pd.DataFrame({"a": [1, 3], "b": ["x", None]}))
    monkeypatch.setitem(sys.modules, "pandas", None)
    kept = unpack(data)
    assert isinstance(kept, Table)
    assert repr(kept) == "DataFrame('a'=[1, 2], 'b'=['x', nan])"
    assert same(kept, unpack(data))
    assert not same(kept, unpack(other))
    again = pack(kept)
    monkeypatch.undo()
    assert same(unpack(again), table)


def test_a_table_passes_through_a_worker() -> None:
    """In as an input, out as a value."""
    table = pd.DataFrame(SALES)
    with Worker() as worker:
        worker.define({"sales": table})
        outcome = worker.run("sales[sales.n > 1].groupby('city').n.sum()")
    assert outcome.ok
    assert same(outcome.value, table[table.n > 1].groupby("city").n.sum())


def tagged_table(*content: object) -> bytes:
    data: bytes = msgpack.packb([msgpack.ExtType(17, b""), list(content)])
    return data


LABEL = ["", "object", ["a"]]
RANGE = [msgpack.ExtType(15, b""), ["0x0", hex(10**12), "0x1"]]


@pytest.mark.parametrize(
    "content",
    [
        (),
        ("DataFrame", [LABEL], [LABEL]),
        ("Panel", [LABEL], [LABEL], [LABEL]),
        ("DataFrame", [], [LABEL], [LABEL]),
        ("DataFrame", [LABEL], [], [LABEL]),
        ("DataFrame", [LABEL], [LABEL], []),
        ("DataFrame", [LABEL], [LABEL], [["", "object", [1, 2]]]),
        ("DataFrame", [LABEL], [LABEL], [["", "object", "a"]]),
        ("DataFrame", [LABEL], [LABEL], [["", "", [1]]]),
        ("DataFrame", [LABEL], [LABEL], [["", "Sparse", [1]]]),
        ("DataFrame", [LABEL], [LABEL], [["", "Int64", ["x"]]]),
        ("DataFrame", [LABEL], [["", "", RANGE]], [["", "", RANGE]]),
        ("DataFrame", [["", "object", []]], [["", "", RANGE]], []),
        ("DataFrame", [LABEL], [LABEL, ["", "", RANGE]], [LABEL]),
        ("Series", [["", "object", ["a", "b"]]], [LABEL], [LABEL, LABEL]),
        ("DataFrame", [["", "object", ["a"] * 30_000]], [LABEL], [LABEL] * 30_000),
    ],
)
def test_what_is_no_table_is_a_wire_error(content: tuple[object, ...]) -> None:
    """Parts that do not fit, types out of the list, and rows that are only claimed."""
    with pytest.raises(WireError):
        unpack(tagged_table(*content))


def test_labels_that_do_not_hash_are_opaque() -> None:
    """A hostile label cannot raise later, when somebody looks a column up."""
    back: Any = unpack(tagged_table("DataFrame", [["", "object", [[1]]]], [LABEL], [LABEL]))
    assert list(back.columns) == [Opaque("list", "[1]")]
