"""What a skill is worth: its state follows from the cases it passed and the tasks it served.

Of functions by real models that pass the examples their author saw, half are wrong;
each independent case refuses most of the wrong and none of the right. So what counts is
who vouches for a case, not how many checks were run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from habilis.skills.compare import same
from habilis.skills.skill import Case, CaseOrigin, SkillState

# Somebody other than the draft or its author says what is right.
VOUCHED = frozenset(
    {
        CaseOrigin.USER,
        CaseOrigin.KEPT_BACK,
        CaseOrigin.TASK,
        CaseOrigin.TESTER,
        CaseOrigin.LATER_TASK,
        CaseOrigin.PROPOSED,
    }
)
# ... and the author had not seen it when it wrote the draft.
INDEPENDENT = frozenset({CaseOrigin.KEPT_BACK, CaseOrigin.TESTER, CaseOrigin.LATER_TASK})
_SHOWN = VOUCHED - INDEPENDENT


@dataclass(frozen=True, kw_only=True)
class Use:
    """One task in which a skill was called, by its key, and whether the task was solved."""

    task: str
    helped: bool


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How much is enough. Figures: `python -m benchmarks proof`."""

    independent: int = 3  # cases that the author had not seen
    strength: float = 0.7  # share of planted faults that vouched cases notice
    tasks: int = 2  # distinct tasks solved with it, after the one it was made for
    failures: int = 3  # among the last `window` uses
    window: int = 5


def independent(cases: Sequence[Case]) -> int:
    """Count the distinct inputs that somebody vouches for and the author had not seen."""
    met = [case for case in cases if case.origin in _SHOWN]
    shown = len(met)
    for case in cases:
        if case.origin in INDEPENDENT and not any(_asks_the_same(case, each) for each in met):
            met.append(case)
    return len(met) - shown


def first_state(cases: Sequence[Case], *, strength: float, rule: Rule = Rule()) -> SkillState:
    """Return the state a proved draft starts in: active on enough evidence, else candidate.

    `strength` is the proof's: cases that notice few planted faults say little, however
    many they are.
    """
    enough = independent(cases) >= rule.independent and strength >= rule.strength
    return SkillState.ACTIVE if enough else SkillState.CANDIDATE


def next_state(state: SkillState, uses: Sequence[Use], *, rule: Rule = Rule()) -> SkillState:
    """Return the state after these uses, oldest first. Archived stays archived.

    Doubtful after `failures` in the last `window` uses; active after help in `tasks`
    distinct tasks, of a doubtful skill since its last failure. Help with a task that has
    no key is not known to be distinct from any other.
    """
    if state is SkillState.ARCHIVED:
        return state
    recent = uses[-rule.window :]
    if sum(not use.helped for use in recent) >= rule.failures:
        return SkillState.DOUBTFUL
    if state is SkillState.DOUBTFUL:
        failed = max((n for n, use in enumerate(uses) if not use.helped), default=-1)
        uses = uses[failed + 1 :]
    helped = {use.task for use in uses if use.helped and use.task}
    return SkillState.ACTIVE if len(helped) >= rule.tasks else state


def may_answer(
    state: SkillState, cases: Sequence[Case], new: Sequence[Case], *, rule: Rule = Rule()
) -> bool:
    """Tell whether a skill may answer a task by examples with no author asked.

    An active one may. Another one may where this task's examples, which it passes, are the
    very ones it was kept for, or make up enough that its author had not seen.
    """
    if state is SkillState.ACTIVE:
        return True
    if state is not SkillState.CANDIDATE:
        return False
    if not unseen(cases, new):
        return True
    more = [replace(case, origin=CaseOrigin.LATER_TASK) for case in new]
    return independent([*cases, *more]) >= rule.independent


def unseen(cases: Sequence[Case], new: Sequence[Case]) -> list[Case]:
    """Return the new cases, each once, that say something the known ones do not."""
    found: list[Case] = []
    for case in new:
        if not any(says_the_same(case, each) for each in (*cases, *found)):
            found.append(case)
    return found


def says_the_same(one: Case, other: Case) -> bool:
    """Tell whether two cases have the same inputs and the same result."""
    return _asks_the_same(one, other) and same(one.expected, other.expected)


def _asks_the_same(one: Case, other: Case) -> bool:
    return same(one.arguments, other.arguments) and same(dict(one.keywords), dict(other.keywords))
