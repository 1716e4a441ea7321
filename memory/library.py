"""Skills and how to find them: the store and its index in step."""

from __future__ import annotations

import difflib
import json
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Self

from habilis.errors import SkillNotFound
from habilis.memory import records, upkeep
from habilis.memory.catalogue import Catalogue
from habilis.memory.closure import closure
from habilis.memory.embed import Embeddings, Encoder, SentenceTransformerEncoder, as_encoder
from habilis.memory.function import SkillFunction
from habilis.memory.journal import Journal
from habilis.memory.ledger import (
    Ledger,
    Use,
    read_ledger,
    read_uses,
    write_retrieved,
    write_use,
)
from habilis.memory.retrieve import Hit
from habilis.memory.store import Store, storable
from habilis.skills.skill import Skill, SkillState

_QUERY_CHARS = 20_000


class SkillLibrary:
    """A folder of skills: SQLite is the truth, the index is derived from it.

    `encoder` is "minilm", the name or folder of a sentence-transformers model, or an
    `Encoder`. `index` is "auto" (Chroma for a running agent, exact for one-off searches
    and wherever another process owns the Chroma folder), "chroma" or "exact".

    Raises:
        NotALibrary: the folder holds something else.
        LibraryTooNew: a newer habilis wrote it.
        LibraryReadOnly: it cannot be made here.
    """

    def __init__(
        self,
        path: str | Path = ".habilis",
        *,
        encoder: str | Encoder = "minilm",
        index: str = "auto",
        read_only: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if index not in ("auto", "chroma", "exact"):
            raise ValueError(f'index={index!r}: write "auto", "chroma" or "exact"')
        self.path = Path(path)
        self._encoder = as_encoder(encoder)
        self.store = Store(self.path, read_only=read_only, clock=clock)
        self.journal = Journal(self.store)
        self._catalogue = Catalogue(self.store, Embeddings(self.store, self._encoder), kind=index)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the files. May be called twice."""
        self._catalogue.close()
        self.store.close()

    def warm(self) -> None:
        """Begin, in the background, what a running agent will need: encoder and Chroma."""
        if isinstance(self._encoder, SentenceTransformerEncoder):
            self._encoder.warm()
        self._catalogue.warm()

    @property
    def index_kind(self) -> str:
        """The index that answers now: "chroma" or "exact"."""
        return self._catalogue.index.kind

    # read --------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._catalogue.skills())

    def __iter__(self) -> Iterator[Skill]:
        return iter(list(self._catalogue.skills().values()))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and records.current_skill(self.store, name) is not None

    def __getitem__(self, name: str) -> SkillFunction:
        return SkillFunction(self.get(name), self.closure)

    def get(self, name: str) -> Skill:
        """Return a skill's current version, whatever its state.

        Raises:
            SkillNotFound: offers the nearest names.
        """
        skill = records.current_skill(self.store, name)
        if skill is None:
            near = difflib.get_close_matches(name, self.names(), n=3, cutoff=0.5)
            raise SkillNotFound(name, tuple(near))
        return skill

    def skills(self, states: Iterable[SkillState] = tuple(SkillState)) -> list[Skill]:
        """Return current versions by name, archived ones too unless `states` says otherwise."""
        return records.current_skills(self.store, states=states)

    def names(self) -> list[str]:
        """Return the names of all skills that are not archived."""
        return sorted(self._catalogue.skills())

    def history(self, name: str) -> list[Skill]:
        """Return all versions of a skill, oldest first."""
        self.get(name)
        return records.all_versions(self.store, name)

    def ledger(self, name: str) -> Ledger:
        """Return how often a skill was shown and used, and what that saved."""
        self.get(name)
        return read_ledger(self.store, name)

    def uses(self, name: str) -> list[Use]:
        """Return the uses of a skill, of all its versions, oldest first."""
        return read_uses(self.store, name)

    def evidence(self, name: str, version: int | None = None) -> object:
        """Return what was kept of the proof of a version, by default the current one.

        Raises:
            ValueError: there is no such version.
        """
        return records.evidence_of(self.store, name, version or self.get(name).version)

    def tags(self, name: str) -> tuple[str, ...]:
        """Return a skill's tags."""
        return records.tagged(self.store, name)

    def versions(self, name: str) -> list[Skill]:
        """Return all versions of a name, none for a name never used."""
        return records.all_versions(self.store, name)

    def closure(self, name: str) -> list[tuple[str, str]]:
        """Return (name, source) of all that a skill requires, then of itself.

        Each calls, of every name, the last one above it. So a name may stand there in
        two versions, and a version more than once.

        Raises:
            SkillNotFound: there is no such skill, or a version it has pinned is gone.
            LibraryError: no order gives each the versions it has pinned.
        """
        return closure(self.store, self.get(name))

    def search(self, query: str, *, k: int = 5) -> list[Hit]:
        """Return the skills that fit best, best first, each with its reason.

        Fewer than `k` where fewer fit, none when nothing does. Never archived ones.

        Raises:
            ValueError: the query is empty or k is below 1.
        """
        if not query.strip():
            raise ValueError("the query is empty: say what you need")
        if k < 1:
            raise ValueError(f"k={k} finds nothing: ask for at least one")
        return self._catalogue.search(query[:_QUERY_CHARS], k=k)

    # write -------------------------------------------------------------------

    def add(self, skill: Skill, *, after: int | None = None, evidence: object = None) -> Skill:
        """Keep a skill; a name that exists gets a new version, an equal one stays as it is.

        An archived skill comes back to the state that `skill` has. `after` is the number
        of versions of this name that the skill was proved against; `evidence` is what the
        proof said, anything that can be JSON.

        Raises:
            NameTaken: there are more versions by now.
            TypeError: the evidence cannot be JSON.
        """
        proof = "" if evidence is None else json.dumps(evidence, ensure_ascii=False)
        return records.keep_skill(self.store, skill, after=after, evidence=storable(proof))

    def set_state(self, name: str, state: SkillState) -> None:
        """Move a skill to another state of its life."""
        self.get(name)
        with self.store.change("state_changed", name) as connection:
            connection.execute("UPDATE skill SET state = ? WHERE name = ?", (state.value, name))

    def archive(self, name: str) -> None:
        """Put a skill away: kept for its history and its dependants, found no more."""
        self.set_state(name, SkillState.ARCHIVED)

    def rollback(self, name: str, version: int) -> Skill:
        """Make an older version the current one; the newer ones stay in the history.

        Raises:
            ValueError: there is no such version.
        """
        known = {skill.version: skill for skill in self.history(name)}
        if version not in known:
            raise ValueError(f"{name!r} has versions {sorted(known)}, not {version}")
        with self.store.change("rolled_back", name) as connection:
            connection.execute("UPDATE skill SET number = ? WHERE name = ?", (version, name))
        return self.get(name)

    def record_use(
        self,
        name: str,
        *,
        helped: bool,
        task: str = "",
        version: int | None = None,
        nested: bool = False,
        seconds: float | None = None,
        tokens: int | None = None,
    ) -> None:
        """Keep that a skill was called in a task, whether that was solved, and what it took.

        `task` is its key; `version` is the current one unless given; `nested` means called
        by another skill.
        """
        current = self.get(name).version
        write_use(
            self.store,
            name,
            helped=helped,
            version=version or current,
            task=task,
            nested=nested,
            seconds=seconds,
            tokens=tokens,
        )

    def record_retrieved(self, names: Iterable[str]) -> None:
        """Count that these skills were shown to an author."""
        write_retrieved(self.store, names)

    def tag(self, name: str, *tags: str) -> None:
        """Give a skill these tags and no others; `search` can ask for them."""
        self.get(name)
        with self.store.change("tagged", name) as connection:
            connection.execute("DELETE FROM tag WHERE name = ?", (name,))
            connection.executemany(
                "INSERT INTO tag (name, tag) VALUES (?, ?)",
                [(name, storable(tag)) for tag in dict.fromkeys(tags)],
            )

    def add_solved_task(self, name: str, instruction: str) -> None:
        """Remember a task that the skill solved: one more way to find it."""
        self.get(name)
        with self.store.change("task_solved", name) as connection:
            connection.execute(
                "INSERT INTO solved_task (name, instruction) VALUES (?, ?) ON CONFLICT DO NOTHING",
                (name, storable(instruction)),
            )

    # health ------------------------------------------------------------------

    def check(self, *, fix: bool = False) -> list[str]:
        """Return what is inconsistent, empty when all is well.

        `fix` mends what can be: whatever is derived is made anew, damaged embeddings and
        rows that point to nothing go. The rest is what is returned then.
        """
        found = upkeep.problems(self.store) + self._catalogue.problems()
        if not found or not fix:
            return found
        if not self.store.read_only:
            upkeep.mend(self.store)
        self._catalogue.rebuild()
        return upkeep.problems(self.store) + self._catalogue.problems()

    def backup(self, to: str | Path) -> Path:
        """Copy the whole library into one new file while it is in use; `restore` takes it.

        Raises:
            LibraryError: the file exists, or cannot be written.
        """
        return upkeep.backup(self.store, Path(to))

    def stats(self) -> dict[str, object]:
        """Return counts and sizes as `habilis library stats` prints them."""
        return {**upkeep.stats(self.store), "index": self.index_kind}
