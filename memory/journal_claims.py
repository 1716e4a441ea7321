"""Who may write to a session or a task: claims with a lease and a fencing token.

A process that claims something leaves a row with its id and a heartbeat. A claim of a
process that is dead, or has not given a sign for `LEASE_S`, is taken over by whoever wants
it, with the next fencing number; every write of the former holder is refused from then on
(Kleppmann, "How to do distributed locking", 2016).
"""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from habilis.errors import ClaimLost, LibraryError, SessionBusy
from habilis.memory.store import Connection, Store, storable

LEASE_S: Final = 30.0
_BEAT_S = 5.0
_FORGET_S = 86_400.0


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to write to a session (`task` is empty) or to one task of it."""

    session: str
    task: str = ""
    fence: int
    process: str

    def __str__(self) -> str:
        return f"task {self.task!r} of {self.session!r}" if self.task else repr(self.session)


@dataclass(frozen=True, kw_only=True)
class ProcessRow:
    """A process as others see it. `place` is the boot and the pid namespace it runs in."""

    token: str
    pid: int
    born: int  # clock ticks after the boot: a pid may come again, this with it does not
    host: str
    place: str
    beat_at: float  # seconds since 1970, by the store's clock
    beat_s: float  # seconds since the boot: a clock that is set does not end a lease


class Claims:
    """Takes and gives back claims; while one is held, a thread keeps the heartbeat."""

    def __init__(self, store: Store, *, lease_s: float = LEASE_S) -> None:
        self._store, self._lease_s = store, lease_s
        self._lock = threading.Lock()
        self._held: set[Claim] = set()
        self._me: ProcessRow | None = None
        self._rest = threading.Event()

    def take(self, session: str, task: str = "") -> Claim:
        """Claim a session or a task that no living process holds.

        Raises:
            SessionBusy: a living one does; its pid and host are named.
        """
        with self._lock:
            me = self._present()
            with self._store.change() as connection:
                row = connection.execute(
                    "SELECT fence, process FROM claim WHERE session = ? AND task = ?",
                    (storable(session), storable(task)),
                ).fetchone()
                holder = _process(connection, row["process"]) if row else None
                mine = holder is not None and holder.token == me.token
                left = mine and not self._holds(session, task)
                if holder is not None and self._alive(holder) and not left:
                    what = f"task {task!r} of session" if task else "session"
                    raise SessionBusy(f"{what} {session!r}", pid=holder.pid, host=holder.host)
                fence = row["fence"] + 1 if row else 1
                connection.execute(
                    "INSERT INTO claim (session, task, fence, process) VALUES (?, ?, ?, ?) "
                    "ON CONFLICT (session, task) DO UPDATE SET fence = excluded.fence, "
                    "process = excluded.process, acting = 0",
                    (storable(session), storable(task), fence, me.token),
                )
            claim = Claim(session=session, task=task, fence=fence, process=me.token)
            self._held.add(claim)
        return claim

    def release(self, claim: Claim) -> None:
        """Give a claim back; one that was taken over is not touched.

        Where that cannot be written (the disk is full) the heartbeat does it later.
        """
        with self._lock:
            self._held.discard(claim)
            with self._store.change() as connection:
                connection.execute(
                    "UPDATE claim SET process = '', acting = 0 "
                    "WHERE session = ? AND task = ? AND fence = ?",
                    (storable(claim.session), storable(claim.task), claim.fence),
                )
                if not self._held:
                    connection.execute("DELETE FROM process WHERE token = ?", (claim.process,))
            if not self._held:
                self._me = None
                self._rest.set()

    @contextmanager
    def guard(self, claim: Claim) -> Iterator[Connection]:
        """Give one transaction that is only for the holder of the claim.

        Raises:
            ClaimLost: it was taken over.
        """
        with self._store.change() as connection:
            check_claim(connection, claim)
            yield connection

    def acting(self, connection: Connection, session: str = "") -> int:
        """Return how many actions are under way in a session, or in all of them."""
        rows = connection.execute(
            "SELECT p.* FROM claim c JOIN process p ON p.token = c.process "
            "WHERE c.acting = 1 AND ? IN ('', c.session)",
            (storable(session),),
        )
        return sum(self._alive(ProcessRow(**dict(row))) for row in rows)

    def holder(self, session: str) -> ProcessRow | None:
        """Return a living process that is at the session or a task of it, None when none is."""
        rows = self._store.rows(
            "SELECT p.* FROM claim c JOIN process p ON p.token = c.process "
            "WHERE c.session = ? ORDER BY c.task",
            (session,),
        )
        holders = [ProcessRow(**dict(row)) for row in rows]
        return next((holder for holder in holders if self._alive(holder)), None)

    def lives(self, token: str) -> bool:
        """Tell whether the process of this token is there."""
        rows = self._store.rows("SELECT * FROM process WHERE token = ?", (token,))
        return bool(rows) and self._alive(ProcessRow(**dict(rows[0])))

    def join(self) -> str:
        """Show this process as living until the store is closed; return its token."""
        with self._lock:
            return self._present().token

    def _alive(self, row: ProcessRow) -> bool:
        """On this machine the kernel knows, elsewhere only the heartbeat tells."""
        if row.place == _place() and not _runs(row.pid, row.born):
            return False
        if _is_elsewhere(row):
            return self._silent_s(row) < self._lease_s
        return time.monotonic() - row.beat_s < self._lease_s

    def _silent_s(self, row: ProcessRow) -> float:
        return self._store.now() - row.beat_at

    # the heartbeat -----------------------------------------------------------

    def _present(self) -> ProcessRow:
        """Return this process's row, written now if need be. A forked child gets its own."""
        if self._me is not None and self._me.pid == os.getpid():
            return self._me
        self._held.clear()
        me = ProcessRow(
            token=uuid.uuid4().hex,
            pid=os.getpid(),
            born=_born(os.getpid()) or 0,
            host=socket.gethostname(),
            place=_place(),
            beat_at=self._store.now(),
            beat_s=time.monotonic(),
        )
        with self._store.change() as connection:
            self._bury(connection)
            connection.execute(
                "INSERT INTO process (token, pid, born, host, place, beat_at, beat_s) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (me.token, me.pid, me.born, me.host, me.place, me.beat_at, me.beat_s),
            )
        self._me, self._rest = me, threading.Event()
        threading.Thread(
            target=self._beat, args=(me.token, self._rest), name="habilis-lease", daemon=True
        ).start()
        return me

    def _beat(self, token: str, rest: threading.Event) -> None:
        while not rest.wait(min(_BEAT_S, self._lease_s / 4)):
            try:
                with self._lock, self._store.change() as connection:
                    connection.execute(
                        "UPDATE process SET beat_at = ?, beat_s = ? WHERE token = ?",
                        (self._store.now(), time.monotonic(), token),
                    )
                    self._leave(connection, token)
            except LibraryError:  # closed: over; full or locked: the next beat may come through
                if self._store.closed:
                    return

    def _leave(self, connection: Connection, token: str) -> None:
        """Give back what could not be given back at its time."""
        held = [(storable(claim.session), storable(claim.task)) for claim in self._held]
        rows = connection.execute("SELECT session, task FROM claim WHERE process = ?", (token,))
        for session, task in set(map(tuple, rows.fetchall())).difference(held):
            connection.execute(
                "UPDATE claim SET process = '', acting = 0 WHERE session = ? AND task = ?",
                (session, task),
            )

    def _holds(self, session: str, task: str) -> bool:
        return any((claim.session, claim.task) == (session, task) for claim in self._held)

    def _bury(self, connection: Connection) -> None:
        """Forget dead processes, elsewhere those long silent: their number stays bounded."""
        rows = connection.execute("SELECT * FROM process").fetchall()
        for process in (ProcessRow(**dict(row)) for row in rows):
            dead = process.place == _place() and not _runs(process.pid, process.born)
            if dead or (_is_elsewhere(process) and self._silent_s(process) > _FORGET_S):
                connection.execute("DELETE FROM process WHERE token = ?", (process.token,))


