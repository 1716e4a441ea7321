"""The record of sessions, in the same database as the skills.

The journal itself holds sessions and the results of their tasks; `claims` says who may
write, `steps` what was asked and paid, `calls` what tools returned, `ledger` the sums,
`tasks` which tasks a session was started with.
"""

from __future__ import annotations

from dataclasses import dataclass

from habilis.memory.journal_calls import HostCalls
from habilis.memory.journal_claims import LEASE_S, Claim, Claims, check_claim
from habilis.memory.journal_ledger import Ledger, add_use, open_accounts
from habilis.memory.journal_steps import Steps
from habilis.memory.journal_tasks import SessionTasks, fork_tasks
from habilis.memory.step import StepKind
from habilis.memory.store import Connection, Store, storable
from habilis.memory.usage import Usage

_ALL = 2**62  # more than there can be
_FINISHED = "SELECT key FROM finished_task WHERE session = ?"


@dataclass(frozen=True, kw_only=True)
class SessionRow:
    """A session as the journal knows it.

    `state` is running, stopped, finished, or interrupted: it ran, and its process is gone.
    `waiting` is why a running session pauses, why a stopped one stopped, or that it is a
    fork which never ran; mostly empty.
    """

    name: str
    fingerprint: str  # of its tasks; empty when tasks come one by one
    count: int
    source: str  # the task file, empty when it was started from Python
    state: str
    started_at: float
    settings: str = "{}"  # JSON: how the command line started it
    waiting: str = ""
    pid: int | None = None  # of the process that runs it
    host: str = ""


