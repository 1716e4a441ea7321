"""What is found by searching: the index and the words, kept in step with the store."""

from __future__ import annotations

import threading

import numpy as np

from habilis.memory.embed import Embeddings, Vectors
from habilis.memory.exact import ExactIndex, Index
from habilis.memory.index import open_chroma
from habilis.memory.records import current_skills
from habilis.memory.retrieve import Hit, Words, rank, split_words
from habilis.memory.store import Store
from habilis.skills.skill import Skill, SkillState

FOUND = (SkillState.ACTIVE, SkillState.CANDIDATE, SkillState.DOUBTFUL)
_TASKS = 10  # the last ones a skill solved, as a view of what it is for
_TASK_WEIGHT = 0.5
_NEAREST = 256


class Catalogue:
    """Searches the current versions of all skills that are not archived.

    Searching is exact until Chroma is open, and for good where another process owns the
    Chroma folder: `index.kind` says which. Every search first takes in what any process
    has changed since the last one.
    """

    def __init__(self, store: Store, embeddings: Embeddings, *, kind: str) -> None:
        self._store, self._embeddings = store, embeddings
        self._lock = threading.RLock()
        self._words = Words()
        self._skills: dict[str, Skill] = {}
        self._read_to, self._seen = -1, (-1, -1)
        self.index: Index = ExactIndex()
        self._opening: threading.Thread | None = None
        self._wants_chroma = kind != "exact" and not store.read_only
        if kind == "chroma":
            self._open_chroma()

    def warm(self) -> None:
        """Open Chroma in the background; until then searches are exact."""
        with self._lock:
            if self._wants_chroma and self._opening is None:
                self._opening = threading.Thread(target=self._open_chroma, daemon=True)
                self._opening.start()

    def close(self) -> None:
        """Close the index so that the next process can go on with it."""
        if self._opening is not None:
            self._opening.join()
        with self._lock:
            self._wants_chroma = False
            self.index.close()

    def skills(self) -> dict[str, Skill]:
        """Return the skills that can be found, by name."""
        with self._lock:
            self._read()
            return self._skills

    def search(self, query: str, *, k: int) -> list[Hit]:
        """Return the skills that fit best; none for an empty library, with no encoder loaded."""
        with self._lock:
            skills = self.skills()
            if not skills:
                return []
            self.sync()
            vector = self._embeddings.vectors([query])[0]
            cosines = dict(self.index.nearest(vector, k=max(k, _NEAREST)))
            return rank(skills, cosines, self._words.scores(query), k=k)

    def sync(self) -> None:
        """Bring the index into step with the store."""
        with self._lock:
            self._read()
            self._sync(self.index)

    def behind(self) -> list[str]:
        """Return what the index lacks or holds too much, as sentences."""
        with self._lock:
            self.sync()
            held, wanted = self.index.names(), set(self._skills)
            lacking = [f"the index lacks {name!r}" for name in sorted(wanted - held)]
            return lacking + [f"the index holds a stray {name!r}" for name in sorted(held - wanted)]

    def rebuild(self) -> None:
        """Throw away what is derived and make it anew from the store."""
        with self._lock:
            self.index.remove(sorted(self.index.names()))
            self.index.applied, self._read_to, self._seen = 0, -1, (-1, -1)
            self.sync()

    def _read(self) -> None:
        """Take in what changed: a number to compare where nothing did."""
        seen = (self._store.data_version(), self._store.changes)
        if seen == self._seen:
            return
        newest = self._store.last_change()
        if newest != self._read_to:
            skills = {skill.name: skill for skill in current_skills(self._store, states=FOUND)}
            for name in self._skills.keys() - skills.keys():
                self._words.drop(name)
            for name in self._changed_since(self._read_to) & skills.keys():
                self._words.put(skills[name], self._tasks(name))
            self._skills, self._read_to = skills, newest
        self._seen = seen

    def _sync(self, index: Index) -> None:
        if index.applied == self._read_to:
            return
        changed = self._changed_since(index.applied)
        present = sorted(changed & self._skills.keys())
        if present:
            index.upsert(present, np.stack([self._vector(name) for name in present]))
        index.remove(sorted(changed - self._skills.keys()))
        index.applied = self._read_to

    def _changed_since(self, seq: int) -> set[str]:
        rows = self._store.rows("SELECT DISTINCT name FROM change WHERE seq > ?", (seq,))
        return {row["name"] for row in rows}

    def _vector(self, name: str) -> Vectors:
        """A skill's card, moved towards the tasks it has solved."""
        skill = self._skills[name]
        tasks = self._tasks(name)
        card = f"{' '.join(split_words(skill.name))}: {skill.description}"
        vectors = self._embeddings.vectors([card, *tasks])
        mixed = vectors[0] + _TASK_WEIGHT * vectors[1:].mean(axis=0) if tasks else vectors[0]
        return np.asarray(mixed / np.linalg.norm(mixed), dtype=np.float32)

    def _tasks(self, name: str) -> list[str]:
        rows = self._store.rows(
            "SELECT instruction FROM solved_task WHERE name = ? ORDER BY id DESC LIMIT ?",
            (name, _TASKS),
        )
        return [row["instruction"] for row in rows]

    def _open_chroma(self) -> None:
        fingerprint = self._embeddings.encoder.key
        index = open_chroma(self._store.folder / "chroma", fingerprint=fingerprint)
        if index is None:
            return
        with self._lock:
            self._read()
            self._sync(index)
            self.index.close()
            self.index = index
