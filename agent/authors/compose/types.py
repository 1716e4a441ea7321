"""The types the synthesiser tells apart, and values in the form it can hash.

A type is the text of a Python annotation: "str", "list[int]", "dict". Constants that
only certain components take have a type of their own ("separator", "pattern"), and a
function of one argument is "str>bool".
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

Type = str

MAX_TEXT = 2000  # characters; longer values are not built upon
MAX_ITEMS = 256
MAX_NUMBER = 10**12
MAX_SLOW = 5000  # characters; a pattern that looks far ahead from each place takes 0.1 s
SHARED = frozenset({"date", "decimal"})  # computed once, however often it is printed
_LIST = re.compile(r"list\[(.*)\]")


_NAN = math.nan


class Row(dict[str, object]):
    """A dict that can be hashed. Nobody changes one after it is made."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))


def freeze(value: object) -> object:
    """Return plain data with lists as tuples and dicts as rows.

    There is one NaN: in a tuple, it equals itself then.
    """
    if isinstance(value, list):
        return tuple(map(freeze, value))
    if isinstance(value, dict):
        return Row({key: freeze(item) for key, item in value.items()})
    if isinstance(value, float) and value != value:
        return _NAN
    return value


def thaw(value: object) -> object:
    """Return the plain data that was frozen."""
    if isinstance(value, tuple):
        return [thaw(item) for item in value]
    if isinstance(value, Row):
        return {key: thaw(item) for key, item in value.items()}
    return value


def item_type(type_: Type) -> Type | None:
    """Return T of "list[T]", None for any other type."""
    found = _LIST.fullmatch(type_)
    return found.group(1) if found else None


def text_of_value(value: object) -> str:
    """Return what tells frozen values apart: the repr, or hexadecimal where Python has none.

    An integer of more than 4,300 digits has no decimal text.
    """
    try:
        return repr(value)
    except ValueError:
        if isinstance(value, int):
            return hex(value)
        if isinstance(value, Row):
            value = tuple(value.items())
        return f"({', '.join(map(text_of_value, value))})" if isinstance(value, tuple) else "?"


def ends(text: str) -> str:
    """Return the first and the last characters of a long text, to look for what recurs."""
    return text if len(text) <= 2 * MAX_TEXT else text[:MAX_TEXT] + text[-MAX_TEXT:]


def type_of(values: Iterable[object]) -> Type | None:
    """Return the one type of a column of frozen values; None when they do not share one.

    None among the values is passed over; a column of nothing else is "None".
    An empty list fits any list; a column of empty lists counts as list[int].
    """
    joined: Type | None = "None"
    for value in values:
        joined = _join(joined, _type_of_one(value)) if joined else None
    return joined.replace("?", "int") if joined else None


def _type_of_one(value: object) -> Type | None:
    if isinstance(value, tuple):
        inside = type_of_items(value)
        return f"list[{inside}]" if inside else None
    if isinstance(value, Row):
        return "dict"
    name = type(value).__name__
    if value is None:
        return "None"
    return name if name in {"str", "int", "float", "bool"} else None


def type_of_items(items: tuple[object, ...]) -> Type | None:
    joined: Type | None = "?"
    for item in items:
        joined = _join(joined, _type_of_one(item)) if joined else None
    return joined


def _join(left: Type | None, right: Type | None) -> Type | None:
    if left is None or right is None or left == right:
        return left if left == right else None
    if left in {"?", "None"}:
        return right
    if right in {"?", "None"}:
        return left
    if {left, right} == {"int", "float"}:
        return "float"
    inner_left, inner_right = item_type(left), item_type(right)
    if inner_left and inner_right:
        inside = _join(inner_left, inner_right)
        return f"list[{inside}]" if inside else None
    return None


def within_limits(value: object) -> bool:
    """Tell whether a value is small enough to build upon."""
    if isinstance(value, str):
        return len(value) <= MAX_TEXT
    if isinstance(value, tuple):
        if value and set(map(type, value)) == {int}:  # much the commonest
            return len(value) <= MAX_ITEMS and -MAX_NUMBER <= min(value) <= max(value) <= MAX_NUMBER
        return len(value) <= MAX_ITEMS and all(map(within_limits, value))
    if isinstance(value, (int, float)):
        return -MAX_NUMBER <= value <= MAX_NUMBER or not _is_finite(value)
    return True


def _is_finite(value: float) -> bool:
    """Tell whether a number is one; an integer is, also one beyond any float."""
    return isinstance(value, int) or math.isfinite(value)


def all_within_limits(values: tuple[object, ...]) -> bool:
    """Tell whether every value of a term, or what stands for an error, is within limits."""
    return all(map(within_limits, values))
