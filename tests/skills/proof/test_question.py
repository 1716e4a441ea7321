from __future__ import annotations

from habilis.skills.outcome import Outcome, OutcomeKind
from habilis.skills.proof.question import groups, most_contested, most_disputed, telling_inputs


def ok(*values: object) -> list[Outcome]:
    return [Outcome(kind=OutcomeKind.OK, value=value) for value in values]


def test_inputs_that_tell_most_survivors_come_first() -> None:
    """Each next one is chosen for those that are still left."""
    survivors = [[True, False, True], [False, False, True], [False, True, False]]
    assert telling_inputs("abc", survivors, count=3) == ["c", "b"]
    assert telling_inputs("abc", survivors, count=1) == ["c"]
    assert telling_inputs("abc", [[False] * 3], count=3) == []


def test_the_most_disputed_input_splits_rivals_evenly() -> None:
    """Where all agree there is nothing to ask."""
    rivals = [ok(1, 1, 1), ok(1, 2, 1), ok(1, 3, 1), ok(1, 4, 2)]
    assert most_disputed(rivals) == [1, 2]
    assert most_disputed([]) == []


def test_all_errors_are_one_group() -> None:
    """How a draft fails is no answer."""
    failed = Outcome(kind=OutcomeKind.RAISED, error_type="ValueError")
    hung = Outcome(kind=OutcomeKind.TIMED_OUT)
    assert groups([*ok(1, 1.0), failed, hung, *ok(2)]) == [0, 0, 1, 1, 2]


def test_the_question_about_one_draft_is_where_most_contradict_it() -> None:
    """Also where they do not agree among themselves."""
    assert most_contested(ok(1, 1, 1), [ok(1, 2, 1), ok(1, 3, 2), ok(1, 4, 1)]) == [1, 2]
    assert most_contested(ok(1), []) == []
