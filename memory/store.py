"""The truth: skills, versions, cases, embeddings and journal in one database.

Two stores do what is said here: SQLite's (`sqlite.py`, one file) and Postgres' (`postgres.py`).
Both take the same SQL, the part that is common to them; `dialect.py` knows where they differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from habilis.memory.address import Address


class Row(Protocol):
    """One row: its values by name and by place."""

    def __getitem__(self, key: Any, /) -> Any: ...
    def __iter__(self) -> Iterator[Any]: ...
    def __len__(self) -> int: ...
    def keys(self) -> list[str]: ...


class Cursor(Protocol):
    """What a statement gave."""

    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...
    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """Runs statements inside a transaction; `?` stands for each value.

    Raises:
        sqlite3.IntegrityError: a row breaks a rule of its table, whatever the database.
    """

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Cursor: ...
    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> object: ...


class Store(Protocol):
    """A database, safe to use from several threads, processes and forked children.

    `folder` is on this machine and holds what is derived; `clock` gives the times that are
    kept with rows; `changes` counts the transactions made through this object.
    """

    @property
    def address(self) -> Address: ...
    @property
    def folder(self) -> Path: ...
    @property
    def clock(self) -> Callable[[], float]: ...
    @property
    def read_only(self) -> bool: ...
    @property
    def closed(self) -> bool: ...
    @property
    def gone(self) -> bool:
        """Whether what is open was removed, or replaced by another: nothing more can be kept."""
        ...

    @property
    def changes(self) -> int: ...

    def close(self) -> None:
        """Close the database; what was acknowledged is in it. May be called twice."""
        ...

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        """Return what a query finds, as `Row`s."""
        ...

    def change(self, kind: str = "", *names: str) -> AbstractContextManager[Connection]:
        """Give one transaction, committed at the end, rolled back on any exception.

        There is one writer at a time, so what is read inside does not change before the
        end. A `kind` writes its row into the change log in the same transaction, one a name.

        Raises:
            LibraryReadOnly: the database cannot be written.
            LibraryError: the disk is full, another process does not let go of the
                database, or its server is gone; then nothing is acknowledged.
        """
        ...

    def alone(self, what: str) -> AbstractContextManager[None]:
        """Wait until nobody else, in any process or machine of this library, is at `what`."""
        ...

    def data_version(self) -> int:
        """Return a number that differs when others have added to the change log."""
        ...

    def last_change(self) -> int:
        """Return the number of the newest change, 0 when there is none."""
        ...

    def now(self) -> float:
        """Return the seconds since 1970 by the clock that all who write here share."""
        ...

    def format(self) -> int:
        """Return the number of the format, see `migrations.py`."""
        ...

    def size_bytes(self) -> int:
        """Return the room that the database takes."""
        ...

    def faults(self) -> list[str]:
        """Return what the database itself finds damaged, as sentences."""
        ...

    def mend(self, connection: Connection) -> None:
        """Put right what `faults` reports, where that can be done."""
        ...

    def backup(self, to: Path) -> None:
        """Copy the database to a new file while it is in use.

        Raises:
            LibraryError: it cannot be done here; says how it can.
        """
        ...


def log_change(connection: Connection, kind: str, names: Sequence[str], *, at: float) -> None:
    """Write a change into the change log, one row a name; one without a kind is not told of."""
    if kind:
        connection.executemany(
            "INSERT INTO change (at, kind, name) VALUES (?, ?, ?)",
            [(at, kind, storable(name)) for name in names or ("",)],
        )


def storable(text: str) -> str:
    """Return the text as a database can keep it: no Unicode and NUL are written as escapes."""
    return text.encode("utf-8", errors="backslashreplace").decode().replace("\0", "\\x00")