class Journal:
    """Sessions and the results of their finished tasks. A task finishes once."""

    def __init__(self, store: Store, *, lease_s: float = LEASE_S) -> None:
        self._store = store
        self.claims = Claims(store, lease_s=lease_s)
        self.steps = Steps(store, self.claims)
        self.calls = HostCalls(store, self.claims)
        self.ledger = Ledger(store)
        self.tasks = SessionTasks(store)

    def make_session(
        self, name: str, *, fingerprint: str, count: int, source: str, settings: str = "{}"
    ) -> None:
        """See to it that there is a session of this name; one that is there stays as it is."""
        with self._store.change() as connection:
            connection.execute(
                "INSERT INTO session (name, fingerprint, count, source, settings, state, "
                "started_at) VALUES (?, ?, ?, ?, ?, 'stopped', ?) ON CONFLICT (name) DO NOTHING",
                (
                    *(storable(name), fingerprint, count, storable(source), storable(settings)),
                    self._store.clock(),
                ),
            )
            open_accounts(connection, name)

    def open_session(
        self,
        claim: Claim,
        *,
        fingerprint: str = "",
        count: int = 0,
        source: str = "",
        settings: str = "{}",
    ) -> None:
        """Say that a session runs, and how it is started now; what is empty stays as it was.

        Raises:
            ClaimLost: another process has taken it over.
        """
        with self._store.change("session_opened", claim.session) as connection:
            check_claim(connection, claim)
            connection.execute(
                "UPDATE session SET state = 'running', stop_requested = 0, waiting = '', "
                "fingerprint = coalesce(nullif(?, ''), fingerprint), "
                "count = coalesce(nullif(?, 0), count), "
                "source = coalesce(nullif(?, ''), source), "
                "settings = coalesce(nullif(?, '{}'), settings) WHERE name = ?",
                (fingerprint, count, *map(storable, (source, settings, claim.session))),
            )

    def close_session(self, claim: Claim, *, state: str, lap_s: float = 0.0, why: str = "") -> None:
        """Say that a session is stopped, and why, or finished."""
        with self._store.change(f"session_{state}", claim.session) as connection:
            check_claim(connection, claim)
            add_use(connection, claim.session, steps=0, seconds=lap_s)
            connection.execute(
                "UPDATE session SET state = ?, waiting = ? WHERE name = ?",
                (state, storable(why), storable(claim.session)),
            )

    def say_waiting(self, session: str, reason: str) -> None:
        """Write down why a session pauses; "" when it goes on."""
        with self._store.change() as connection:
            connection.execute(
                "UPDATE session SET waiting = ? WHERE name = ?",
                (storable(reason), storable(session)),
            )

    def session(self, name: str) -> SessionRow | None:
        """Return a session, None when there is none of this name."""
        return next(iter(self._sessions("WHERE name = ?", name)), None)

    def sessions(self) -> list[SessionRow]:
        """Return all sessions, oldest first."""
        return self._sessions("ORDER BY started_at, name")

    def _sessions(self, where: str, *values: str) -> list[SessionRow]:
        rows = self._store.rows(
            "SELECT name, fingerprint, count, source, state, started_at, settings, waiting "
            f"FROM session {where}",
            values,
        )
        return [self._as_it_is(dict(row)) for row in rows]

    def _as_it_is(self, fields: dict[str, object]) -> SessionRow:
        """Add who runs it; a killed process cannot have written that it runs no more."""
        row = SessionRow(**fields)  # type: ignore[arg-type]
        if row.state != "running":
            return row
        holder = self.claims.holder(row.name)
        if holder is None:
            return SessionRow(**{**vars(row), "state": "interrupted", "waiting": ""})
        return SessionRow(**{**vars(row), "pid": holder.pid, "host": holder.host})

    def finish_task(self, claim: Claim, result: str) -> None:
        """Record the result of the claimed task, as JSON. The first one recorded stands.

        Raises:
            ClaimLost: another process has taken the task over.
        """
        with self._store.change("task_finished", f"{claim.session}/{claim.task}") as connection:
            check_claim(connection, claim)
            connection.execute(
                "INSERT INTO finished_task (session, key, result, finished_at) "
                "VALUES (?, ?, ?, ?) ON CONFLICT (session, key) DO NOTHING",
                (
                    *(storable(claim.session), storable(claim.task), storable(result)),
                    self._store.clock(),
                ),
            )

    def result(self, session: str, key: str) -> str | None:
        """Return the recorded result of a task as JSON, None when it is not finished."""
        rows = self._store.rows(
            "SELECT result FROM finished_task WHERE session = ? AND key = ?", (session, key)
        )
        return rows[0]["result"] if rows else None

    def finished(self, session: str) -> dict[str, str]:
        """Return the results recorded so far, as JSON by task key, in the order they came."""
        rows = self._store.rows(
            "SELECT key, result FROM finished_task WHERE session = ? ORDER BY rowid", (session,)
        )
        return {row["key"]: row["result"] for row in rows}

    def finished_keys(self, session: str) -> set[str]:
        """Return the tasks of a session that are finished."""
        rows = self._store.rows(_FINISHED, (session,))
        return {row["key"] for row in rows}

    def other_costs(self, session: str) -> dict[str, Usage]:
        """Return what a session has paid for beside its finished tasks.

        Under "planning" for tasks that were proposed, under "not finished" for those it is at.
        """
        rows = self._store.rows(
            "SELECT task, kind, requests, input_tokens, output_tokens, usd, seconds FROM step "
            f"WHERE session = ? AND kind IN ('reply', 'proposal') AND state <> 'begun' "
            f"AND task NOT IN ({_FINISHED}) ORDER BY id",
            (session, session),
        )
        planning = {row["task"] for row in rows if row["kind"] == StepKind.PROPOSAL}
        costs: dict[str, Usage] = {}
        for row in rows:
            fields = dict(row)
            what = "planning" if fields.pop("task") in planning else "not finished"
            del fields["kind"]
            costs[what] = costs.get(what, Usage()) + Usage(**fields)
        return {what: cost for what, cost in costs.items() if cost.requests or cost.tokens}

    def fork_session(self, name: str, new: str, *, count: int | None = None) -> int:
        """Make a session `new` of the same tasks; return how many of them are finished in it.

        The first `count` results (all) are taken over. With all of a finished session it is
        finished, too; else stopped, and says that it is a fork.
        """
        with self._store.change("session_forked", new) as connection:
            connection.execute(
                "INSERT INTO session (name, fingerprint, count, source, settings, state, "
                "started_at, waiting) SELECT ?, fingerprint, count, source, settings, 'stopped', "
                "?, ? FROM session WHERE name = ?",
                (storable(new), self._store.clock(), f"forked from {name!r}", storable(name)),
            )
            open_accounts(connection, new)
            connection.execute(
                "INSERT INTO finished_task (session, key, result, finished_at) "
                "SELECT ?, key, result, finished_at FROM finished_task WHERE session = ? "
                "ORDER BY rowid LIMIT ?",
                (storable(new), storable(name), _ALL if count is None else count),
            )
            _fork_proposals(connection, name, new)
            fork_tasks(connection, name, new)
            connection.execute(
                "UPDATE session SET state = 'finished', waiting = '' WHERE name = ? "
                "AND (SELECT state FROM session WHERE name = ?) = 'finished' "
                "AND (SELECT count(*) FROM finished_task WHERE session = ?) = "
                "(SELECT count(*) FROM finished_task WHERE session = ?)",
                tuple(map(storable, (new, name, name, new))),
            )
        return len(self.finished_keys(new))

    def compact_session(self, name: str) -> int:
        """Empty the steps of finished tasks, and those that led to a task that was proposed.

        Costs, results and the proposed tasks stay. Return the characters freed.
        """
        key = storable(name)
        task = "kind = 'proposal' AND number > 0"  # what came before is how it was asked for
        proposed = f"SELECT task FROM step WHERE session = ? AND {task}"
        where = f"(task IN ({_FINISHED}) OR (task IN ({proposed}) AND NOT ({task})))"
        with self._store.change("session_compacted", name) as connection:
            row = connection.execute(
                f"SELECT coalesce(sum(length(content)), 0) FROM step WHERE session = ? AND {where}",
                (key,) * 3,
            ).fetchone()
            connection.execute(
                f"UPDATE step SET content = '' WHERE session = ? AND {where}", (key,) * 3
            )
            connection.execute(
                f"DELETE FROM host_call WHERE session = ? AND task IN ({_FINISHED})", (key,) * 2
            )
        return int(row[0])

    def request_stop(self, session: str, *, at_once: bool = False) -> None:
        """Ask a session, perhaps in another process, to stop after its current task.

        `at_once` asks those that do its tasks elsewhere to stop after the step they are at.
        """
        with self._store.change("stop_requested", session) as connection:
            connection.execute(
                "UPDATE session SET stop_requested = ? WHERE name = ? AND stop_requested < ?",
                (1 + at_once, storable(session), 1 + at_once),
            )

    def count_seconds(self, claim: Claim, seconds: float) -> None:
        """Add to the time that a session has run.

        Raises:
            ClaimLost: another process has taken it over.
        """
        with self.claims.guard(claim) as connection:
            add_use(connection, claim.session, steps=0, seconds=seconds)

    def stop_requested(self, session: str) -> bool:
        """Tell whether somebody asked the session to stop since it was opened."""
        rows = self._store.rows("SELECT stop_requested FROM session WHERE name = ?", (session,))
        return bool(rows and rows[0][0])


def _fork_proposals(connection: Connection, session: str, new: str) -> None:
    """Give a session the tasks that a curriculum has proposed for another one."""
    fields = (
        "task, number, kind, request, state, content, author, process, at, elapsed_s, requests, "
        "input_tokens, output_tokens, usd, seconds"
    )
    connection.execute(
        f"INSERT INTO step (session, {fields}) SELECT ?, {fields} FROM step "
        "WHERE session = ? AND kind = 'proposal' AND state = 'done'",
        (storable(new), storable(session)),
    )
