"""Which tasks a session was started with, so that it can be told what has become of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from habilis.memory.store import Connection, Store, storable

_DIGITS: Final = 12  # of each fingerprint: they are compared, not trusted


class SessionTasks:
    """The keys and fingerprints of the tasks of sessions, where they are known beforehand."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def remember(self, session: str, fingerprints: Mapping[str, str]) -> None:
        """Write down what the tasks are; what was written first stands."""
        text = json.dumps({key: value[:_DIGITS] for key, value in fingerprints.items()})
        with self._store.change() as connection:
            connection.execute(
                "INSERT INTO fact (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING",
                (_fact(session), text),
            )

    def differences(self, session: str, fingerprints: Mapping[str, str]) -> dict[str, list[str]]:
        """Return the keys of tasks that were changed, added, are gone or moved since the start.

        Those moved are told where nothing else differs. Empty where nothing was written down.
        """
        rows = self._store.rows("SELECT value FROM fact WHERE key = ?", (_fact(session),))
        if not rows:
            return {}
        then, now = json.loads(rows[0]["value"]), fingerprints
        found = {
            "changed": [k for k in now if k in then and then[k] != now[k][:_DIGITS]],
            "added": [key for key in now if key not in then],
            "gone": [key for key in then if key not in now],
        }
        if not any(found.values()):
            found = {"moved": [a for a, b in zip(now, then, strict=True) if a != b]}
        return {what: keys for what, keys in found.items() if keys}


def fork_tasks(connection: Connection, session: str, new: str) -> None:
    """Write down that a session has the tasks of another one."""
    connection.execute(
        "INSERT INTO fact (key, value) SELECT ?, value FROM fact WHERE key = ? "
        "ON CONFLICT (key) DO NOTHING",
        (_fact(new), _fact(session)),
    )


def _fact(session: str) -> str:
    return storable(f"tasks of session:{session}")
