"""The truth in a schema of a Postgres database, for sessions on several machines.

One writer at a time, by an advisory lock that each change takes first, so that what is read
inside a change holds until its end, as under SQLite's BEGIN IMMEDIATE. Every query outside
sees what is committed when it begins (READ COMMITTED). A change returns after the server has
flushed it to its disk (`synchronous_commit`).
"""

from __future__ import annotations

import os
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

import psycopg

from habilis.errors import LibraryError, LibraryReadOnly
from habilis.memory.address import Address
from habilis.memory.forks import tell_of_forks
from habilis.memory.migrations import APPLICATION_ID
from habilis.memory.postgres_login import Login, connect, is_lost, login_of, state_folder
from habilis.memory.postgres_schema import migrate
from habilis.memory.shim import PostgresConnection, PostgresRow
from habilis.memory.store import Connection, log_change

T = TypeVar("T")
Raw = psycopg.Connection[PostgresRow]
_BUSY_S: Final = 30.0  # how long another writer, or a server that starts again, is waited for
_IDLE_S: Final = 20.0  # then the server ends a change whose machine is gone, and frees the lock
_LOOK_S: Final = 0.05
_BEGIN: Final = """
    BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
    SELECT set_config('synchronous_commit', 'on', true)
        WHERE current_setting('synchronous_commit') = 'off';
    SELECT pg_advisory_xact_lock({}, {});
    """
_inherited: list[Raw] = []  # of a parent: never freed, for that would say goodbye in its name


