"""What all tasks of an agent share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from habilis.agent.author import Author
from habilis.agent.budget import Budget
from habilis.agent.observe import card_of
from habilis.agent.record import Record
from habilis.memory.library import SkillLibrary
from habilis.skills.proof.policy import Policy
from habilis.skills.sandbox.client import Limits


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
    policy: Policy = Policy()  # of proofs; modules of `allow` are added to its own
    tester: Author | None = None
    hold_untrusted: bool = False
    window_tokens: int | None = None  # of the author; None is no limit
    clock: Callable[[], float]

    @property
    def policy_with_modules(self) -> Policy:
        """The policy of proofs, with the modules that actions may import."""
        return replace(self.policy, allow=(*self.policy.allow, *self.allow))


def recorded(setting: Setting, record: Record) -> Setting:
    """Return the setting in which the authors are those that `record` wants to be asked."""
    author = record.author(setting.author)
    if setting.tester is None or setting.tester is setting.author:
        return replace(setting, author=author, tester=setting.tester and author)
    return replace(setting, author=author, tester=record.author(setting.tester))


def search_skills(library: SkillLibrary) -> Callable[[str], list[str]]:
    """Return the tool with which sandboxed code looks for saved skills."""

    def search_skills(query: str) -> list[str]:
        """Return the saved skills nearest to the query, one line each."""
        return [card_of(hit.skill) for hit in library.search(query, k=5)]

    return search_skills
