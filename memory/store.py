"""The truth: skills, versions, cases, embeddings and journal in one SQLite file.

WAL with synchronous=FULL: what a call has acknowledged survives a power cut. Each
change is one transaction and carries its number (`change.seq`).
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from habilis.errors import LibraryReadOnly, NotALibrary
from habilis.memory.migrations import migrate

_BUSY_S = 30.0
FILE_NAME = "habilis.db"


class Store:
    """One SQLite file, safe to use from several threads, processes and forked children.

    Raises:
        NotALibrary: the folder or its file holds something else.
        LibraryTooNew: a newer habilis wrote it.
        LibraryReadOnly: there is no library and none can be made here.
    """

    def __init__(
        self,
        folder: Path,
        *,
        read_only: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.folder, self.path, self.clock = folder, folder / FILE_NAME, clock
        self.read_only = read_only
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._pid = 0
        self.changes = 0  # made through this object; `data_version` only sees the others
        _check_folder(folder, self.path, read_only=read_only)
        try:
            with self._lock:
                self._open()
        except sqlite3.Error as error:
            self.close()
            raise self._explain(error) from None

    def close(self) -> None:
        """Close the file; what was acknowledged is in it. May be called twice."""
        with self._lock:
            if self._connection is not None and self._pid == os.getpid():
                self._connection.close()
            self._connection = None

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        """Return what a query finds."""
        with self._lock:
            return self._here().execute(sql, values).fetchall()

    def data_version(self) -> int:
        """Return a number that differs when another connection has changed the file."""
        with self._lock:
            return int(self._here().execute("PRAGMA data_version").fetchone()[0])

    def last_change(self) -> int:
        """Return the number of the newest change, 0 when there is none."""
        return int(self.rows("SELECT coalesce(max(seq), 0) FROM change")[0][0])

    @contextmanager
    def change(self, kind: str = "", name: str = "") -> Iterator[sqlite3.Connection]:
        """Give one transaction, committed at the end, rolled back on any exception.

        A `kind` writes its row into the change log in the same transaction.

        Raises:
            LibraryReadOnly: the file cannot be written.
        """
        with self._lock:
            connection = self._here()
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                if kind:
                    connection.execute(
                        "INSERT INTO change (at, kind, name) VALUES (?, ?, ?)",
                        (self.clock(), kind, name),
                    )
                connection.execute("COMMIT")
                self.changes += 1
            except BaseException as error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.OperationalError):
                    raise self._explain(error) from None
                raise

    def _here(self) -> sqlite3.Connection:
        """Return this process's connection: a forked child must not use its parent's."""
        if self._connection is None or self._pid != os.getpid():
            self._open()
        if self._connection is None:
            raise NotALibrary(f"{str(self.path)!r} could not be opened")
        return self._connection

    def _open(self) -> None:
        mode = "ro" if self.read_only else "rwc"
        uri = f"{self.path.absolute().as_uri()}?mode={mode}"
        connection = sqlite3.connect(
            uri, uri=True, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
        )
        self._connection, self._pid = connection, os.getpid()
        connection.row_factory = sqlite3.Row
        if not self.read_only:
            migrate(connection, str(self.path))
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    def _explain(self, error: sqlite3.Error) -> Exception:
        text = str(error)
        if "readonly" in text or "unable to open" in text:
            return LibraryReadOnly(
                f"the library {str(self.folder)!r} cannot be written ({text}); mend the "
                "folder's permissions, or name another with --library"
            )
        if "not a database" in text:
            return NotALibrary(f"{str(self.path)!r} is no skill library: it is not an SQLite file")
        return error


def _check_folder(folder: Path, path: Path, *, read_only: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise NotALibrary(f"{str(folder)!r} is a file, not a library's folder")
    if path.exists():
        return
    if folder.exists() and any(folder.iterdir()):
        raise NotALibrary(
            f"the folder {str(folder)!r} holds other things and no library ({FILE_NAME}); "
            "name an empty or a new folder"
        )
    if read_only:
        raise NotALibrary(f"there is no library at {str(folder)!r}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LibraryReadOnly(
            f"the library {str(folder)!r} cannot be made ({error.strerror}); name another folder"
        ) from None
