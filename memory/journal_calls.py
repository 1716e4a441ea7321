"""What the user's own tools returned to a task's code: recorded, so that it is not repeated."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from habilis.memory.journal_claims import Claim, Claims
from habilis.memory.store import Store, storable


class HostCallState(StrEnum):
    """How far a call of a tool is."""

    BEGUN = "begun"  # it may have had its effect
    RETURNED = "returned"
    RAISED = "raised"


@dataclass(frozen=True, kw_only=True)
class HostCallRow:
    """The call of a tool at one position of a task. `value` is JSON: a value, or an error."""

    position: int
    step: int
    name: str
    arguments: str  # a hash
    state: HostCallState
    value: str = ""


class HostCalls:
    """Writes and reads the calls of a task."""

    def __init__(self, store: Store, claims: Claims) -> None:
        self._store, self._claims = store, claims

    def of_task(self, session: str, task: str) -> list[HostCallRow]:
        """Return the calls of a task, in order."""
        rows = self._store.rows(
            "SELECT position, step, name, arguments, state, value FROM host_call "
            "WHERE session = ? AND task = ? ORDER BY position",
            (session, task),
        )
        return [HostCallRow(**{**dict(r), "state": HostCallState(r["state"])}) for r in rows]

    def write(self, claim: Claim, call: HostCallRow) -> None:
        """Record a call before it is made, and again with what came back."""
        with self._claims.guard(claim) as connection:
            connection.execute(
                "INSERT INTO host_call (session, task, position, step, name, arguments, state, "
                "value) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (session, task, position) "
                "DO UPDATE SET step = excluded.step, name = excluded.name, "
                "arguments = excluded.arguments, state = excluded.state, value = excluded.value",
                (
                    *(storable(claim.session), storable(claim.task), call.position, call.step),
                    *(storable(call.name), call.arguments, call.state.value, storable(call.value)),
                ),
            )
