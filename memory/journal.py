"""The append-only record of sessions, in the same file as the skills."""

from __future__ import annotations

from dataclasses import dataclass

from habilis.memory.store import Store, storable


@dataclass(frozen=True, kw_only=True)
class SessionRow:
    """A session as the journal knows it. `state` is running, stopped or finished."""

    name: str
    fingerprint: str  # of its tasks; empty when tasks come one by one
    count: int
    source: str  # the task file, empty when it was started from Python
    state: str
    started_at: float


class Journal:
    """Sessions and the results of their finished tasks. A task finishes once."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def open_session(self, name: str, *, fingerprint: str, count: int, source: str) -> None:
        """Say that a session runs; a new one is made, an old one goes on."""
        with self._store.change("session_opened", name) as connection:
            connection.execute(
                "INSERT INTO session (name, fingerprint, count, source, state, started_at) "
                "VALUES (?, ?, ?, ?, 'running', ?) ON CONFLICT (name) DO UPDATE SET "
                "state = 'running', stop_requested = 0",
                (storable(name), fingerprint, count, storable(source), self._store.clock()),
            )

    def close_session(self, name: str, *, state: str) -> None:
        """Say that a session is stopped or finished."""
        with self._store.change(f"session_{state}", name) as connection:
            connection.execute(
                "UPDATE session SET state = ? WHERE name = ?", (state, storable(name))
            )

    def session(self, name: str) -> SessionRow | None:
        """Return a session, None when there is none of this name."""
        return next((row for row in self.sessions() if row.name == name), None)

    def sessions(self) -> list[SessionRow]:
        """Return all sessions, oldest first."""
        rows = self._store.rows(
            "SELECT name, fingerprint, count, source, state, started_at FROM session "
            "ORDER BY started_at, name"
        )
        return [SessionRow(**dict(row)) for row in rows]

    def finish_task(self, session: str, key: str, result: str) -> None:
        """Record the result of a task, as JSON. The first one recorded stands."""
        with self._store.change("task_finished", f"{session}/{key}") as connection:
            connection.execute(
                "INSERT INTO finished_task (session, key, result, finished_at) "
                "VALUES (?, ?, ?, ?) ON CONFLICT (session, key) DO NOTHING",
                (storable(session), storable(key), storable(result), self._store.clock()),
            )

    def finished(self, session: str) -> dict[str, str]:
        """Return the results recorded so far, as JSON by task key, in the order they came."""
        rows = self._store.rows(
            "SELECT key, result FROM finished_task WHERE session = ? ORDER BY rowid", (session,)
        )
        return {row["key"]: row["result"] for row in rows}

    def request_stop(self, session: str) -> None:
        """Ask a session, perhaps in another process, to stop after its current task."""
        with self._store.change("stop_requested", session) as connection:
            connection.execute(
                "UPDATE session SET stop_requested = 1 WHERE name = ?", (storable(session),)
            )

    def stop_requested(self, session: str) -> bool:
        """Tell whether somebody asked the session to stop since it was opened."""
        rows = self._store.rows("SELECT stop_requested FROM session WHERE name = ?", (session,))
        return bool(rows and rows[0][0])
