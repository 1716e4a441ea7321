"""What all tasks of an agent share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from habilis.agent.author import Author
from habilis.agent.budget import Budget
from habilis.memory.library import SkillLibrary
from habilis.skills.sandbox.client import Limits
from habilis.skills.skill import Skill


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The parts and limits an agent was built with. `clock` gives seconds since 1970."""

    author: Author
    library: SkillLibrary | None
    budget: Budget
    tools: tuple[Callable[..., object], ...] = ()
    approve: Callable[[str, Mapping[str, object]], bool] | None = None
    allow: tuple[str, ...] = ()
    limits: Limits = Limits()
    instructions: str = ""
    learn: bool = True
    clock: Callable[[], float]


def recall_skills(library: SkillLibrary | None, instruction: str, *, k: int) -> list[Skill]:
    """Return the saved skills that fit a task, best first."""
    if library is None or not len(library):
        return []
    return [hit.skill for hit in library.search(instruction, k=k)]


def search_skills(library: SkillLibrary) -> Callable[[str], list[str]]:
    """Return the tool with which sandboxed code looks for saved skills."""

    def search_skills(query: str) -> list[str]:
        """Return the saved skills nearest to the query, one line each."""
        return [hit.skill.card for hit in library.search(query, k=5)]

    return search_skills
