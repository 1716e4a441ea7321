from __future__ import annotations

import numpy as np
import pytest

from habilis.skills.proof.standing import (
    Use,
    first_state,
    independent,
    may_answer,
    next_state,
    unseen,
)
from habilis.skills.skill import Case, CaseOrigin, SkillState


def cases(*origins: CaseOrigin) -> list[Case]:
    return [Case(arguments=(n,), expected=n, origin=origin) for n, origin in enumerate(origins)]


GOOD, BAD = Use(task="a", helped=True), Use(task="b", helped=False)
KEPT = CaseOrigin.KEPT_BACK


@pytest.mark.parametrize(
    ("origins", "strength", "state"),
    [
        ([], 1.0, "candidate"),
        ([CaseOrigin.USER] * 9, 1.0, "candidate"),
        ([CaseOrigin.RECORDED, CaseOrigin.GENERATED, CaseOrigin.AUTHOR] * 3, 1.0, "candidate"),
        ([KEPT, CaseOrigin.TESTER], 1.0, "candidate"),
        ([KEPT, CaseOrigin.TESTER, CaseOrigin.LATER_TASK], 1.0, "active"),
        ([KEPT] * 5, 0.2, "candidate"),
    ],
)
def test_only_cases_the_author_had_not_seen_make_active(
    origins: list[CaseOrigin], strength: float, state: str
) -> None:
    """Enough of them, and telling ones: many cases that notice no fault say little."""
    assert first_state(cases(*origins), strength=strength) == state


@pytest.mark.parametrize(
    ("state", "uses", "after"),
    [
        ("candidate", [GOOD, GOOD], "candidate"),
        ("candidate", [GOOD, Use(task="c", helped=True)], "active"),
        ("active", [BAD, BAD], "active"),
        ("active", [BAD, GOOD, BAD, GOOD, BAD], "doubtful"),
        ("active", [BAD, BAD, GOOD, GOOD, GOOD, GOOD], "active"),
        ("doubtful", [GOOD, Use(task="c", helped=True), BAD, GOOD], "doubtful"),
        ("doubtful", [BAD, BAD, GOOD, GOOD, Use(task="c", helped=True)], "active"),
        ("archived", [GOOD, Use(task="c", helped=True)], "archived"),
    ],
)
def test_uses_move_a_skill_through_its_life(state: str, uses: list[Use], after: str) -> None:
    """Two distinct tasks make active, three failures of the last five doubtful."""
    assert next_state(SkillState(state), uses) == after


def test_a_candidate_answers_alone_only_what_it_was_kept_for_or_has_evidence_for() -> None:
    """Nobody is asked then, so it takes the same task, or enough that its author had not seen."""
    known = cases(CaseOrigin.USER, CaseOrigin.USER)
    new = [Case(arguments=(n,), expected=n) for n in (7, 8, 9)]
    assert may_answer(SkillState.CANDIDATE, known, known)
    assert not may_answer(SkillState.CANDIDATE, known, new[:2])
    assert may_answer(SkillState.CANDIDATE, known, new)
    assert may_answer(SkillState.ACTIVE, (), new[:1])
    assert not may_answer(SkillState.DOUBTFUL, known, new)


def test_one_input_said_again_is_one_case() -> None:
    """Whoever says it, and none at all where the author was shown it."""
    again = [Case(arguments=(7,), expected=7, origin=KEPT)] * 3
    shown = Case(arguments=(7,), expected=7, origin=CaseOrigin.USER)
    assert independent(again) == 1
    assert independent([shown, *again]) == 0
    assert first_state(again, strength=1.0) is SkillState.CANDIDATE
    assert not may_answer(SkillState.CANDIDATE, cases(CaseOrigin.USER), again)


@pytest.mark.parametrize("value", [float("nan"), np.array([1, 2]), [np.array([0.5])]])
def test_cases_are_told_apart_by_the_comparison_of_results(value: object) -> None:
    """NaN is NaN, and an array is compared whole."""
    case = Case(arguments=(value,), expected=value)
    assert unseen([case], [case]) == []
    assert len(unseen([], [case, case])) == 1
