"""What skills were used for and what that saved: one row a use, figures made from the rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from habilis.memory.store import Store, storable


@dataclass(frozen=True, kw_only=True)
class Use:
    """One use of a version of a skill in a task.

    `seconds` and `tokens` are what that task took, None where it is not known; `at` is
    seconds since 1970, UTC, None for uses counted before they were kept one by one.
    `nested`: not called by the task's own code, but by another skill.
    """

    name: str
    version: int
    task: str
    helped: bool
    nested: bool
    seconds: float | None
    tokens: int | None
    at: float | None


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """A skill's uses, added up.

    What is saved is what the task took for which the version was made, less what the task
    took that it helped in, never below zero; only uses that were not nested count, and
    only where both are known.
    """

    retrieved: int = 0  # times shown to an author
    called: int = 0
    helped: int = 0
    failed: int = 0
    seconds_saved: float = 0.0
    tokens_saved: int = 0
    last_used: float | None = None

    @property
    def reliability(self) -> float:
        """The share of uses that helped, as if two more had been seen, one of each."""
        return (self.helped + 1) / (self.called + 2)


_SAVED = (
    "coalesce(sum(json_extract(v.provenance, '$.{0}') - u.{0}) FILTER (WHERE u.helped = 1 AND "
    "u.nested = 0 AND json_extract(v.provenance, '$.{0}') > u.{0}), 0) AS {0}_saved"
)
_SUMS = f"""
    SELECT s.name, s.retrieved, count(u.id) AS called, coalesce(sum(u.helped), 0) AS helped,
        count(u.id) - coalesce(sum(u.helped), 0) AS failed, max(u.at) AS last_used,
        {_SAVED.format("seconds")}, {_SAVED.format("tokens")}
    FROM skill s LEFT JOIN use u ON u.name = s.name
        LEFT JOIN version v ON v.name = u.name AND v.number = u.number
            AND json_valid(v.provenance)
"""


def write_use(
    store: Store,
    name: str,
    *,
    helped: bool,
    version: int,
    task: str = "",
    nested: bool = False,
    seconds: float | None = None,
    tokens: int | None = None,
) -> None:
    """Keep one use, in a transaction of its own."""
    with store.change("skill_used", name) as connection:
        connection.execute(
            "INSERT INTO use (name, number, task, helped, nested, seconds, tokens, at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (name, version, storable(task), helped, nested, seconds, tokens, store.clock()),
        )


def write_retrieved(store: Store, names: Iterable[str]) -> None:
    """Count that these skills were shown. Says nothing in the change log: nothing to index."""
    with store.change() as connection:
        connection.executemany(
            "UPDATE skill SET retrieved = retrieved + 1 WHERE name = ?", [(n,) for n in names]
        )


def read_uses(store: Store, name: str) -> list[Use]:
    """Return the uses of a skill, of all its versions, oldest first."""
    rows = store.rows(
        "SELECT name, number AS version, task, helped, nested, seconds, tokens, at FROM use "
        "WHERE name = ? ORDER BY id",
        (name,),
    )
    return [
        Use(**{**dict(row), "helped": bool(row["helped"]), "nested": bool(row["nested"])})
        for row in rows
    ]


def read_ledger(store: Store, name: str) -> Ledger:
    """Return the figures of one skill."""
    return read_ledgers(store, f"{_SUMS} WHERE s.name = ? GROUP BY s.name", (name,)).get(
        name, Ledger()
    )


def read_ledgers(
    store: Store, query: str = f"{_SUMS} GROUP BY s.name", values: tuple[str, ...] = ()
) -> Mapping[str, Ledger]:
    """Return the figures of all skills by name."""
    found = {}
    for row in store.rows(query, values):
        figures = dict(row)
        name = str(figures.pop("name"))
        figures["tokens_saved"] = int(figures["tokens_saved"])
        found[name] = Ledger(**figures)
    return found
