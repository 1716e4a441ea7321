"""The steps of a session's tasks: what was asked for, what came back, what it cost.

A step is written when it begins, before anything is paid, and again, with its answer and
its cost, before the answer is used. Steps are never changed after that; one that no longer
fits is dropped and its cost still counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from habilis.memory.journal_claims import Claim, Claims, check_claim, set_acting
from habilis.memory.journal_ledger import (
    LIBRARY,
    add_use,
    read_accounts,
    reserve,
    set_aside_again,
    settle,
)
from habilis.memory.step import Place, StepKind, StepRow, StepState
from habilis.memory.store import Connection, Row, Store, storable
from habilis.memory.usage import Usage

_UNDONE = "state IN ('begun', 'in_doubt', 'dropped')"  # in the words of the index


class Steps:
    """Writes and reads steps."""

    def __init__(self, store: Store, claims: Claims) -> None:
        self._store, self._claims = store, claims

    # read --------------------------------------------------------------------

    def of_task(self, session: str, task: str) -> list[StepRow]:
        """Return the steps of a task that count, in order."""
        return self._rows(
            "session = ? AND task = ? AND state IN ('begun', 'done') ORDER BY number",
            (session, task),
        )

    def behind(self, session: str, task: str) -> tuple[float, list[Usage]]:
        """Return a task's time so far, and the costs of its steps that will not be replayed."""
        undone = self._rows(f"session = ? AND task = ? AND {_UNDONE}", (session, task))
        done = (
            "SELECT coalesce(max(elapsed_s), 0) FROM step "
            "WHERE session = ? AND task = ? AND state IN ('begun', 'done')"
        )
        last = float(self._store.rows(done, (session, task))[0][0])
        gone = [row.cost for row in undone if row.state is not StepState.BEGUN]
        return max([last, *(row.elapsed_s for row in undone)]), gone

    def of_session(self, session: str) -> list[StepRow]:
        """Return every step of a session, also dropped and doubtful ones, as they came."""
        return self._rows("session = ? ORDER BY id", (session,))

    def in_doubt(self, session: str = "") -> list[StepRow]:
        """Return the replies that may have been paid and are lost: of one session, or all.

        A call under way whose process is gone is one of them.
        """
        where = f"{_UNDONE} AND state <> 'dropped' AND kind = 'reply'"
        where += " AND session = ?" if session else ""
        rows = self._rows(where, (session,) if session else ())
        return [
            row
            for row in sorted(rows, key=lambda row: row.id)
            if row.state is StepState.IN_DOUBT or not self._claims.lives(row.process)
        ]

    def _rows(self, where: str, values: Sequence[object] = ()) -> list[StepRow]:
        return [_step(row) for row in self._store.rows(f"SELECT * FROM step WHERE {where}", values)]

    # write -------------------------------------------------------------------

    def begin_reply(self, place: Place, *, author: str, process: str, most: Usage) -> int | None:
        """Write down that a reply will be asked for, and set aside its cost at `most`.

        None when other calls have to be settled first.

        Raises:
            BudgetSpent: there is not enough left.
            ClaimLost: another process is at the task.
        """
        with self._store.change() as connection:
            return begin_reply(
                connection, place, author=author, process=process, most=most, at=self._store.clock()
            )

    def end_reply(self, step: int, *, state: StepState, content: str = "", cost: Usage) -> None:
        """Record how a call ended, with its cost, before anything is made of it.

        Whoever made the call may: the answer is paid, whatever became of the claim.
        """
        with self._store.change() as connection:
            end_reply(connection, step, state=state, content=content, cost=cost)

    def give_up(self, step: int) -> None:
        """Say that the reply of a step under way is lost; what was set aside is spent."""
        rows = self._rows("id = ?", (step,))
        if rows:
            self.end_reply(step, state=StepState.IN_DOUBT, cost=rows[0].cost)

    def begin_action(self, claim: Claim) -> None:
        """Set one of the session's steps aside, until the action is recorded or given up.

        Raises:
            BudgetSpent: there is none left.
            ClaimLost: another process is at the task.
        """
        accounts = read_accounts(self._store.rows, claim.session)
        for account in accounts:
            if limit := account.over("steps", "seconds"):
                raise account.refusal(limit)
        if all(account.most_steps is None for account in accounts):
            return
        with self._claims.guard(claim) as connection:
            for account in read_accounts(connection.execute, claim.session):
                session = "" if account.scope == LIBRARY else claim.session
                under_way = self._claims.acting(connection, session)
                account = replace(account, steps=account.steps + under_way)
                if limit := account.over("steps"):
                    raise account.refusal(limit)
            set_acting(connection, claim, 1)

    def record(
        self,
        place: Place,
        *,
        kind: StepKind,
        content: str,
        seconds: float = 0.0,
        lap_s: float = 0.0,
    ) -> None:
        """Record a step that costs no money; an action counts as one of the session's steps."""
        with self._claims.guard(place.claim) as connection:
            _insert(
                connection,
                place,
                kind=kind,
                state=StepState.DONE,
                content=content,
                cost=Usage(seconds=seconds),
                at=self._store.clock(),
            )
            steps = int(kind is StepKind.ACTION)
            if steps:
                set_acting(connection, place.claim, 0)
            add_use(connection, place.claim.session, steps=steps, seconds=lap_s)

    def drop_from(self, claim: Claim, number: int, *, calls_from: int) -> None:
        """Let the steps from this number on count no more, but for their cost.

        Calls of tools are forgotten from the position `calls_from` on.
        """
        with self._claims.guard(claim) as connection:
            key = (storable(claim.session), storable(claim.task))
            connection.execute(
                "UPDATE step SET state = 'dropped' WHERE session = ? AND task = ? "
                "AND number >= ? AND state = 'done'",
                (*key, number),
            )
            connection.execute(
                "DELETE FROM host_call WHERE session = ? AND task = ? AND position >= ?",
                (*key, calls_from),
            )


