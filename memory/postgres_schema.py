"""A library's tables in a schema of Postgres: the steps of `migrations.py`, in one transaction."""

from __future__ import annotations

from collections.abc import Callable

import psycopg

from habilis.errors import LibraryReadOnly, LibraryTooNew, NotALibrary
from habilis.memory import migrations
from habilis.memory.dialect import schema_in_postgres
from habilis.memory.shim import PostgresRow

Raw = psycopg.Connection[PostgresRow]


def migrate(raw: Raw, schema: str, begin: Callable[[Raw], Raw] | None, *, where: str) -> None:
    """Bring a schema to the newest format; one that is not there becomes a new store.

    `begin` begins a transaction that no other writer is in; without it nothing is written.

    Raises:
        NotALibrary: the schema holds something else, or there is none to read.
        LibraryTooNew: a newer habilis wrote it.
        LibraryReadOnly: it is of an older format and cannot be written.
    """
    steps = migrations.STEPS
    number = _read_format(raw, schema, where)
    if number == len(steps):
        return
    if begin is None and number == 0:
        raise NotALibrary(f"there is no library at {where!r}")
    if begin is None:
        raise LibraryReadOnly(
            f"the library {where!r} cannot be written: an older habilis wrote it (format {number})"
        )
    begin(raw)
    try:  # another process may have migrated while this one waited for the lock
        number = _read_format(raw, schema, where)
        if number == 0 and _is_missing(raw, schema):
            raw.execute(f'CREATE SCHEMA "{schema}"'.encode())
        raw.execute("CREATE TABLE IF NOT EXISTS habilis_format (number BIGINT NOT NULL)")
        for step in steps[number:]:
            raw.execute(schema_in_postgres(step).encode())
        raw.execute("DELETE FROM habilis_format")
        raw.execute("INSERT INTO habilis_format VALUES (%s)", (len(steps),))
        raw.execute("COMMIT")
    except BaseException:
        if not raw.closed:
            raw.execute("ROLLBACK")
        raise


def _read_format(raw: Raw, schema: str, where: str) -> int:
    """Return the number of a schema's format, 0 where there is nothing yet."""
    tables = raw.execute(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f') "
        "AND relnamespace = to_regnamespace(%s)",
        (schema,),
    ).fetchall()
    if not tables:
        return 0
    if "habilis_format" not in {row[0] for row in tables}:
        raise NotALibrary(
            f"{where!r} is no skill library: its schema {schema} holds other things; name another "
            "with schema=NAME in the URL"
        )
    row = raw.execute("SELECT number FROM habilis_format").fetchone()
    number = int(row[0]) if row else 0
    if number > len(migrations.STEPS):
        raise LibraryTooNew(
            f"{where!r} has format {number}, this habilis knows up to {len(migrations.STEPS)}; "
            "upgrade habilis, or use another library"
        )
    return number


def _is_missing(raw: Raw, schema: str) -> bool:
    """Tell whether the schema has to be made; where somebody made it, we may not be allowed to."""
    row = raw.execute("SELECT to_regnamespace(%s) IS NULL", (schema,)).fetchone()
    return bool(row and row[0])
