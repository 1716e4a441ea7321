from __future__ import annotations

from dataclasses import replace

import pytest

from habilis import Agent, Expected, KeptBack, ScriptedAuthor, SkillLibrary
from habilis.agent.keeping import Keeper
from habilis.agent.later import gather, later
from habilis.agent.task import Task
from habilis.errors import NameTaken
from habilis.skills.proof.evidence import Call
from habilis.skills.proof.gate import Gate
from habilis.skills.skill import Case, CaseOrigin, Skill, SkillState
from tests.making import case, make_skill

SURNAME = make_skill(
    'def surname(text: str) -> str:\n    """Return the last word of a name."""\n'
    "    return text.split()[-1]\n",
    cases=(case("Ada Lovelace", "Lovelace"),),
)
NAMES = [(["Grace Hopper"], "Hopper"), (["Jan van Dam"], "Dam"), (["Mei Lin Wu"], "Wu")]
COST = make_skill(
    "def fence_cost(sides: int, length_m: float, price: float = 2.0) -> float:\n"
    '    """Return the cost of a fence around a regular polygon."""\n'
    "    return sides * length_m * price\n",
    cases=(Case(arguments=(5, 10.0, 100.0), expected=5000.0, origin=CaseOrigin.USER),),
)


def block(code: str) -> str:
    return f"```python\n{code}\n```"


def later_cases(library: SkillLibrary, name: str) -> list[Case]:
    cases = library.get(name).cases
    return [each for each in cases if each.origin is CaseOrigin.LATER_TASK]


def test_examples_of_a_task_that_a_skill_answered_are_cases_of_it(library: SkillLibrary) -> None:
    """Its author had not seen them: with enough of them it is active. None comes twice."""
    library.add(SURNAME)
    nobody = Agent(ScriptedAuthor([]), library=library)
    for _ in range(2):
        result = nobody.run_sync("Last name?", examples=NAMES[:2], checks=[KeptBack(NAMES[2:])])
        assert result.stop_reason == "recalled"
    assert len(later_cases(library, "surname")) == 3
    assert library.get("surname").state is SkillState.ACTIVE
    assert library.get("surname").version == 1


def test_the_examples_it_was_kept_for_show_nothing_new(library: SkillLibrary) -> None:
    """However often they are asked, under whatever name: that makes no skill active."""
    library.add(SURNAME)
    nobody = Agent(ScriptedAuthor([]), library=library)
    own = [(["Ada Lovelace"], "Lovelace")]
    for name in ("one", "two", "three"):
        again = Task("Last name?", id=name, examples=own)
        assert nobody.run_sync(again).stop_reason == "recalled"
    assert library.get("surname").state is SkillState.CANDIDATE
    assert library.ledger("surname").helped == 3
    nobody.run_sync(Task("Last name?", id="four", examples=[*own, *NAMES]))
    assert [use.task for use in library.uses("surname")] == ["", "", "", "four"]


def test_a_checked_answer_that_a_skill_gave_is_a_case_of_it(library: SkillLibrary) -> None:
    """With the arguments as they were, whatever they were called."""
    library.add(COST)
    author = ScriptedAuthor(
        [block("n, side = 4, [2.5]\ncost = fence_cost(n, side[0], price=10)\nfinal_answer(cost)")]
    )
    Agent(author, library=library).run_sync(
        "What is the cost of a fence around a square?", checks=[Expected(100)]
    )
    (found,) = later_cases(library, "fence_cost")
    assert (found.arguments, found.keywords, found.expected) == ((4, 2.5), {"price": 10}, 100.0)


