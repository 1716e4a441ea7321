"""A saved skill as a callable."""

from __future__ import annotations

from collections.abc import Callable

from habilis.errors import SkillFailed
from habilis.skills.sandbox.client import Worker
from habilis.skills.skill import Skill


class SkillFunction:
    """A saved skill as a callable: it runs in the sandbox, with all it requires."""

    def __init__(self, skill: Skill, closure: Callable[[str], list[tuple[str, str]]]) -> None:
        self.skill, self._closure = skill, closure
        self.__name__, self.__doc__ = skill.name, skill.description

    def __call__(self, *arguments: object, **keywords: object) -> object:
        """Call the skill in a fresh worker.

        Raises:
            SkillFailed: it raised, ran out of time or memory, or was refused.
        """
        with Worker(load_skill=self._closure, checkpoints=False) as worker:
            outcome = worker.call(self.skill.name, [arguments], keywords=[keywords])[0]
        if not outcome.ok:
            detail = outcome.error.strip().split("\n")[-1]
            if outcome.error_type == "TypeError":
                detail += f"; it is {self.skill.name}{self.skill.signature}"
            raise SkillFailed(self.skill.name, outcome.kind.value, detail)
        return outcome.value

    def __repr__(self) -> str:
        return f"<skill {self.skill.name}{self.skill.signature}>"
