"""What is written about the skills that can be found, in memory, in step with the store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from habilis.memory.embeddings import text_hash
from habilis.memory.store import Row, Store
from habilis.memory.words import Words, Written, card_text
from habilis.skills.skill import SkillState

FOUND = (SkillState.ACTIVE, SkillState.CANDIDATE, SkillState.DOUBTFUL)
_STATES = frozenset(state.value for state in FOUND)
_TASKS = 10  # the last ones a skill solved, as a view of what it is for
_STANDING = {SkillState.DOUBTFUL: -0.5, SkillState.ACTIVE: 0.2}  # beside the record of its uses
_PART = 500  # names in one query
_PAGE = 2_000  # skills read at a time


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
    """The entries by name and their words; names of what cannot be read go into `unread`."""

    def __init__(self, store: Store, unread: set[str]) -> None:
        self._store, self._unread = store, unread
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
        self.words.drop(changed - self.entries.keys())

    def _load(self, which: str, names: Sequence[str]) -> None:
        """Read the entries of these names, or of all."""
        tasks = self._grouped(
            f"SELECT s.name, s.instruction FROM solved_task s WHERE true {which} "
            "ORDER BY s.id DESC",
            names,
        )
        tags = self._grouped(f"SELECT s.name, s.tag FROM tag s WHERE true {which}", names)
        used = {
            row["name"]: (row["helped"] + 1) / (row["called"] + 2)
            for row in self._store.rows(
                "SELECT s.name, count(*) AS called, sum(s.helped) AS helped FROM use s "
                f"WHERE true {which} GROUP BY s.name",
                names,
            )
        }
        self.words.put_all(
            self._entered(row, tasks, tags, used)
            for row in self._rows(which, names)
            if self._is_readable(row)
        )

    def _rows(self, which: str, names: Sequence[str]) -> Iterator[Row]:
        """Yield what is written of these names, or of all; not all sources at a time."""
        last: str | None = ""
        while last is not None:
            rows = self._store.rows(
                "SELECT s.name, v.hash, s.state, v.signature, v.description, v.source FROM skill s "
                "JOIN version v ON v.name = s.name AND v.number = s.number WHERE s.state != ? "
                f"{which} AND s.name > ? ORDER BY s.name LIMIT ?",
                (SkillState.ARCHIVED.value, *names, last, _PAGE),
            )
            yield from rows
            last = rows[-1]["name"] if len(rows) == _PAGE else None

    def _is_readable(self, row: Row) -> bool:
        whole = row["state"] in _STATES and all(isinstance(value, str) for value in row)
        if not whole:
            self._unread.add(str(row["name"]))
        return whole

    def _entered(
        self,
        row: Row,
        tasks: Mapping[str, Sequence[str]],
        tags: Mapping[str, Sequence[str]],
        used: Mapping[str, float],
    ) -> Written:
        """Enter a skill; return what is written about it."""
        name, _, state, signature, description, source = row
        last = tasks.get(name, ())[:_TASKS]
        entry = self.entries[name] = Entry(
            name=name,
            hash=row["hash"],
            state=SkillState(state),
            signature=signature,
            card=card_text(name, description),
            tasks=tuple(text_hash(task) for task in last),
            tags=frozenset(tags.get(name, ())),
            prior=min(
                1.0, max(-1.0, 2 * used.get(name, 0.5) - 1 + _STANDING.get(SkillState(state), 0.0))
            ),
        )
        if entry.prior:
            self.priors[name] = entry.prior
        text = (name, name, signature, description, source, *last)
        return Written(name, card=f"{name} {description}", text="\n".join(text))

    def _grouped(self, query: str, names: Sequence[str]) -> dict[str, list[str]]:
        grouped: dict[str, list[str]] = {}
        for name, text in self._store.rows(query, names):
            if isinstance(text, str):
                grouped.setdefault(name, []).append(text)
        return grouped