@pytest.mark.parametrize(
    ("code", "checks"),
    [
        ("final_answer(fence_cost(4, 2.5, 10))", []),
        ("final_answer(fence_cost(int('4'), 2.5, 10))", [Expected(100)]),
        ("n = 4\ncost = fence_cost(n, 2.5, 10)\nn = 5\nfinal_answer(cost)", [Expected(100)]),
    ],
    ids=["judged by nothing", "would call something again", "changed since"],
)
def test_what_is_not_known_for_sure_is_no_case(
    library: SkillLibrary, code: str, checks: list[Expected]
) -> None:
    """An answer that nothing judged, or arguments that are not there any more."""
    library.add(COST)
    agent = Agent(ScriptedAuthor([block(code)]), library=library)
    assert agent.run_sync("What is the cost of a fence around a square?", checks=checks).answered
    assert library.get("fence_cost").cases == COST.cases


def test_later_cases_are_bounded_and_must_pass(library: SkillLibrary) -> None:
    """A dozen is enough; one that fails is told and left to whoever asked."""
    library.add(SURNAME)
    gate = Gate(library.closure)
    many = later([case(f"Ada {letter}", letter) for letter in "abcdefghijklmnop"])
    assert len(gather(library, gate, "surname", many).added) == 12
    wrong = gather(library, gate, "surname", [case("Jan van Dam", "van Dam")])
    assert not wrong.added and wrong.failed[0][1].value == "Dam"
    assert len(library.get("surname").cases) == 13


def test_a_skill_that_is_held_waits_for_a_person(library: SkillLibrary) -> None:
    """However good the evidence that later tasks bring."""
    library.add(SURNAME)
    cases = later([case(given[0], expected) for given, expected in NAMES])
    held = gather(library, Gate(library.closure), "surname", cases, held=True)
    assert held.skill.state is SkillState.CANDIDATE and len(held.added) == 3


SHOUT = '''from skills import surname


def loud_surname(text: str) -> str:
    """Return the last word of a name in capitals."""
    return surname(text).upper()
'''


def with_caller(library: SkillLibrary) -> tuple[Skill, Skill]:
    old = library.add(SURNAME)
    calls = make_skill(
        SHOUT, cases=(case("Ada Lovelace", "LOVELACE"),), requires={"surname": old.hash}
    )
    return old, library.add(calls)


def test_an_update_and_its_dependants_are_kept_together_or_not_at_all(
    library: SkillLibrary,
) -> None:
    """A dependant that somebody else has changed meanwhile stops the whole update."""
    old, caller = with_caller(library)
    keeper = Keeper(library, Gate(library.closure))
    better = replace(old, source=old.source.replace("split()", 'replace(",", " ").split()'))
    decision = keeper.decide(better)
    assert [each.name for each in decision.versions] == ["surname", "loud_surname"]
    library.add(replace(caller, source=caller.source.replace("upper()", "upper().strip()")))
    with pytest.raises(NameTaken):
        keeper.keep(decision)
    assert library.get("surname") == old and library.get("loud_surname").version == 2
    kept = keeper.keep(keeper.decide(better))
    assert kept.version == 2 and library.get("loud_surname").requires == {"surname": kept.hash}


def test_after_a_rollback_a_proof_runs_with_what_was_pinned(library: SkillLibrary) -> None:
    """Its caller was proved with the newer version, and goes on calling it."""
    old, _ = with_caller(library)
    keeper = Keeper(library, Gate(library.closure))
    newer = replace(old, source=old.source.replace("split()", 'replace(",", " ").split()'))
    keeper.keep(keeper.decide(newer))
    library.rollback("surname", 1)
    gate, caller = Gate(library.closure), library.get("loud_surname")
    call = Call(arguments=("Ada a,b",))
    assert gate.call(caller, [call])[0].value == library["loud_surname"]("Ada a,b") == "B"
    assert gate.call(library.get("surname"), [call])[0].value == "a,b"
    third = replace(old, source=old.source.replace("split()", "strip().split()"))
    update = keeper.decide(third)
    assert [each.name for each in update.versions] == ["surname", "loud_surname"]


