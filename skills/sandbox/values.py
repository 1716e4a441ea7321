"""The plain data that crosses between host and worker, and what stands for the rest."""

from __future__ import annotations

import math
import re
import sys
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Tree: TypeAlias = "bool | int | float | str | bytes | list[Tree] | dict[str, Tree] | Tagged | None"

TAG = "$"  # the key that marks a typed value as text; a dict that has it is tagged itself
MAX_DEPTH = 60
MAX_NODES = 2_000_000
MAX_BYTES = 64 * 2**20
COLUMN_NODES = 100  # a column of a table takes as long to make as so many other parts
MAX_FRACTION_BITS = 2**16  # of each part: making a fraction takes quadratic time
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class WireError(ValueError):
    """A value is too large to cross, or what arrived is no encoded value."""


@dataclass(slots=True)
class Tagged:
    """A value that needs a type said with it, on its way: its kind and plain content."""

    kind: str
    content: Tree


@dataclass(frozen=True)
class FunctionRef:
    """A function that stays where it is, by the name it can be called by."""

    name: str


@dataclass(frozen=True)
class Opaque:
    """An object that stays where it is: its type's name and its repr, without addresses."""

    type: str
    text: str

    def __repr__(self) -> str:
        return f"<{self.type}: {self.text}>"


@dataclass(frozen=True)
class Record:
    """What a dataclass or named tuple held: its type's name, and its fields in order."""

    type: str
    fields: tuple[tuple[str, object], ...]

    def __getattr__(self, name: str) -> object:
        if not name.startswith("_") and name != "fields":
            for field, value in self.fields:
                if field == name:
                    return value
        raise AttributeError(f"no field {name!r}")

    def __repr__(self) -> str:
        return f"{self.type}({', '.join(f'{name}={shown(value)}' for name, value in self.fields)})"


@dataclass(frozen=True, eq=False)
class Column:
    """Values of one type: a numpy array, a range, or a list with the name of its pandas dtype."""

    name: object
    dtype: str
    values: Any

    def cells(self) -> list[Any]:
        """Return the values as Python's own; times to the microsecond."""
        if not hasattr(self.values, "dtype"):
            return list(self.values)
        kind = self.values.dtype.kind  # nanoseconds would come as whole numbers
        plain = self.values.astype(f"{kind}8[us]") if kind in "Mm" else self.values
        return list(plain.tolist())


@dataclass(frozen=True, eq=False)
class Table:
    """A pandas DataFrame or Series, by its `type`, as it is kept where pandas is not installed.

    `columns` and `index` are the labels of the axes, one `Column` for each level.
    """

    type: str
    columns: list[Column]
    index: list[Column]
    data: list[Column]

    def __repr__(self) -> str:
        labels = zip(*(level.values for level in self.columns), strict=True)
        names = (shown(label[0] if len(label) == 1 else label) for label in labels)
        cells = (shown(column.cells()) for column in self.data)
        return f"{self.type}({', '.join(map('{}={}'.format, names, cells))})"


def shown(value: object) -> str:
    """Return `repr(value)`, in which integers that Python does not write out are described.

    It refuses more than 4,300 digits, because writing them takes quadratic time.
    """
    try:
        return repr(value)
    except ValueError as error:
        if "integer string conversion" not in str(error):
            raise
    return repr(_described(value, MAX_DEPTH))


@dataclass(frozen=True, eq=False)
class _Words:
    text: str

    def __repr__(self) -> str:
        return self.text


def _described(value: Any, depth: int) -> Any:
    """Return the same containers with words in place of what has no repr."""
    if depth <= 0:
        return _Words("...")
    kind = type(value)
    if kind in (list, tuple, set, frozenset):
        return kind([_described(item, depth - 1) for item in value])
    if kind is dict:
        return {_described(key, 1): _described(each, depth - 1) for key, each in value.items()}
    if kind is Fraction:
        parts = (_described(part, 1) for part in (value.numerator, value.denominator))
        return _Words("Fraction({!r}, {!r})".format(*parts))
    if kind is int and _digits(value) > sys.get_int_max_str_digits() > 0:
        return _Words(f"<int of {_digits(value)} digits>")
    try:
        return _Words(repr(value))
    except Exception:
        return _Words(f"<{kind.__name__} that cannot be shown>")


def _digits(value: int) -> int:
    """Count decimal digits without writing them; at most one too few beyond ten million bits."""
    bits = value.bit_length()
    least = int((bits - 1) * math.log10(2)) + 1 if bits else 1
    return least + 1 if bits <= 10_000_000 and abs(value) >= 10**least else least


def opaque(value: object) -> Opaque:
    """Return what a person would see of any object. Never raises an ordinary error."""
    kind = type(value)
    home = getattr(kind, "__module__", "")
    name = kind.__qualname__ if home in ("builtins", "__main__") else f"{home}.{kind.__qualname__}"
    try:
        text = _ADDRESS.sub("", shown(value)[:2000])
    except Exception as error:
        text = f"no repr: {type(error).__name__}"
    return Opaque(name[:200], text)
