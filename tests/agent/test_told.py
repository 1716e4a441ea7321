from __future__ import annotations

import json
from pathlib import Path

from habilis import Agent, Expected, KeptBack, ScriptedAuthor, SkillLibrary
from habilis.agent.curriculum import Curriculum, curriculum_prompt, read_proposal
from habilis.agent.task import Task
from habilis.skills.skill import SkillState

DOUBLED = '''```python
def doubled(number: int) -> int:
    """Return twice the number."""
    return number + number % 3

final_answer(doubled)
```'''
ENERGY = '''```python
def energy_wh(
    volts: float = 220, amperes: float = 5, factor: float = 0.8, hours: float = 6, days: int = 30
) -> float:
    """Return the energy that a device uses, in watt-hours."""
    return volts * amperes * factor * hours * days


assert energy_wh(220, 5, 0.8, 6, 30) == 158400
assert energy_wh(110, 10, 1.0, 2, 10) == 22000
```'''
ANSWER = "```python\nfinal_answer(158400.0)\n```"


def test_a_function_that_fails_unseen_examples_is_told_so_by_its_name() -> None:
    """It hears nothing of types of ours, and nothing of what was kept back."""
    author = ScriptedAuthor([DOUBLED] * 2)
    task = Task(
        "Twice a number.",
        examples=[([1], 2), ([2], 4)],
        checks=(KeptBack([([33], 66)]),),
        attempts=2,
    )
    assert Agent(author).run_sync(task).stop_reason == "failed_checks"
    told = author.requests[1].messages[-1].content
    assert "wrong: doubled fails on inputs that are not shown here" in told
    assert "FunctionRef" not in told and "33" not in told


def test_who_has_no_saved_skills_reads_nothing_of_them(library: SkillLibrary) -> None:
    """The first task of a library is asked for a tool in fewer words; files are not there."""
    author = ScriptedAuthor([ANSWER, "NOTHING"])
    Agent(author, library=library).run_sync("Energy?", checks=[Expected(158400)])
    told = author.requests[1].messages[-1].content
    assert "the single word NOTHING" in told and "saved skill" not in told
    assert "no file is there" not in told


def test_a_tool_made_of_a_file_is_asked_for_without_it(
    library: SkillLibrary, tmp_path: Path
) -> None:
    """The folder in which it is tried has no files of the task."""
    file = tmp_path / "meter.txt"
    file.write_text("158400")
    author = ScriptedAuthor([ANSWER, "NOTHING"])
    Agent(author, library=library).run_sync("Energy?", files=[file], checks=[Expected(158400)])
    assert "no file is there: pass its text" in author.requests[1].messages[-1].content


def test_a_tool_whose_parameters_all_have_defaults_is_kept(library: SkillLibrary) -> None:
    """Faults planted in defaults show on no call that names every argument: none is planted."""
    author = ScriptedAuthor([ANSWER, ENERGY])
    agent = Agent(author, library=library)
    assert agent.run_sync("Energy?", checks=[Expected(158400)]).skills_made == ("energy_wh",)


def test_an_author_that_insists_is_asked_for_all_of_it_again(library: SkillLibrary) -> None:
    """A function alone would have no assert that solves its task, and be lost."""
    author = ScriptedAuthor([ANSWER, ENERGY, ENERGY])
    wrong = "```python\nassert energy_wh(1, 1, 1, 1, 1) == 60\n```"
    second = ScriptedAuthor([wrong], name="tester")
    Agent(author, library=library, tester=second).run_sync("Energy?", checks=[Expected(158400)])
    told = author.requests[2].messages[-1].content
    assert "If the tester is wrong, change nothing" in told
    assert "reply with the whole block again: the function and its asserts" in told
    assert library.get("energy_wh").state is SkillState.CANDIDATE


def test_a_proposal_written_as_python_is_read() -> None:
    """Who plans Python functions writes None where JSON has null."""
    examples = [[["7 EUR"], 7.0], [["on request"], None]]
    proposal = {"name": "price", "instruction": "Read a price.", "examples": examples}
    written = read_proposal(f"```json\n{proposal}\n```", [])
    assert written == read_proposal(f"```json\n{json.dumps(proposal)}\n```", [])
    assert written is not None and written.examples[1].output is None


def test_a_plan_with_no_failure_has_no_word_about_failures() -> None:
    """What to do after one is said when there is one."""
    assert "failure" not in curriculum_prompt(Curriculum(goal="prices"), [], [])
