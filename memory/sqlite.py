"""The truth in one SQLite file.

WAL with synchronous=FULL: what a call has acknowledged survives a power cut. Each
change is one transaction and carries its number (`change.seq`).
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from habilis.errors import LibraryError, LibraryReadOnly, NotALibrary
from habilis.memory.address import Address
from habilis.memory.folder import check_folder
from habilis.memory.forks import tell_of_forks
from habilis.memory.migrations import STEPS, copy_file, migrate, read_format
from habilis.memory.presence import OpenFile
from habilis.memory.store import Connection, log_change, storable

_BUSY_S = 30.0
_DAMAGED = ("malformed", "not a database", "can't decode")  # sqlite3 decodes its own messages
FILE_NAME = "habilis.db"


class SqliteStore:
    """One SQLite file, safe to use from several threads, processes and forked children.

    Where the file cannot be written it is opened for reading, and `read_only` says so.

    Raises:
        NotALibrary: the folder or its file holds something else.
        LibraryTooNew: a newer habilis wrote it.
        LibraryReadOnly: there is no library and none can be made here.
    """

    def __init__(
        self,
        address: Address,
        *,
        read_only: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        folder = Path(address.given)
        self.address, self.folder, self.clock = address, folder, clock
        self.path = folder / FILE_NAME
        self.read_only = read_only
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._file: OpenFile | None = None
        self._closed = False
        self._frozen: tuple[int, ...] = ()  # what the file was when opened as unchanging
        self.changes = 0  # made through this object; `data_version` only sees the others
        check_folder(folder, self.path, read_only=read_only)
        try:
            with self._lock, self._explained():
                self._open()
        except BaseException:
            self.close()
            raise
        tell_of_forks(self)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._drop_connection()

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def gone(self) -> bool:
        return self._file is not None and self._file.is_gone()

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        with self._lock, self._explained():
            known = [storable(value) if isinstance(value, str) else value for value in values]
            connection = self._here()
            try:
                return connection.execute(sql, known).fetchall()
            except sqlite3.OperationalError as error:
                if "decode to UTF-8" not in str(error):
                    raise
            connection.text_factory = _lenient  # one damaged text is not to hide all others
            return connection.execute(sql, known).fetchall()

    def data_version(self) -> int:
        with self._lock, self._explained():
            connection = self._here()
            if self._frozen:  # nothing else tells of changes to a file taken as unchanging
                return hash(self._frozen)
            return int(connection.execute("PRAGMA data_version").fetchone()[0])

    def last_change(self) -> int:
        return int(self.rows("SELECT coalesce(max(seq), 0) FROM change")[0][0])

    def now(self) -> float:
        return self.clock()

    @contextmanager
    def change(self, kind: str = "", *names: str) -> Iterator[sqlite3.Connection]:
        with self._lock, self._explained():
            connection = self._here()
            if self.read_only:
                raise self._unwritable("it is open for reading only")
            if self.gone:
                raise LibraryError(
                    f"the library {str(self.path)!r} was removed, or another file was put in its "
                    "place, while it was in use: nothing more can be kept; open it again"
                )
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                log_change(connection, kind, names, at=self.clock())
                connection.execute("COMMIT")
                self.changes += 1
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def alone(self, what: str) -> Iterator[None]:
        lock = os.open(self.folder / f"{what}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    # health ------------------------------------------------------------------

    def format(self) -> int:
        return int(self.rows("PRAGMA user_version")[0][0])

    def size_bytes(self) -> int:
        files = (self.path, Path(f"{self.path}-wal"))
        return sum(path.stat().st_size for path in files if path.exists())

    def faults(self) -> list[str]:
        found = [row[0] for row in self.rows("PRAGMA integrity_check") if row[0] != "ok"]
        lost = self.rows("PRAGMA foreign_key_check")
        return found + [f"row {row[1]} of table {row[0]!r} points to nothing" for row in lost]

    def mend(self, connection: Connection) -> None:
        connection.execute("REINDEX")
        for _ in range(3):  # a row that goes may have been pointed to
            for table, row, *_ in connection.execute("PRAGMA foreign_key_check").fetchall():
                if row is not None:
                    connection.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (row,))

    def backup(self, to: Path) -> None:
        if to.exists():
            raise LibraryError(f"{str(to)!r} exists already; name a new file for the backup")
        try:
            to.parent.mkdir(parents=True, exist_ok=True)
            copy_file(str(self.path), str(to))
        except (OSError, sqlite3.Error) as error:
            raise LibraryError(f"the backup {str(to)!r} cannot be written: {error}") from None

    # forks -------------------------------------------------------------------

    def before_fork(self) -> None:
        self._lock.acquire()

    def after_fork(self, *, in_child: bool) -> None:
        if in_child:
            self._drop_connection()  # before any other is opened: see forks.py
        self._lock.release()

    # opening -----------------------------------------------------------------

    def _here(self) -> sqlite3.Connection:
        if self._closed:
            raise LibraryError(f"the library {str(self.folder)!r} is closed; open it again")
        if self._frozen and self._frozen != self._stamp():
            self._drop_connection()
        return self._connection or self._open()

    def _open(self) -> sqlite3.Connection:
        """Open the file for writing if that can be, else for reading."""
        if not self.read_only:
            try:
                return self._connect("mode=rwc")
            except sqlite3.DatabaseError as error:
                if not _says_unwritable(error) or not self.path.exists():
                    raise self._explain(error) from None
                self.read_only = True
        try:
            return self._connect("mode=ro")
        except sqlite3.DatabaseError as error:
            if not _says_unwritable(error):
                raise self._explain(error) from None
        # SQLite cannot share a WAL file where it may not make the -shm file, so the file is
        # taken as unchanging, and opened again whenever it has changed.
        self._frozen = self._stamp()
        try:
            return self._connect("mode=ro&immutable=1")
        except sqlite3.DatabaseError as error:
            raise self._explain(error) from None

    def _connect(self, mode: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?{mode}",
            uri=True,
            timeout=_BUSY_S,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.row_factory = sqlite3.Row
            if self.read_only:
                self._check_format(read_format(connection, str(self.path)))
            else:
                migrate(connection, str(self.path))
                _use_log(connection)
                connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
        except BaseException:
            connection.close()
            raise
        self._connection, self._file = connection, OpenFile(self.path)
        return connection

    def _check_format(self, number: int) -> None:
        if number == 0:
            raise NotALibrary(f"there is no library at {str(self.folder)!r}, only an empty file")
        if number < len(STEPS):
            raise self._unwritable(f"an older habilis wrote it (format {number})")

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._file, self._frozen = None, None, ()

    def _stamp(self) -> tuple[int, ...]:
        """Return numbers that differ when the file was changed from elsewhere."""
        found = self.path.stat()
        log = self.path.with_name(f"{FILE_NAME}-wal")
        size = log.stat().st_size if log.exists() else 0
        return (found.st_ino, found.st_size, found.st_mtime_ns, size)

    # errors ------------------------------------------------------------------

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError:
            raise  # a mistake of the caller's, not of the file
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            raise self._explain(error) from None

    def _explain(self, error: sqlite3.Error | UnicodeDecodeError) -> LibraryError:
        text = str(error)
        if _says_unwritable(error):
            return self._unwritable(text)
        advice = "run `habilis doctor`"
        if "locked" in text:
            advice = f"another process has kept it for {_BUSY_S:.0f} s; end that one, or wait"
        elif "full" in text:
            advice = "make room on the disk; nothing that was acknowledged is lost"
        elif any(sign in text for sign in _DAMAGED):
            advice = "the file is damaged: put back a copy of it"
        return LibraryError(f"the library {str(self.path)!r}: {text}; {advice}")

    def _unwritable(self, reason: str) -> LibraryReadOnly:
        return LibraryReadOnly(
            f"the library {str(self.folder)!r} cannot be written ({reason}); mend the "
            "folder's permissions, or name another with --library"
        )


def _use_log(connection: sqlite3.Connection) -> None:
    """Switch a new file to WAL; SQLite itself does not wait for others that make it too."""
    give_up_at = time.monotonic() + _BUSY_S
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > give_up_at:
                raise
            time.sleep(0.01)


def _says_unwritable(error: Exception) -> bool:
    return "readonly" in str(error) or "unable to open" in str(error)


def _lenient(text: bytes) -> str:
    return text.decode("utf-8", errors="backslashreplace")