class PostgresStore:
    """One schema of a database, safe to use from several threads, processes and machines.

    A server that was started again is connected to at the next call, which waits for it up
    to 30 s. A change that was cut off raises: whether it came through is known to the
    server alone, so it is never taken for acknowledged.

    Raises:
        LibraryError: the server does not answer, or does not let us in.
        NotALibrary: the schema holds something else.
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
        self.address, self.clock, self.read_only = address, clock, read_only
        self._login: Login = login_of(address)
        self._lock = threading.RLock()
        self._raw: Raw | None = None
        self._closed = False
        self._changing = False
        self.changes = 0
        self._begin_sql = _BEGIN.format(APPLICATION_ID, _number(self._login.schema)).encode()
        try:
            with self._lock, self._explained():
                self._raw = self._connect()
                self._prepare(self._raw)
                self.folder = state_folder(address, self._library())
        except BaseException:
            self.close()
            raise
        tell_of_forks(self)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._drop()

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def gone(self) -> bool:
        return False

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[PostgresRow]:
        with self._lock, self._explained():
            return self._done(lambda raw: PostgresConnection(raw).execute(sql, values).fetchall())

    def data_version(self) -> int:
        return self.last_change()

    def last_change(self) -> int:
        return int(self.rows("SELECT coalesce(max(seq), 0) FROM change")[0][0])

    def now(self) -> float:
        return float(
            self.rows("SELECT CAST(extract(epoch FROM clock_timestamp()) AS float8)")[0][0]
        )

    @contextmanager
    def change(self, kind: str = "", *names: str) -> Iterator[Connection]:
        with self._lock, self._explained():
            if self._closed:
                raise self._is_closed()
            if self.read_only:
                raise self._unwritable("it is open for reading only")
            assert not self._changing, "a change within a change"
            try:
                raw = self._done(self._begin)
                self._changing = True
                connection = PostgresConnection(raw)
                yield connection
                log_change(connection, kind, names, at=self.clock())
                if raw.execute("COMMIT").statusmessage != "COMMIT":  # so Postgres says it
                    raise LibraryError("a statement of this change failed: nothing of it is kept")
                self.changes += 1
            except BaseException:
                self._roll_back()
                raise
            finally:
                self._changing = False

    @contextmanager
    def alone(self, what: str) -> Iterator[None]:
        key = (APPLICATION_ID, _number(f"{self._login.schema} {what}"))
        while not self.rows("SELECT pg_try_advisory_lock(?, ?)", key)[0][0]:
            time.sleep(_LOOK_S)  # without the lock of this object: others go on meanwhile
        try:
            yield
        finally:
            with suppress(LibraryError):  # a connection that is gone holds no lock
                self.rows("SELECT pg_advisory_unlock(?, ?)", key)

    # health ------------------------------------------------------------------

    def format(self) -> int:
        return int(self.rows("SELECT number FROM habilis_format")[0][0])

    def size_bytes(self) -> int:
        sizes = (
            "SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class "
            "WHERE relkind = 'r' AND relnamespace = to_regnamespace(?)"
        )
        return int(self.rows(sizes, (self._login.schema,))[0][0])

    def faults(self) -> list[str]:
        """Return nothing: the server itself keeps its rows and what they point to whole."""
        return []

    def mend(self, connection: Connection) -> None:
        """Leave the server's part to the server."""

    def backup(self, to: Path) -> None:
        raise LibraryError(
            f"the library {str(self.address)!r} is in Postgres: copy it with `pg_dump "
            f"--format=custom --schema={self._login.schema} --file={to} URL`, which may be done "
            "while it is in use"
        )

    # forks -------------------------------------------------------------------

    def before_fork(self) -> None:
        self._lock.acquire()

    def after_fork(self, *, in_child: bool) -> None:
        if in_child and self._raw is not None:
            with suppress(psycopg.Error, OSError):
                os.close(self._raw.fileno())  # else the server would not see the parent end
            _inherited.append(self._raw)
            self._raw = None
        self._lock.release()

    # the connection ----------------------------------------------------------

    def _done(self, work: Callable[[Raw], T]) -> T:
        """Do something; once more where the server was started again since the last call."""
        if self._changing:
            assert self._raw is not None
            return work(self._raw)
        raw = self._here()
        try:
            return work(raw)
        except psycopg.Error as error:
            if not is_lost(raw, error):
                raise
            self._drop()
        return work(self._here())

    def _here(self) -> Raw:
        if self._closed:
            raise self._is_closed()
        if self._raw is not None and self._raw.closed:
            self._drop()
        if self._raw is None:
            self._raw = self._connect(patience_s=_BUSY_S)
        return self._raw

    def _connect(self, *, patience_s: float = 0.0) -> Raw:
        raw = connect(self._login, patience_s=patience_s)
        raw.execute(
            f'SET search_path TO "{self._login.schema}"; '
            f"SET lock_timeout TO '{_BUSY_S:.0f}s'; "
            f"SET idle_in_transaction_session_timeout TO '{_IDLE_S:.0f}s'".encode()
        )
        return raw

    def _prepare(self, raw: Raw) -> None:
        """Bring the schema to the newest format; find out whether it can be written."""
        asked = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool"
        row = raw.execute(asked).fetchone()
        self.read_only = self.read_only or bool(row and row[0])
        begin = None if self.read_only else self._begin
        migrate(raw, self._login.schema, begin, where=str(self.address))
        row = raw.execute("SELECT has_table_privilege('change', 'INSERT')").fetchone()
        self.read_only = self.read_only or not (row and row[0])

    def _library(self) -> str:
        return str(self.rows("SELECT value FROM fact WHERE key = 'library'")[0][0])

    def _begin(self, raw: Raw) -> Raw:
        raw.execute(self._begin_sql)
        return raw

    def _roll_back(self) -> None:
        if self._raw is None:
            return
        try:
            self._raw.execute("ROLLBACK")
        except psycopg.Error:
            self._drop()

    def _drop(self) -> None:
        if self._raw is not None:
            self._raw.close()
        self._raw = None

    # errors ------------------------------------------------------------------

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise self._explain(error) from None

    def _explain(self, error: psycopg.Error) -> LibraryError:
        text = self._login.hidden(" ".join(str(error).split()))
        state = error.sqlstate or ""
        if state in ("42501", "25006"):
            return self._unwritable(text)
        advice = "run `habilis doctor`"
        if state == "55P03":
            text = f"another process has kept it for {_BUSY_S:.0f} s"
            advice = "end that one, or wait"
        elif state == "53100":
            advice = "make room on the server's disk; nothing that was acknowledged is lost"
        elif is_lost(self._raw, error):
            advice = "see that the server runs; what was acknowledged is kept, then go on"
        return LibraryError(f"the library {str(self.address)!r}: {text}; {advice}")

    def _is_closed(self) -> LibraryError:
        return LibraryError(f"the library {str(self.address)!r} is closed; open it again")

    def _unwritable(self, reason: str) -> LibraryReadOnly:
        return LibraryReadOnly(
            f"the library {str(self.address)!r} cannot be written ({reason}); grant the user the "
            f"rights to the schema {self._login.schema}, or name another with --library"
        )


def _number(text: str) -> int:
    """Return what stands for a text among advisory locks: they are named by integers."""
    return zlib.crc32(text.encode()) - 2**31
