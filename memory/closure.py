"""What has to be loaded so that a skill calls the versions it has pinned."""

from __future__ import annotations

from habilis.errors import LibraryError, SkillNotFound
from habilis.memory import records
from habilis.memory.store import Store
from habilis.skills.skill import Skill


def closure(store: Store, skill: Skill, *, pinned: str = "") -> list[tuple[str, str]]:
    """Return (name, source) of all that a skill requires, then of itself.

    Each calls, of every name, the last one above it. So a name may stand there in
    two versions, and a version more than once. `pinned` is the hash of another version
    of it to be had instead.

    Raises:
        SkillNotFound: a version it has pinned is gone.
        LibraryError: no order gives each the versions it has pinned.
    """
    wanted = records.version_by_hash(store, skill.name, pinned) if pinned else skill
    if wanted is None:
        raise SkillNotFound(skill.name)
    order: list[Skill] = []
    _collect(store, wanted, order, {})
    return [(skill.name, skill.source) for skill in order]


def _collect(store: Store, skill: Skill, order: list[Skill], last: dict[str, str]) -> None:
    """Add a skill below what it calls; `last` is the hash of the last one of each name."""
    for _ in range(len(skill.requires) + 1):  # loading one may hide another
        hidden = {n: pin for n, pin in skill.requires.items() if last.get(n) != pin}
        if not hidden:
            break
        for needed, pinned in hidden.items():
            if last.get(needed) == pinned:
                continue
            version = records.version_by_hash(store, needed, pinned)
            if version is None:
                raise SkillNotFound(needed)
            _collect(store, version, order, last)
    else:
        raise LibraryError(
            f"what {skill.name!r} calls pins two versions of each other crosswise; "
            "keep those skills anew, so that all call one version"
        )
    order.append(skill)
    last[skill.name] = skill.hash
