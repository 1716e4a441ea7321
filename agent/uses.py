"""What became of skills in later tasks: recorded, and turned into their state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from habilis.memory.library import SkillLibrary
from habilis.skills.proof.regression import dependants
from habilis.skills.proof.standing import Rule, Use, next_state
from habilis.skills.skill import SkillState


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """How often a skill was called in judged tasks, and what came of it."""

    name: str
    state: SkillState
    called: int
    helped: int
    failed: int
    tasks: int  # distinct ones it is known to have solved

    @property
    def idle(self) -> bool:
        """It costs a line wherever it is shown, and has been of no help."""
        doubtful = self.state is SkillState.DOUBTFUL
        return doubtful or (self.called >= 3 and self.helped == 0)


def record_uses(
    library: SkillLibrary,
    names: Iterable[str],
    *,
    task: str,
    solved: bool | None,
    rule: Rule = Rule(),
) -> list[str]:
    """Record that these skills were called in a task; return what there is to be told.

    A task that nothing judged (`solved` is None) is one more way to find a skill, and no
    evidence of its worth.

    Raises:
        LibraryError: the library cannot be written.
    """
    told: list[str] = []
    for name in names:
        if solved is not False:
            library.add_solved_task(name, task)
        if solved is None:
            continue
        library.record_use(name, helped=solved)
        state = library.get(name).state
        new = next_state(state, uses_of(library, name), rule=rule)
        if new is state:
            continue
        library.set_state(name, new)
        told.append(f"skill {name!r} is {new.value} now")
        if new is SkillState.DOUBTFUL:
            callers = [skill.name for skill in dependants(name, list(library))]
            told += [f"{caller!r} calls the doubtful {name!r}" for caller in callers]
    return told


def ledgers(library: SkillLibrary) -> list[Ledger]:
    """Return the ledger of every skill that is not archived, by name."""
    rows = library.store.rows(
        "SELECT s.*, (SELECT count(*) FROM solved_task t WHERE t.name = s.name) AS tasks "
        "FROM skill s WHERE s.state != 'archived' ORDER BY s.name"
    )
    return [
        Ledger(
            name=row["name"],
            state=SkillState(row["state"]),
            called=row["called"],
            helped=row["helped"],
            failed=row["failed"],
            tasks=row["tasks"],
        )
        for row in rows
    ]


def uses_of(library: SkillLibrary, name: str) -> list[Use]:
    """Return a skill's uses as far as the store tells them apart.

    It counts help and failures and knows the tasks that were solved, not their order: the
    failures come last. The task it was made for is no use of it.
    """
    made_for = library.get(name).provenance.task
    ledger = next(each for each in ledgers(library) if each.name == name)
    rows = library.store.rows(
        "SELECT instruction FROM solved_task WHERE name = ? ORDER BY id", (name,)
    )
    tasks = [row["instruction"] for row in rows if row["instruction"] != made_for]
    helped = [Use(task=task, helped=True) for task in tasks[: ledger.helped]]
    return helped + [Use(task="", helped=False)] * ledger.failed
