"""Components over tables, that is, lists of dicts: select, keep, sort and sum by key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from habilis.agent.authors.compose.table import component
from habilis.agent.authors.compose.terms import Component, Constant
from habilis.agent.authors.compose.types import Row, Type, type_of


def rows_in(columns: Iterable[Sequence[object]]) -> list[Row]:
    """Return the rows among the values of the inputs, also those inside lists."""
    found: list[Row] = []
    for column in columns:
        for value in column:
            items = value if isinstance(value, tuple) else (value,)
            found += [item for item in items if isinstance(item, Row)]
    return found


def components(rows: Sequence[Row]) -> list[Component]:
    """Return what can be done by each key that the rows share."""
    fields = {key: type_of(row.get(key) for row in rows) for key in _shared_keys(rows)}
    known = {key: type_ for key, type_ in fields.items() if type_ and type_ != "None"}
    made = [each for key, type_ in known.items() for each in _by_key(key, type_)]
    numbers = [key for key, type_ in known.items() if type_ in {"int", "float"}]
    for left in numbers:
        for right in numbers:
            if left < right:
                both = "float" if "float" in {known[left], known[right]} else "int"
                made.append(_product(left, right, both))
    return made


def types_inside(rows: Sequence[Row]) -> list[Type]:
    """Return the types of the rows' fields, as lists: what selecting a column gives."""
    types = (type_of(row.get(key) for row in rows) for key in _shared_keys(rows))
    return list(dict.fromkeys(f"list[{type_}]" for type_ in types if type_ and type_ != "None"))


def constants(rows: Sequence[Row], outputs: Iterable[object], *, count: int) -> list[Constant]:
    """Return texts worth comparing a field with: those that occur in several rows."""
    texts = [value for row in rows for value in row.values() if isinstance(value, str)]
    common = [text for text in dict.fromkeys(texts) if texts.count(text) > 1]
    return [Constant(text, "label", cost=2, rows=count) for text in common[:8]]


def _shared_keys(rows: Sequence[Row]) -> list[str]:
    if not rows:
        return []
    return [key for key in rows[0] if all(key in row for row in rows)][:10]


@cache
def _by_key(key: str, type_: Type) -> tuple[Component, ...]:
    field, table = f"row[{key!r}]", {"rows": "list[dict]"}
    made = [
        component(field, cost=1, holes={"row": "dict"}, returns=type_),
        component(f"[{field} for row in rows]", cost=1, holes=table, returns=f"list[{type_}]"),
    ]
    if type_ in {"str", "int", "float"}:
        for tail in ("", ", reverse=True"):
            made.append(
                component(
                    f"sorted(rows, key=lambda row: {field}{tail})",
                    cost=2 + bool(tail),
                    holes=table,
                    returns="list[dict]",
                )
            )
    if type_ in {"int", "float"}:
        made += [
            component(
                f"{choose}(rows, key=lambda row: {field})", cost=2, holes=table, returns="dict"
            )
            for choose in ("max", "min")
        ]
    kept = f"[row for row in rows if {field}"
    if type_ == "str":
        for other in ("label", "str"):
            holes = {**table, "value": other}
            made.append(component(f"{kept} == value]", cost=2, holes=holes, returns="list[dict]"))
    elif type_ == "bool":
        made.append(component(f"{kept}]", cost=2, holes=table, returns="list[dict]"))
    else:
        for sign in (">", "<", ">=", "<="):
            holes = {**table, "limit": type_}
            cost = 2 + (len(sign) > 1)
            made.append(
                component(f"{kept} {sign} limit]", cost=cost, holes=holes, returns="list[dict]")
            )
    return tuple(made)


@cache
def _product(left: str, right: str, type_: Type) -> Component:
    return component(
        f"[row[{left!r}] * row[{right!r}] for row in rows]",
        cost=2,
        holes={"rows": "list[dict]"},
        returns=f"list[{type_}]",
    )