def test_a_task_goes_on_with_the_version_it_has_begun_with(library: SkillLibrary) -> None:
    """Also where it imports the skill again; the next task has the new one."""
    old, _ = with_caller(library)

    def update() -> None:
        """Keep a version that gives something else."""
        keeper = Keeper(library, Gate(library.closure))
        changed = replace(old, source=old.source.replace("split()", 'replace(",", " ").split()'))
        assert keeper.keep(keeper.decide(changed)).version == 2

    first = "from skills import surname\nbefore = surname('Ada a,b')\nupdate()"
    second = (
        "from skills import surname, loud_surname\n"
        "final_answer([before, surname('Ada a,b'), loud_surname('Ada a,b')])"
    )
    author = ScriptedAuthor([block(first), block(second), block(second.replace("before", "''"))])
    agent = Agent(author, library=library, tools=[update], learn=False)
    question = "What is the last word of a name?"
    assert agent.run_sync(question, checks=[Expected(["a,b", "a,b", "A,B"])]).solved
    assert agent.run_sync(question, checks=[Expected(["", "b", "B"])]).solved
    assert [use.version for use in library.uses("surname")] == [1, 2]


NET = '''def net_price(gross: float, rate: float) -> float:
    """Return the price without VAT."""
    return gross / (1 + rate)
'''
WRONG = NET.replace("    return", "    if gross > 1000:\n        return gross\n    return")
ALIKE = NET.replace("1 + rate", "rate + 1.0")
PRICES = [(120.0, 0.2, 100.0), (107.0, 0.07, 100.0), (110.0, 0.1, 100.0), (240.0, 0.2, 200.0)]


def priced(source: str, *rows: tuple[float, ...], origin: CaseOrigin) -> Skill:
    cases = [Case(arguments=row[:2], expected=row[2], origin=origin) for row in rows]
    return make_skill(source, cases=tuple(cases))


def test_an_update_that_does_otherwise_earns_its_own_state(library: SkillLibrary) -> None:
    """What made the old version active was said of the old version; so too after a rollback."""
    keeper = Keeper(library, Gate(library.closure))
    first = priced(NET, *PRICES, origin=CaseOrigin.KEPT_BACK)
    user = (Case(arguments=(130.0, 0.3), expected=100.0, origin=CaseOrigin.USER),)
    first = keeper.keep(keeper.decide(replace(first, cases=(*first.cases, *user))))
    assert first.state is SkillState.ACTIVE
    wrong = priced(WRONG, (2000.0, 0.2, 2000.0), origin=CaseOrigin.USER)
    second = keeper.keep(keeper.decide(wrong))
    assert (second.version, second.state) == (2, SkillState.CANDIDATE)
    assert library.rollback("net_price", 1).state is SkillState.ACTIVE
    assert library.rollback("net_price", 2).state is SkillState.CANDIDATE


def test_an_update_that_does_the_same_keeps_what_was_earned(library: SkillLibrary) -> None:
    """What its cases say holds for the new version too."""
    keeper = Keeper(library, Gate(library.closure))
    user = CaseOrigin.USER
    earned = priced(NET, *PRICES, origin=CaseOrigin.KEPT_BACK)
    told = Case(arguments=(130.0, 0.3), expected=100.0, origin=user)
    keeper.keep(keeper.decide(replace(earned, cases=(*earned.cases, told))))
    again = keeper.keep(keeper.decide(priced(ALIKE, PRICES[0], origin=user)))
    assert (again.version, again.state) == (2, SkillState.ACTIVE)


def test_a_word_for_one_version_is_none_for_the_next(library: SkillLibrary) -> None:
    """A person's word is about the code that this person has read."""
    keeper = Keeper(library, Gate(library.closure))
    library.add(priced(NET, *PRICES[:2], origin=CaseOrigin.USER))
    library.set_state("net_price", SkillState.ACTIVE)
    update = keeper.keep(keeper.decide(priced(ALIKE, *PRICES[:2], origin=CaseOrigin.USER)))
    assert (update.version, update.state) == (2, SkillState.CANDIDATE)
