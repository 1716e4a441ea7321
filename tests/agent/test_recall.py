from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from habilis import Agent, ScriptedAuthor, SkillLibrary
from habilis.agent.checks import Expected
from habilis.agent.task import Task
from habilis.events import Event, Notice
from habilis.memory.embed import Encoder
from habilis.skills.skill import SkillState
from tests.making import make_skill, simple

TOTAL = make_skill(
    'def add_up(values: list[float]) -> float:\n    """Add up the numbers of a list."""\n'
    "    return sum(values)\n"
)


def block(code: str) -> str:
    return f"```python\n{code}\n```"


def fill(library: SkillLibrary) -> None:
    library.add(TOTAL)
    for number in range(60):
        library.add(simple(f"price_{number}", f"Return the price of order {number}."))
    library.encode()


def test_nothing_is_shown_where_nothing_fits(library: SkillLibrary) -> None:
    """The author reads of no skill, and none is counted as shown."""
    fill(library)
    author = ScriptedAuthor([block("final_answer('Tewodros')")])
    agent = Agent(author, library=library, learn=False)
    question = (
        "Who was the first emperor of Ethiopia, please tell me about his childhood and reign?"
    )
    result = agent.run_sync(Task(question))
    assert (
        result.skills_shown == () and "Saved skills" not in author.requests[0].messages[0].content
    )
    assert library.ledger("add_up").retrieved == 0


def test_code_that_fails_is_a_second_query(library: SkillLibrary) -> None:
    """A skill like it is shown next, imported, and its use is kept with what it took."""
    fill(library)
    author = ScriptedAuthor(
        [
            block("values = [1.0, 2.0, 4.0]\nadd_up_numbers_of_list(values)"),
            block("final_answer(add_up(values + [0.0]))"),
            block("values = [1.0, 2.0, 4.0]\nfinal_answer(add_up(values))"),
        ]
    )
    agent = Agent(author, library=library, learn=False)
    result = agent.run_sync(
        Task(
            "Orders 3 and 4: what do I pay, in sum, for the price of both?",
            checks=(Expected(7.0),),
        )
    )
    seen = "\n".join(step.observation for step in result.steps)
    assert result.output == 7.0 and "add_up" in result.skills_used
    assert "add_up(values: list[float])" in seen or "add_up" in result.skills_shown
    (use,) = library.uses("add_up")
    assert use.helped and not use.nested and use.task == result.task_id and use.seconds is not None
    assert library.ledger("add_up").retrieved == 1


def test_an_observer_is_told_that_searches_are_exact(tmp_path: Path, encoder: Encoder) -> None:
    """Another process owns the Chroma index: the task goes on, a notice says it once."""
    seen: list[Event] = []
    with (
        SkillLibrary(tmp_path / "l", encoder=encoder, index="chroma") as owner,
        SkillLibrary(tmp_path / "l", encoder=encoder, index="chroma") as other,
    ):
        fill(owner)
        author = ScriptedAuthor([block("final_answer(1)"), block("final_answer(2)")])
        agent = Agent(author, library=other, learn=False, observer=seen.append)
        assert [agent.run_sync(f"Say {n}.").output for n in (1, 2)] == [1, 2]
    assert [e.text for e in seen if isinstance(e, Notice) and "exact" in e.text] == [
        "another process owns the Chroma index; searches are exact"
    ]


@pytest.mark.parametrize(
    ("actions", "counts"),
    [
        (["final_answer(add_up([40, 2]))"], True),
        (["add_up([5])\nfinal_answer(42)"], False),
        (["print(add_up([5]))\nfinal_answer(42)"], False),
        (["try:\n    n = add_up(1, 2)\nexcept TypeError:\n    n = 42\nfinal_answer(n)"], False),
        (["n = add_up([5])\nn = 42\nfinal_answer(n)"], False),
        (["n = add_up([40])", "n = n + 2\nfinal_answer(n)"], True),
        (["print(add_up([40, 2]))", "final_answer(42)"], True),
        (["add_up([40, 2])", "final_answer(42)"], True),
        (["if add_up([1, 2]) == 3:\n    final_answer(42)"], True),
        (["n = []\nfor i in (40, 2):\n    n.append(add_up([i]))\nfinal_answer(sum(n))"], True),
        (["def total():\n    return add_up(n)\n\nn = [42]\nfinal_answer(total())"], True),
        (["from skills import add_up as plus\nfinal_answer(plus([40, 2]))"], True),
    ],
)
def test_a_call_helped_where_its_value_reached_the_answer(
    library: SkillLibrary, actions: list[str], counts: bool
) -> None:
    """One that raised, or was ignored, is neither help nor failure: nothing is known by it."""
    library.add(TOTAL)
    for number in (1, 2):
        author = ScriptedAuthor([block(action) for action in actions])
        agent = Agent(author, library=library, learn=False)
        result = agent.run_sync(f"Add up the numbers, part {number}.", checks=[Expected(42)])
        assert result.solved and result.skills_used == ("add_up",)
    assert library.ledger("add_up").called == (2 if counts else 0)
    assert (library.get("add_up").state is SkillState.ACTIVE) == counts


def test_a_held_skill_does_not_become_active_by_its_uses(library: SkillLibrary) -> None:
    """Untrusted text was in view when it was made: a person approves it, or nobody does."""
    held = replace(TOTAL.provenance, untrusted=("doc",))
    library.add(replace(TOTAL, provenance=held))
    for n in range(3):
        author = ScriptedAuthor([block("final_answer(add_up([40, 2]))")])
        agent = Agent(author, library=library, learn=False, hold_untrusted=True)
        agent.run_sync(f"Add up the numbers, part {n}.", checks=[Expected(42)])
    assert library.ledger("add_up").helped == 3
    assert library.get("add_up").state is SkillState.CANDIDATE


def test_other_spaces_make_no_other_task(library: SkillLibrary) -> None:
    """Two distinct tasks make a skill active; this is one."""
    library.add(TOTAL)
    for space in (" ", "  ", "\n"):
        agent = Agent(
            ScriptedAuthor([block("final_answer(add_up([40, 2]))")]), library=library, learn=False
        )
        assert agent.run_sync(f"Add up the{space}numbers.", checks=[Expected(42)]).solved
    assert library.get("add_up").state is SkillState.CANDIDATE
