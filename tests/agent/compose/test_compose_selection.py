"""Which of many skills a search is given."""

from __future__ import annotations

from collections.abc import Sequence

from habilis.agent.authors.compose.components.skills import SkillCalls
from habilis.agent.authors.compose.problem import Problem
from habilis.agent.authors.compose.selection import select
from habilis.skills.outcome import Outcome, OutcomeKind
from habilis.skills.skill import Provenance, Skill

PROBLEM = Problem(
    names=("text",), types=("str",), returns="str", rows=(("ab cd",),), outputs=("CD AB",)
)


def skill(name: str, description: str, signature: str = "(text: str) -> str") -> Skill:
    return Skill(
        name=name,
        source="",
        signature=signature,
        description=description,
        provenance=Provenance(task="", author="test", made_at=0.0),
    )


def call(name: str, arguments: Sequence[tuple[object, ...]], /) -> list[Outcome]:
    assert name
    return [Outcome(kind=OutcomeKind.OK, value=str(each[0]).upper()) for each in arguments]


def chosen(skills: list[Skill], task: str) -> list[str]:
    found = select(skills, PROBLEM, task=task, calls=SkillCalls(call))
    return list(dict.fromkeys(component.skill for component in found))


def test_each_half_of_a_task_finds_its_skill() -> None:
    """What one skill says already counts less for the next."""
    many = [skill(f"shift_{n}", f"Shift each letter by {n} places") for n in range(2, 60)]
    wanted = skill("mirror", "Mirror the words")
    names = chosen([*many, wanted], "Shift each letter by 7 places, then mirror the words")
    assert {"shift_7", "mirror"} <= set(names[:3])


def test_skills_whose_types_cannot_take_part_are_left_out() -> None:
    """No text is made of a table of numbers here, and nothing takes one."""
    table = skill("invert", "Mirror the words", "(rows: list[list[float]]) -> list[list[float]]")
    assert chosen([table, skill("mirror", "Mirror the words")], "Mirror the words") == ["mirror"]


def test_no_more_are_given_than_a_search_can_use() -> None:
    """A first tier is cheap, a second dearer, the rest is out."""
    many = [skill(f"step_{n}", f"Do step {n}") for n in range(200)]
    found = select(many, PROBLEM, task="Do step 5", calls=SkillCalls(call))
    assert len({component.skill for component in found}) <= 40
    assert found[0].skill == "step_5" and found[0].cost < found[-1].cost
