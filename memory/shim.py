"""What `sqlite3` gives, over psycopg: marks, rows, numbers and errors of the same kind."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader

from habilis.memory.dialect import in_postgres
from habilis.memory.store import storable


class PostgresRow:
    """A row that behaves like `sqlite3.Row`."""

    __slots__ = ("_places", "_values")

    def __init__(self, places: dict[str, int], values: Sequence[Any]) -> None:
        self._places, self._values = places, tuple(values)

    def __getitem__(self, key: Any) -> Any:
        return self._values[self._places[key] if isinstance(key, str) else key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def keys(self) -> list[str]:
        return list(self._places)


def rows_by_name(cursor: psycopg.Cursor[Any]) -> Callable[[Sequence[Any]], PostgresRow]:
    """Make the rows of a cursor; psycopg asks for this once a result."""
    places = {column.name: place for place, column in enumerate(cursor.description or ())}
    return lambda values: PostgresRow(places, values)


class NumberLoader(Loader):
    """Sums of whole numbers are `numeric` in Postgres: an int here, as in SQLite."""

    def load(self, data: Buffer) -> int | float:
        text = bytes(data).decode()
        return int(text) if text.lstrip("-").isdigit() else float(text)


class PostgresConnection:
    """A psycopg connection that takes the SQL and the values that `sqlite3` takes."""

    def __init__(self, raw: psycopg.Connection[PostgresRow]) -> None:
        self._raw = raw

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> psycopg.Cursor[PostgresRow]:
        try:
            return self._raw.execute(in_postgres(sql).encode(), _adapted(values))
        except psycopg.IntegrityError as error:
            raise sqlite3.IntegrityError(str(error)) from None

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> object:
        cursor = self._raw.cursor()
        try:
            cursor.executemany(in_postgres(sql).encode(), [_adapted(row) for row in rows])
        except psycopg.IntegrityError as error:
            raise sqlite3.IntegrityError(str(error)) from None
        return cursor


def _adapted(values: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(
        storable(value)
        if isinstance(value, str)
        else int(value)
        if value is True or value is False
        else value
        for value in values
    )
