from __future__ import annotations

from dataclasses import replace

import pytest

from habilis import SkillLibrary
from habilis.errors import NameTaken, SkillNotFound
from habilis.skills.skill import Case, CaseOrigin, SkillState
from tests.making import case, simple

FIRST = replace(
    simple("first_word", "Return the first word.", "return text.split()[0]"),
    cases=(case("a b", "a"),),
)
LAST = simple("last_word", "Return the last word.", "return text.split()[-1]")


def later(argument: object, expected: object) -> Case:
    return Case(arguments=(argument,), expected=expected, origin=CaseOrigin.LATER_TASK)


def test_several_skills_are_kept_together_or_not_at_all(library: SkillLibrary) -> None:
    """A name taken in the middle leaves nothing of those before it."""
    library.add(LAST)
    newer = replace(LAST, source=LAST.source + "\n\n_LIMIT = 3\n")
    with pytest.raises(NameTaken):
        library.add_all([FIRST, newer], after={"last_word": 0})
    assert "first_word" not in library and library.get("last_word").version == 1
    kept = library.add_all([FIRST, newer], after={"last_word": 1}, evidence={"last_word": [1]})
    assert [(each.name, each.version) for each in kept] == [("first_word", 1), ("last_word", 2)]
    assert library.evidence("last_word") == [1] and library.evidence("first_word") is None
    assert library.version_counts() == {"first_word": 1, "last_word": 2}
    assert {hit.skill.name for hit in library.search("word")} == {"first_word", "last_word"}


def test_a_version_takes_in_cases_and_stays_the_version_it_is(library: SkillLibrary) -> None:
    """Each once; what the draft recorded itself may be vouched for later."""
    own = Case(arguments=("c d",), expected="c", origin=CaseOrigin.GENERATED)
    library.add(replace(FIRST, cases=(*FIRST.cases, own)))
    grown = library.add_cases("first_word", [later("a b", "a"), later("c d", "c"), later("e", "e")])
    assert library.add_cases("first_word", [later("e", "e")]) == grown == library.get("first_word")
    origins = [each.origin.value for each in grown.cases]
    assert origins == ["user", "generated", "later_task", "later_task"] and grown.version == 1
    with pytest.raises(SkillNotFound):
        library.add_cases("no_word", [later("e", "e")])


def test_an_equal_version_takes_in_new_cases_and_a_candidate_rises(library: SkillLibrary) -> None:
    """No new version; a state that was earned is not lost again."""
    library.add(FIRST)
    again = replace(FIRST, cases=(case("e f", "e"),), state=SkillState.ACTIVE)
    library.add(again, evidence=["proved again"])
    kept = library.add(replace(FIRST, state=SkillState.CANDIDATE))
    assert (kept.version, len(kept.cases), kept.state) == (1, 2, SkillState.ACTIVE)
    assert library.evidence("first_word") == ["proved again"]
    assert library.get("first_word") == kept
