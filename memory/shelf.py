"""What is written about the skills that can be found, in memory, in step with the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from habilis.memory.embeddings import text_hash
from habilis.memory.store import Store
from habilis.memory.words import Words, card_text
from habilis.skills.skill import SkillState

FOUND = (SkillState.ACTIVE, SkillState.CANDIDATE, SkillState.DOUBTFUL)
_TASKS = 10  # the last ones a skill solved, as a view of what it is for
_DOUBT = -0.5
_PART = 500  # names in one query


@dataclass(frozen=True, slots=True)
class Entry:
    """A skill as searching sees it; its source and cases stay in the store."""

    name: str
    hash: str
    state: SkillState
    signature: str
    card: str  # the text that stands for it among vectors
    tasks: tuple[str, ...]  # hashes of the texts of the last tasks it solved
    tags: frozenset[str]
    prior: float  # in [-1, 1], 0 for a skill never used


class Shelf:
    """The entries by name and their words."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.forget()

    def forget(self) -> None:
        """Begin anew: the next `read` takes in everything."""
        self.words = Words()
        self.entries: dict[str, Entry] = {}
        self.priors: dict[str, float] = {}  # of those that have one
        self.read_to, self._seen = -1, (-1, -1)

    def read(self) -> set[str] | None:
        """Take in what any process has changed; return the names, None for all of them.

        A number to compare where nothing did.
        """
        seen = (self._store.data_version(), self._store.changes)
        if seen == self._seen:
            return set()
        newest = self._store.last_change()
        changed: set[str] | None = set()
        if newest != self.read_to:
            changed = self.changed_since(self.read_to)
            self._take_in(changed)
            self.read_to = newest
        self._seen = seen
        return changed

    def changed_since(self, number: int) -> set[str] | None:
        """Return the names with changes after this one; None where any may have changed."""
        if number < 0:
            return None
        rows = self._store.rows("SELECT DISTINCT name, kind FROM change WHERE seq > ?", (number,))
        if any(row["kind"] == "restored" for row in rows):
            return None
        return {row["name"] for row in rows}

    def _take_in(self, changed: set[str] | None) -> None:
        if changed is None:
            self.words = Words()
            self.entries.clear()
            self.priors.clear()
            self._load("", ())
            return
        for name in changed:
            self.entries.pop(name, None)
            self.priors.pop(name, None)
        names = sorted(changed)
        for start in range(0, len(names), _PART):
            part = names[start : start + _PART]
            self._load(f"AND s.name IN ({', '.join('?' * len(part))})", part)
        for name in changed - self.entries.keys():
            self.words.drop(name)

    def _load(self, which: str, names: Sequence[str]) -> None:
        """Read the entries of these names, or of all."""
        rows = self._store.rows(
            "SELECT s.name, v.hash, s.state, v.signature, v.description, v.source FROM skill s "
            "JOIN version v ON v.name = s.name AND v.number = s.number WHERE s.state IN "
            f"({', '.join(repr(state.value) for state in FOUND)}) {which} ORDER BY s.name",
            names,
        )
        tasks = self._grouped(
            f"SELECT s.name, s.instruction FROM solved_task s WHERE 1 {which} ORDER BY s.id DESC",
            names,
        )
        tags = self._grouped(f"SELECT s.name, s.tag FROM tag s WHERE 1 {which}", names)
        used = {
            row["name"]: (row["helped"] + 1) / (row["called"] + 2)
            for row in self._store.rows(
                "SELECT s.name, count(*) AS called, sum(s.helped) AS helped FROM use s "
                f"WHERE 1 {which} GROUP BY s.name",
                names,
            )
        }
        for row in rows:
            name, last = row["name"], tasks.get(row["name"], [])[:_TASKS]
            doubt = _DOUBT if row["state"] == SkillState.DOUBTFUL else 0.0
            entry = self.entries[name] = Entry(
                name=name,
                hash=row["hash"],
                state=SkillState(row["state"]),
                signature=row["signature"],
                card=card_text(name, row["description"]),
                tasks=tuple(text_hash(task) for task in last),
                tags=frozenset(tags.get(name, ())),
                prior=max(-1.0, 2 * used.get(name, 0.5) - 1 + doubt),
            )
            if entry.prior:
                self.priors[name] = entry.prior
            text = (name, name, row["signature"], row["description"], row["source"], *last)
            card = f"{name} {row['description']}"
            self.words.put(name, card=card, text="\n".join(text))

    def _grouped(self, query: str, names: Sequence[str]) -> dict[str, list[str]]:
        grouped: dict[str, list[str]] = {}
        for name, text in self._store.rows(query, names):
            grouped.setdefault(name, []).append(text)
        return grouped
