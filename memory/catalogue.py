"""What is found by searching: the index and the words, kept in step with the store."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from habilis.errors import HabilisError
from habilis.memory.embed import Embeddings, Vectors
from habilis.memory.exact import ExactIndex, Index
from habilis.memory.forks import tell_of_forks
from habilis.memory.index import open_chroma
from habilis.memory.records import current_skills
from habilis.memory.retrieve import Hit, Words, rank, split_words
from habilis.memory.store import Store
from habilis.skills.skill import Skill, SkillState

_T = TypeVar("_T")
FOUND = (SkillState.ACTIVE, SkillState.CANDIDATE, SkillState.DOUBTFUL)
_TASKS = 10  # the last ones a skill solved, as a view of what it is for
_TASK_WEIGHT = 0.5
_NEAREST = 256
_BATCH = 256  # skills encoded and kept at a time; a crash loses no more
_RECIPE = "card+tasks-1"  # how a skill becomes a vector; another recipe makes a new index


class Catalogue:
    """Searches the current versions of all skills that are not archived.

    Searching is exact until Chroma is open, and for good where another process owns the
    Chroma folder, in a forked child, and after Chroma has failed: `index.kind` says which
    and `trouble` what failed. Every search first takes in what any process has changed
    since the last one.
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
        self.trouble = ""
        tell_of_forks(self)
        if kind == "chroma" and self._wants_chroma:
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
            try:
                self.index.close()
            except Exception as error:  # noqa: BLE001 - Chroma's; what is left is built anew
                self._fail_over(error)

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
            nearest = self._with_index(lambda index: index.nearest(vector, k=max(k, _NEAREST)))
            cosines = dict(nearest)
            return rank(skills, cosines, self._words.scores(query), k=k)

    def sync(self) -> None:
        """Bring the index into step with the store."""
        with self._lock:
            self._read()
            self._with_index(self._sync)

    def behind(self) -> list[str]:
        """Return what the index lacks or holds too much, as sentences."""
        with self._lock:
            self.sync()
            held, wanted = self._with_index(lambda index: index.names()), set(self._skills)
            lacking = [f"the index lacks {name!r}" for name in sorted(wanted - held)]
            return lacking + [f"the index holds a stray {name!r}" for name in sorted(held - wanted)]

    def problems(self) -> list[str]:
        """Return what is wrong with the index."""
        behind = self.behind() if self.skills() else []
        return [*behind, *([self.trouble] if self.trouble else [])]

    def rebuild(self) -> None:
        """Throw away what is derived and make it anew from the store."""
        with self._lock:
            self._read_to, self._seen = -1, (-1, -1)
            self._with_index(_empty)
            self.sync()
            self.trouble = ""

    # forks -------------------------------------------------------------------

    def before_fork(self) -> None:
        """Nothing: a search may take seconds, and the child begins anew anyway."""

    def after_fork(self, *, in_child: bool) -> None:
        if in_child:
            self._lock = threading.RLock()
            self.index.abandon()
            self.index, self._opening, self._wants_chroma = ExactIndex(), None, False
            self._words, self._skills = Words(), {}
            self._read_to, self._seen = -1, (-1, -1)

    # in step with the store --------------------------------------------------

    def _read(self) -> None:
        """Take in what changed: a number to compare where nothing did."""
        seen = (self._store.data_version(), self._store.changes)
        if seen == self._seen:
            return
        newest = self._store.last_change()
        if newest != self._read_to:
            changed = (
                None if self._restored_since(self._read_to) else self._changed_since(self._read_to)
            )
            self._take_in(changed)
            self._read_to = newest
        self._seen = seen

    def _take_in(self, changed: set[str] | None) -> None:
        """Read the skills of these names anew, or all of them."""
        found = {s.name: s for s in current_skills(self._store, states=FOUND, names=changed)}
        gone = set(self._skills) if changed is None else changed
        for name in gone - found.keys():
            self._words.drop(name)
        for name, skill in found.items():
            self._words.put(skill, self._tasks(name))
        kept = {name: skill for name, skill in self._skills.items() if name not in gone}
        self._skills = dict(sorted((kept | found).items()))  # anew: others iterate over the old

    def _sync(self, index: Index) -> None:
        if index.applied > self._read_to or self._restored_since(index.applied):
            _empty(index)  # the store is another than it was
        if index.applied == self._read_to:
            return
        changed = self._changed_since(index.applied)
        present = sorted(changed & self._skills.keys())
        for start in range(0, len(present), _BATCH):
            part = present[start : start + _BATCH]
            index.upsert(part, self._vectors(part))
        index.remove(sorted(changed - self._skills.keys()))
        index.applied = self._read_to

    def _changed_since(self, seq: int) -> set[str]:
        rows = self._store.rows("SELECT DISTINCT name FROM change WHERE seq > ?", (seq,))
        return {row["name"] for row in rows}

    def _restored_since(self, seq: int) -> bool:
        """Whether all that was known may be wrong: at first, and after a restored backup."""
        query = "SELECT 1 FROM change WHERE seq > ? AND kind = 'restored'"
        return seq < 0 or bool(self._store.rows(query, (seq,)))

    def _vectors(self, names: list[str]) -> Vectors:
        """Each skill's card, moved towards the tasks it has solved."""
        texts = [[_card(self._skills[name]), *self._tasks(name)] for name in names]
        vectors = iter(self._embeddings.vectors([text for views in texts for text in views]))
        mixed = []
        for views in texts:
            card, *tasks = [next(vectors) for _ in views]
            whole = card + _TASK_WEIGHT * np.mean(tasks, axis=0) if tasks else card
            mixed.append(whole / np.linalg.norm(whole))
        return np.asarray(np.stack(mixed), dtype=np.float32)

    def _tasks(self, name: str) -> list[str]:
        rows = self._store.rows(
            "SELECT instruction FROM solved_task WHERE name = ? ORDER BY id DESC LIMIT ?",
            (name, _TASKS),
        )
        return [row["instruction"] for row in rows]

    # Chroma ------------------------------------------------------------------

    def _open_chroma(self) -> None:
        fingerprint = f"{self._embeddings.encoder.key} {_RECIPE}"
        try:
            index = open_chroma(self._store.folder / "chroma", fingerprint=fingerprint)
        except Exception as error:  # noqa: BLE001 - Chroma raises anything; searches go on exactly
            self.trouble = f"the Chroma index cannot be opened: {error}"
            return
        if index is None:
            return
        with self._lock:
            exact, self.index = self.index, index
            try:
                self.sync()
            except HabilisError:  # of the encoder or the store: the next search will say it
                index.abandon()
                self.index = exact

    def _with_index(self, work: Callable[[Index], _T]) -> _T:
        """Do something with the index; with the exact one, if Chroma fails at it."""
        try:
            return work(self.index)
        except HabilisError:
            raise
        except Exception as error:
            if self.index.kind == "exact":
                raise
            self._fail_over(error)
        self._sync(self.index)
        return work(self.index)

    def _fail_over(self, error: Exception) -> None:
        """Go on exactly after Chroma has failed; its folder is built anew another time."""
        self.trouble = f"the Chroma index failed: {error}"
        self.index.abandon()
        self.index = ExactIndex()


def _card(skill: Skill) -> str:
    return f"{' '.join(split_words(skill.name))}: {skill.description}"


def _empty(index: Index) -> None:
    index.remove(sorted(index.names()))
    index.applied = 0
