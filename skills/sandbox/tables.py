"""Values of pandas, out and in: a table is its columns, each a buffer or a list of plain values.

What has a plain counterpart becomes it: an index or a categorical a list, a Timestamp a
datetime (to the microsecond), an interval or period its text, NA and NaT None. pandas is
imported where a table came in.
"""

from __future__ import annotations

import importlib
import re
import sys
from typing import Any

from habilis.skills.sandbox.arrays import is_raw
from habilis.skills.sandbox.values import MAX_NODES, Column, Table, WireError

_DTYPE = re.compile(r"object|str|string|boolean|U?Int(?:8|16|32|64)|Float(?:32|64)")


def plain(value: object) -> object:
    """Return the `Table` or the plain value that stands for a value of pandas; others as is."""
    pandas: Any = sys.modules.get("pandas")
    if pandas is None or isinstance(value, (int, float, str)):
        return value
    try:
        if isinstance(value, pandas.DataFrame):
            data = [_column(None, value.iloc[:, place]) for place in range(value.shape[1])]
            return Table("DataFrame", _axis(value.columns), _axis(value.index), data)
        if isinstance(value, pandas.Series):
            name = Column(None, "object", [value.name])
            return Table("Series", [name], _axis(value.index), [_column(None, value)])
        if isinstance(value, (pandas.Index, pandas.api.extensions.ExtensionArray)):
            return value.tolist()
        if value is pandas.NaT or value is pandas.NA:
            return None
        if isinstance(value, pandas.Timestamp):
            return value.to_pydatetime(warn=False)
        if isinstance(value, pandas.Timedelta):
            return value.to_pytimedelta()
        if isinstance(value, (pandas.Interval, pandas.Period)):
            return str(value)
    except AttributeError:  # another thread is importing it: then this is no value of pandas
        pass
    return value


def _axis(index: Any) -> list[Column]:
    return [
        _column(name, index if index.nlevels == 1 else index.get_level_values(level))
        for level, name in enumerate(index.names)
    ]


def _column(name: object, values: Any) -> Column:
    if hasattr(values, "step"):  # a RangeIndex
        return Column(name, "", range(values.start, values.stop, values.step))
    if hasattr(values.dtype, "newbyteorder") and is_raw(values.dtype):
        return Column(name, "", values.to_numpy())
    dtype = str(values.dtype)
    return Column(name, dtype if _DTYPE.fullmatch(dtype) else "object", values.tolist())


def make_table(table: Table) -> object:
    """Return the DataFrame or Series, or `table` itself where pandas is not installed.

    Raises:
        WireError: it does not fit together.
    """
    _check(table)
    try:
        pandas: Any = importlib.import_module("pandas")
    except (ImportError, OSError):  # not installed, or no file may be opened
        return table
    try:
        index = _index(pandas, table.index)
        data = [
            pandas.Series(column.values, index=index, dtype=column.dtype or None)
            for column in table.data
        ]
        if table.type == "Series":
            return data[0].rename(table.columns[0].values[0])
        frame = pandas.DataFrame(dict(enumerate(data)), index=index)
        frame.columns = _index(pandas, table.columns)
    except Exception as error:  # pandas raises what it likes on data that is not its own
        raise WireError(f"not a table: {error}") from None
    return frame


def _index(pandas: Any, levels: list[Column]) -> Any:
    if len(levels) == 1 and isinstance(levels[0].values, range):
        return pandas.RangeIndex(levels[0].values, name=levels[0].name)
    arrays = [
        pandas.Index(level.values, dtype=level.dtype or None, name=level.name) for level in levels
    ]
    return arrays[0] if len(arrays) == 1 else pandas.MultiIndex.from_arrays(arrays)


def _check(table: Table) -> None:
    """Let nothing through that is not a table, or is much larger than what it came in as."""
    for axis in (table.columns, table.index):
        if not axis or any(isinstance(level.values, range) for level in axis[1:]):
            raise WireError("an axis has a level, and a range only alone")
    for column in (*table.columns, *table.index, *table.data):
        if not (column.dtype == "" or _DTYPE.fullmatch(column.dtype)):
            raise WireError(f"no such type of column: {column.dtype!r}")
        if (column.dtype == "") == isinstance(column.values, list):
            raise WireError("a list has a type, and nothing else has one")
        if getattr(column.values, "ndim", 1) != 1:
            raise WireError("a column has one dimension")
    if any(isinstance(column.values, range) for column in table.data):
        raise WireError("a range is no data")
    if table.type not in ("DataFrame", "Series"):
        raise WireError(f"no such table: {table.type!r}")
    rows = len(table.index[0].values)
    if any(len(column.values) != rows for column in (*table.index, *table.data)):
        raise WireError("columns differ in length")
    if any(len(level.values) != len(table.data) for level in table.columns):
        raise WireError("not every column has a label")
    if rows > MAX_NODES and not table.data:
        raise WireError("a table is larger than its data")
    if table.type == "Series" and not (len(table.data) == len(table.columns) == 1):
        raise WireError("a series has one column")
