"""Skills and how to find them: the store and its index in step."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Self

from habilis.errors import LibraryError, NameTaken, SkillFailed, SkillNotFound
from habilis.memory import records
from habilis.memory.catalogue import Catalogue
from habilis.memory.embed import Embeddings, Encoder, SentenceTransformerEncoder, as_encoder
from habilis.memory.journal import Journal
from habilis.memory.retrieve import Hit
from habilis.memory.store import Store, storable
from habilis.skills.sandbox.client import Limits, Worker
from habilis.skills.skill import Skill, SkillState, read_source

_QUERY_CHARS = 20_000


class SkillFunction:
    """A saved skill as a callable: it runs in the sandbox, with all it requires."""

    def __init__(self, library: SkillLibrary, skill: Skill) -> None:
        self._library, self.skill = library, skill
        self.__name__, self.__doc__ = skill.name, skill.description

    def __call__(self, *arguments: object, **keywords: object) -> object:
        """Call the skill in a fresh worker.

        Raises:
            SkillFailed: it raised, ran out of time or memory, or was refused.
        """
        with Worker(load_skill=self._library.closure, limits=Limits()) as worker:
            outcome = worker.call(self.skill.name, [arguments], keywords=[keywords])[0]
        if not outcome.ok:
            detail = outcome.error.strip().split("\n")[-1]
            raise SkillFailed(self.skill.name, outcome.kind.value, detail)
        return outcome.value

    def __repr__(self) -> str:
        return f"<skill {self.skill.name}{self.skill.signature}>"


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
        return SkillFunction(self, self.get(name))

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
        order: list[Skill] = []
        self._collect(self.get(name), order, {})
        return [(skill.name, skill.source) for skill in order]

    def _collect(self, skill: Skill, order: list[Skill], last: dict[str, str]) -> None:
        """Add a skill below what it calls; `last` is the hash of the last one of each name."""
        for _ in range(len(skill.requires) + 1):  # loading one may hide another
            hidden = {n: pin for n, pin in skill.requires.items() if last.get(n) != pin}
            if not hidden:
                break
            for needed, pinned in hidden.items():
                if last.get(needed) == pinned:
                    continue
                version = records.version_by_hash(self.store, needed, pinned)
                if version is None:
                    raise SkillNotFound(needed)
                self._collect(version, order, last)
        else:
            raise LibraryError(
                f"what {skill.name!r} calls pins two versions of each other crosswise; "
                "keep those skills anew, so that all call one version"
            )
        order.append(skill)
        last[skill.name] = skill.hash

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

    def add(self, skill: Skill, *, after: int | None = None) -> Skill:
        """Keep a skill; a name that exists gets a new version, an equal one stays as it is.

        An archived skill comes back to the state that `skill` has. `after` is the number
        of versions of this name that the skill was proved against.

        Raises:
            NameTaken: there are more versions by now.
        """
        with self.store.change("skill_added", skill.name) as connection:
            versions = records.all_versions(self.store, skill.name)
            if after is not None and len(versions) != after:
                raise NameTaken(skill.name)
            same = next((old for old in versions if old.hash == skill.hash), None)
            if same is not None:
                archived = same.state is SkillState.ARCHIVED
                state = skill.state if archived else same.state
                connection.execute(
                    "UPDATE skill SET number = ?, state = ? WHERE name = ?",
                    (same.version, state.value, skill.name),
                )
                return replace(same, state=state)
            kept = replace(skill, version=len(versions) + 1)
            records.write_version(connection, kept)
        return kept

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

    def record_use(self, name: str, *, helped: bool) -> None:
        """Count a call of a skill in a task, and whether the task was solved."""
        column = "helped" if helped else "failed"
        self.get(name)
        with self.store.change("skill_used", name) as connection:
            connection.execute(
                f"UPDATE skill SET called = called + 1, {column} = {column} + 1 WHERE name = ?",
                (name,),
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
        """Return what is inconsistent, empty when all is well; `fix` mends the index."""
        problems = [problem for skill in self.skills() for problem in self._pin_problems(skill)]
        integrity = self.store.rows("PRAGMA integrity_check")
        problems += [row[0] for row in integrity if row[0] != "ok"]
        problems += [
            f"row {row[1]} of table {row[0]!r} points to nothing"
            for row in self.store.rows("PRAGMA foreign_key_check")
        ]
        if len(self):
            behind = self._catalogue.behind()
            if fix and (behind or self._catalogue.trouble):
                self._catalogue.rebuild()
                behind = self._catalogue.behind()
            problems += behind
        if self._catalogue.trouble:
            problems.append(self._catalogue.trouble)
        return problems

    def _pin_problems(self, skill: Skill) -> Iterator[str]:
        for needed, pinned in skill.requires.items():
            if records.version_by_hash(self.store, needed, pinned) is None:
                yield f"{skill.name!r} requires a version of {needed!r} that is gone"
        try:
            called = read_source(skill.source).requires
        except ValueError as error:
            yield f"{skill.name!r} cannot be read: {error}"
            return
        for name in called:
            if name not in skill.requires:
                yield f"{skill.name!r} calls {name!r}, but no version of it is pinned"