def check_claim(connection: Connection, claim: Claim) -> None:
    """Raise unless the claim still holds, inside the transaction that will write.

    Raises:
        ClaimLost: it was taken over.
    """
    row = connection.execute(
        "SELECT fence FROM claim WHERE session = ? AND task = ?",
        (storable(claim.session), storable(claim.task)),
    ).fetchone()
    if row is None or row["fence"] < claim.fence:  # numbers only grow
        raise ClaimLost(
            f"the library was put back, or changed for another, while {claim} was at work: it "
            "knows nothing of that; this process writes no more, start the session again"
        )
    if row["fence"] != claim.fence:
        raise ClaimLost(
            f"another process has taken over {claim} because this one gave no sign of life; "
            "what was recorded before is kept, this process writes no more"
        )


def set_acting(connection: Connection, claim: Claim, acting: int) -> None:
    """Write down whether an action of the task is under way."""
    connection.execute(
        "UPDATE claim SET acting = ? WHERE session = ? AND task = ?",
        (acting, storable(claim.session), storable(claim.task)),
    )


def _process(connection: Connection, token: str) -> ProcessRow | None:
    row = connection.execute("SELECT * FROM process WHERE token = ?", (token,)).fetchone()
    return ProcessRow(**dict(row)) if row else None


def _is_elsewhere(row: ProcessRow) -> bool:
    """Tell whether a process runs on another machine, or ran before this one was started."""
    return row.place.partition("/")[0] != _place().partition("/")[0]


def _runs(pid: int, born: int) -> bool:
    return _born(pid) == born


def _born(pid: int) -> int | None:
    """Return when a process started, None when there is none, or only its corpse."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return None
    return None if state in "ZX" else int(fields[18])


def _place() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"
