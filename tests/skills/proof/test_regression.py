from __future__ import annotations

from dataclasses import replace

from habilis.skills.proof.gate import Gate
from habilis.skills.proof.regression import dependants, prove_update
from habilis.skills.skill import Case, CaseOrigin, Skill
from tests.making import make_skill


def user(argument: object, expected: object) -> Case:
    return Case(arguments=(argument,), expected=expected, origin=CaseOrigin.USER)


def skill(source: str, *cases: Case, calls: tuple[Skill, ...] = ()) -> Skill:
    return make_skill(source, cases=cases, requires={each.name: each.hash for each in calls})


WORDS = skill(
    'def words_of(text: str) -> list[str]:\n    """Return the words."""\n    return text.split()\n',
    user("a b", ["a", "b"]),
)
COUNT = skill(
    "from skills import words_of\n\n\n"
    'def count_words(text: str) -> int:\n    """Return how many words there are."""\n'
    "    return len(words_of(text))\n",
    user("a, b", 2),
    calls=(WORDS,),
)
TWICE = skill(
    "from skills import count_words\n\n\n"
    'def twice_the_words(text: str) -> int:\n    """Return twice the number of words."""\n'
    "    return 2 * count_words(text)\n",
    user("one two three", 6),
    calls=(COUNT,),
)
ALL = [WORDS, COUNT, TWICE]


def gate() -> Gate:
    known = {each.name: each for each in ALL}

    def load(name: str, pinned: str = "", /) -> list[tuple[str, str]]:
        below = [pair for needed in known[name].requires for pair in load(needed)]
        return [*below, (name, known[name].source)]

    return Gate(load)


def test_an_update_brings_its_dependants_along() -> None:
    """Each is proved with the new version, directly or not, and pins it."""
    better = replace(WORDS, source=WORDS.source.replace("split()", 'replace(",", " ").split()'))
    update = prove_update(gate(), better, WORDS, skills=ALL)
    assert [each.name for each in update.versions] == ["words_of", "count_words", "twice_the_words"]
    new, count, twice = update.versions
    assert count.requires == {"words_of": new.hash} and count.hash != COUNT.hash
    assert twice.requires == {"count_words": count.hash}


def test_an_update_that_breaks_a_dependant_says_which_case_of_which_skill() -> None:
    """Nothing is kept then."""
    worse = replace(
        WORDS, source=WORDS.source.replace("split()", 'replace("three", "").split()'), cases=()
    )
    update = prove_update(gate(), worse, WORDS, skills=ALL)
    assert update.versions == () and update.refused == "twice_the_words"
    assert "twice_the_words('one two three') gave 4, not 6" in update.evidence


def test_an_update_is_held_to_its_past_cases() -> None:
    """Also when it brings other ones."""
    other = replace(
        WORDS,
        source=WORDS.source.replace("split()", 'split(";")'),
        cases=(user("a;b", ["a", "b"]),),
    )
    update = prove_update(gate(), other, WORDS, skills=ALL)
    assert update.refused == "words_of" and "words_of('a b') gave ['a b']" in update.evidence


def test_skills_that_require_each_other_are_refused() -> None:
    """A circle could never be loaded."""
    source = WORDS.source.replace("    return", "    twice_the_words(text)\n    return")
    draft = replace(
        WORDS,
        source=f"from skills import twice_the_words\n\n\n{source}",
        requires={"twice_the_words": TWICE.hash},
    )
    update = prove_update(gate(), draft, WORDS, skills=ALL)
    assert not update.versions and "may not require each other" in update.evidence


def test_dependants_come_after_what_they_call() -> None:
    """In the order in which they have to be kept."""
    assert [each.name for each in dependants("words_of", [TWICE, COUNT, WORDS])] == [
        "count_words",
        "twice_the_words",
    ]