def reply_at(connection: Connection, key: tuple[str, str, int]) -> StepRow | None:
    """Return the step of this session, task and number that counts, None when there is none."""
    session, task, number = key
    row = connection.execute(
        "SELECT * FROM step WHERE session = ? AND task = ? AND number = ? "
        "AND state IN ('begun', 'done')",
        (storable(session), storable(task), number),
    ).fetchone()
    return None if row is None else _step(row)


def begin_reply(
    connection: Connection,
    place: Place,
    *,
    author: str,
    process: str,
    most: Usage,
    at: float,
) -> int | None:
    """Do what `Steps.begin_reply` says, within a transaction."""
    check_claim(connection, place.claim)
    if not reserve(connection, place.claim.session, tokens=most.tokens, usd=most.usd):
        return None
    return _insert(
        connection,
        place,
        kind=StepKind.REPLY,
        state=StepState.BEGUN,
        cost=most,
        at=at,
        author=author,
        process=process,
    )


def end_reply(
    connection: Connection, step: int, *, state: StepState, content: str = "", cost: Usage
) -> None:
    """Do what `Steps.end_reply` says, within a transaction.

    A call that was given up, and is answered after all, is dropped at its true cost.
    """
    row = connection.execute(
        "SELECT * FROM step WHERE id = ? AND state IN ('begun', 'in_doubt')", (step,)
    ).fetchone()
    if row is None:
        return
    before = _step(row)
    if before.state is StepState.IN_DOUBT:
        if state is StepState.IN_DOUBT:
            return
        state = StepState.DROPPED if state is StepState.DONE else state
        set_aside_again(connection, before.session, tokens=before.cost.tokens, usd=before.cost.usd)
    settle(
        connection,
        before.session,
        reserved=(before.cost.tokens, before.cost.usd or 0.0),
        tokens=cost.tokens,
        usd=cost.usd,
    )
    connection.execute(
        "UPDATE step SET state = ?, content = ?, requests = ?, input_tokens = ?, "
        "output_tokens = ?, usd = ?, seconds = ? WHERE id = ?",
        (
            state.value,
            storable(content),
            cost.requests,
            cost.input_tokens,
            cost.output_tokens,
            cost.usd,
            cost.seconds,
            step,
        ),
    )


def leave_reply(connection: Connection, step: StepRow) -> None:
    """Let another call stand in this one's place; it is in doubt until its answer comes."""
    if step.state is StepState.BEGUN:
        end_reply(connection, step.id, state=StepState.IN_DOUBT, cost=step.cost)
    else:
        connection.execute("UPDATE step SET state = 'dropped' WHERE id = ?", (step.id,))


def _insert(
    connection: Connection,
    place: Place,
    *,
    kind: StepKind,
    state: StepState,
    cost: Usage,
    at: float,
    content: str = "",
    author: str = "",
    process: str = "",
) -> int:
    claim = place.claim
    cursor = connection.execute(
        "INSERT INTO step (session, task, number, kind, request, state, content, author, process, "
        "at, elapsed_s, requests, input_tokens, output_tokens, usd, seconds) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            *(storable(claim.session), storable(claim.task), place.number, kind.value),
            *(place.request, state.value, storable(content), storable(author), process, at),
            *(place.elapsed_s, cost.requests, cost.input_tokens, cost.output_tokens),
            *(cost.usd, cost.seconds),
        ),
    )
    return int(cursor.fetchone()[0])


def _step(row: Row) -> StepRow:
    fields = dict(row)
    names = ("requests", "input_tokens", "output_tokens", "usd", "seconds")
    cost = Usage(**{name: fields.pop(name) for name in names})
    fields |= {"kind": StepKind(fields["kind"]), "state": StepState(fields["state"])}
    return StepRow(**fields, cost=cost)
