"""Knowing when it does not know: what inputs without outputs tell."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from habilis import Agent, SkillLibrary
from habilis.agent.author import Purpose, Request
from habilis.agent.authors.compose.author import ComposeAuthor
from habilis.agent.authors.compose.found import Found
from habilis.agent.authors.compose.rivals import Dispute
from habilis.agent.authors.compose.synthesise import synthesise
from habilis.agent.example import Example
from habilis.agent.task import Task
from habilis.skills.skill import CaseOrigin

YEARS = [("Est - November 16, 2102 - Jawid", "2102"), ("In - May 3, 1999 - Ada", "1999")]
OTHERS = [("Aliquam - January 28, 1746 - with Gebhard",), ("Ut - March 1, 1812 - by A. B. Cee",)]


def find(rows: list[tuple[str, str]], others: Sequence[tuple[str, ...]]) -> Found:
    examples = [Example(inputs=(value,), output=output) for value, output in rows]
    found = synthesise(examples, name="made", unlabelled=others, seconds=3.0)
    assert isinstance(found, Found), found
    return found


def test_an_answer_that_gives_odd_results_elsewhere_is_passed_over() -> None:
    """Counting words fits the examples; on the other inputs it gives no year."""
    names: dict[str, object] = {}
    exec(find(YEARS, OTHERS).source, names)
    made = names["made"]
    assert callable(made) and [made(*row) for row in OTHERS] == ["1746", "1812"]


def test_where_answers_differ_it_is_not_sure_and_says_which_example_would_settle_it() -> None:
    """One example fits many rules: the input in dispute is one of those given."""
    found = find([("ab cd", "cd")], [("ab cd ef",), ("x y",)])
    assert not found.sure
    assert found.dispute is not None and found.dispute.inputs == ("ab cd ef",)
    assert len(set(map(str, found.dispute.options))) > 1
    assert 0 in found.unsure


def test_many_examples_of_one_plain_rule_make_it_sure() -> None:
    """Nothing that is nearly as cheap says otherwise."""
    rows = [("Ada Lovelace", "LOVELACE"), ("Alan Turing", "TURING"), ("Grace Hopper", "HOPPER")]
    found = find(rows, [("Tim Peters",), ("Guido Rossum",)])
    assert found.sure and found.dispute is None and found.unsure == ()


def test_the_author_asks_for_the_example_that_settles_it() -> None:
    """The answer joins the examples; what is found holds on it."""
    asked: list[Dispute] = []
    told: list[Found] = []

    def ask(dispute: Dispute) -> Example:
        asked.append(dispute)
        return Example(inputs=dispute.inputs, output=str(dispute.inputs[0]).split()[-1])

    author = ComposeAuthor(seconds=2.0, others=[("ab cd ef",)], ask=ask, tell=told.append)
    task = Task("last word", name="tail", examples=[(["ab cd"], "cd")])
    reply = asyncio.run(author.reply(Request(purpose=Purpose.ACT, task=task, messages=())))
    names: dict[str, object] = {}
    exec(told[-1].source, names)
    tail = names["tail"]
    assert asked and callable(tail) and tail("ab cd ef") == "ef"
    assert Example(inputs=("ab cd ef",), output="ef") in reply.examples


def test_an_answered_example_is_a_case_of_the_skill(library: SkillLibrary) -> None:
    """The user vouches for it, as for the examples of the task."""

    def ask(dispute: Dispute) -> Example:
        return Example(inputs=dispute.inputs, output=str(dispute.inputs[0]).split()[-1])

    author = ComposeAuthor(seconds=2.0, others=[("ab cd ef",)], ask=ask)
    task = Task("Give the last word.", name="tail", examples=[(["ab cd"], "cd"), (["x y"], "y")])
    result = Agent(author, library=library).run_sync(task)
    (name,) = result.skills_made
    cases = {case.arguments: case for case in library.get(name).cases}
    assert cases["ab cd ef",].expected == "ef" and cases["ab cd ef",].origin is CaseOrigin.USER
    assert result.task_id == task.key
