"""What a library knows of its skills beside their source: versions, uses, proofs, tags, states."""

from __future__ import annotations

from collections.abc import Iterable

from habilis.memory import records
from habilis.memory.ledger import (
    Ledger,
    Use,
    read_ledger,
    read_uses,
    write_retrieved,
    write_use,
)
from habilis.memory.reading import spelled
from habilis.memory.store import Store, storable
from habilis.skills.proof import standing
from habilis.skills.proof.evidence import proof_from_json
from habilis.skills.skill import Skill, SkillState


class Books:
    """The part of a `SkillLibrary` that keeps account.

    Every method raises `SkillNotFound` for a name that was never used.
    """

    store: Store

    def get(self, name: str) -> Skill:
        """Return a skill's current version."""
        raise NotImplementedError

    def _kept(self, name: str) -> str:
        """Return the name as it is kept, also of a skill that cannot be read."""
        kept = spelled(name)
        return kept if records.is_kept(self.store, kept) else self.get(kept).name

    def history(self, name: str) -> list[Skill]:
        """Return all versions of a skill, oldest first."""
        name = self._kept(name)
        return records.all_versions(self.store, name)

    def versions(self, name: str) -> list[Skill]:
        """Return all versions of a name, none for a name never used."""
        return records.all_versions(self.store, spelled(name))

    def version_counts(self) -> dict[str, int]:
        """Return how many versions there are of every name, to tell later what is new."""
        return records.version_counts(self.store)

    def rollback(self, name: str, version: int) -> Skill:
        """Make an older version the current one; the newer ones stay in the history.

        Its state is what cases new with it and its own uses have earned; archived stays archived.

        Raises:
            ValueError: there is no such version.
        """
        known = {skill.version: skill for skill in self.history(name)}
        if version not in known:
            have = ", ".join(map(str, sorted(known)))
            raise ValueError(f"{name!r} has no version {version}; there is {have}")
        with self.store.change("rolled_back", name) as connection:
            connection.execute(
                "UPDATE skill SET number = ?, state = ? WHERE name = ?",
                (version, self._earned(known[version]).value, name),
            )
        return self.get(name)

    def _earned(self, skill: Skill) -> SkillState:
        if skill.state is SkillState.ARCHIVED or skill.version == self.get(skill.name).version:
            return skill.state
        return self._deserved(skill)

    def _deserved(self, skill: Skill) -> SkillState:
        """Return the state of a version by its cases and uses alone."""
        proof = proof_from_json(records.evidence_of(self.store, skill.name, skill.version) or [])
        before = [each for each in self.history(skill.name) if each.version < skill.version]
        own = standing.unseen([case for old in before for case in old.cases], skill.cases)
        state = standing.first_state(own, strength=proof.strength)
        return standing.next_state(state, self.uses_of(skill))

    def ledger(self, name: str) -> Ledger:
        """Return how often a skill was shown and used, and what that saved."""
        name = self._kept(name)
        return read_ledger(self.store, name)

    def uses(self, name: str) -> list[Use]:
        """Return the uses of a skill, of all its versions, oldest first."""
        name = self._kept(name)
        return read_uses(self.store, name)

    def uses_of(self, skill: Skill) -> list[standing.Use]:
        """Return the uses of this version of a skill, oldest first, as its standing takes them."""
        rows = [use for use in self.uses(skill.name) if use.version == skill.version]
        return [standing.Use(task=row.task, helped=row.helped) for row in rows]

    def evidence(self, name: str, version: int | None = None) -> object:
        """Return what was kept of the proof of a version, by default the current one.

        Raises:
            ValueError: there is no such version.
        """
        return records.evidence_of(self.store, spelled(name), version or self.get(name).version)

    def tags(self, name: str) -> tuple[str, ...]:
        """Return a skill's tags."""
        name = self._kept(name)
        return records.tagged(self.store, name)

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
        name = self._kept(name)
        write_use(
            self.store,
            name,
            helped=helped,
            version=version or self.get(name).version,
            task=task,
            nested=nested,
            seconds=seconds,
            tokens=tokens,
        )

    def record_retrieved(self, names: Iterable[str]) -> None:
        """Count that these skills were shown to an author."""
        write_retrieved(self.store, [spelled(name) for name in names])

    def add_solved_task(self, name: str, instruction: str) -> None:
        """Remember a task that the skill solved: one more way to find it."""
        name = self._kept(name)
        with self.store.change("task_solved", name) as connection:
            connection.execute(
                "INSERT INTO solved_task (name, instruction) VALUES (?, ?) ON CONFLICT DO NOTHING",
                (name, storable(instruction)),
            )

    def tag(self, name: str, *tags: str) -> None:
        """Give a skill these tags and no others; `search` can ask for them."""
        name = self._kept(name)
        with self.store.change("tagged", name) as connection:
            connection.execute("DELETE FROM tag WHERE name = ?", (name,))
            connection.executemany(
                "INSERT INTO tag (name, tag) VALUES (?, ?)",
                [(name, storable(tag)) for tag in dict.fromkeys(tags)],
            )

    def set_state(self, name: str, state: SkillState) -> None:
        """Move a skill to another state of its life."""
        name = self._kept(name)
        with self.store.change("state_changed", name) as connection:
            connection.execute("UPDATE skill SET state = ? WHERE name = ?", (state.value, name))

    def archive(self, name: str) -> None:
        """Put a skill away: kept for its history and its dependants, found no more."""
        self.set_state(name, SkillState.ARCHIVED)

    def unarchive(self, name: str) -> Skill:
        """Bring a skill back that was put away, in the state its cases and uses have earned."""
        skill = self.get(name)
        if skill.state is SkillState.ARCHIVED:
            self.set_state(name, self._deserved(skill))
        return self.get(name)
