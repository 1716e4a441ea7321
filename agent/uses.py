"""What became of skills in later tasks, turned into their state."""

from __future__ import annotations

from collections.abc import Iterable

from habilis.memory.ledger import Ledger
from habilis.memory.library import SkillLibrary
from habilis.skills.proof.regression import dependants
from habilis.skills.proof.standing import Rule, next_state
from habilis.skills.skill import SkillState

_CARD_TOKENS = 60  # about what one line of a skill costs a model
_ENOUGH = 20
_PATIENCE = 10


def is_idle(state: SkillState, ledger: Ledger) -> bool:
    """Whether a skill costs more than it gives: a line wherever it is shown, for little help."""
    if state is SkillState.DOUBTFUL:
        return True
    shown_tokens = ledger.retrieved * _CARD_TOKENS
    if ledger.tokens_saved:
        return shown_tokens > _PATIENCE * ledger.tokens_saved
    return not ledger.helped and (ledger.called >= 3 or ledger.retrieved >= _ENOUGH)


def settle_states(
    library: SkillLibrary,
    names: Iterable[str],
    *,
    rule: Rule = Rule(),
    hold_untrusted: bool = False,
) -> list[str]:
    """Give skills the states that their uses have earned; return what there is to be told.

    Only uses of the current version say something about it. With `hold_untrusted`, none
    that was made with untrusted text in view becomes active by its uses.

    Raises:
        LibraryError: the library cannot be written.
    """
    told: list[str] = []
    for name in names:
        skill = library.get(name)
        new = next_state(skill.state, library.uses_of(skill), rule=rule)
        held = hold_untrusted and skill.provenance.untrusted and new is SkillState.ACTIVE
        if new is skill.state or held:
            continue
        library.set_state(name, new)
        told.append(f"skill {name!r} is {new.value} now")
        if new is SkillState.DOUBTFUL:
            callers = [skill.name for skill in dependants(name, list(library))]
            told += [f"{caller!r} calls the doubtful {name!r}" for caller in callers]
    return told
