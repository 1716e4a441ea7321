"""Sessions whose tasks come one by one: from a generator, or proposed by the author."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import CliRunner

from habilis import Agent, Budget, Curriculum, Reply, ScriptedAuthor, SkillLibrary, Task
from habilis.agent.author import Purpose, Request
from habilis.agent.cli import app
from habilis.agent.report.facts import read_session
from habilis.agent.report.page import render_page
from habilis.errors import EndpointUnreachable, SessionError
from habilis.events import Event, Notice
from habilis.memory.step import StepKind
from habilis.memory.usage import Usage
from tests.making import make_skill

FUNCTIONS = {
    "double": ("Twice a number.", [[[1], 2], [[4], 8]]),
    "triple": ("Three times a number.", [[[1], 3], [[4], 12]]),
    "square": ("A number times itself.", [[[3], 9], [[4], 16]]),
}
HALVE = 'def halve(n: int) -> float:\n    """Half a number."""\n    return n / 2\n'
BODIES = {"double": "n * 2", "triple": "n * 3", "square": "n * n"}


def learner(request: Request) -> str:
    """Propose the functions in order, and write the one that is asked for."""
    if request.purpose is Purpose.PROPOSE:
        said = request.messages[0].content
        left = [name for name, (text, _) in FUNCTIONS.items() if text not in said]
        if not left:
            return "DONE"
        text, examples = FUNCTIONS[left[0]]
        row = {"name": left[0], "instruction": text, "examples": examples}
        return f"```json\n{json.dumps(row)}\n```"
    name = next(n for n, (text, _) in FUNCTIONS.items() if text == request.task.instruction)
    source = (
        f'def {name}(n: int) -> int:\n    """{FUNCTIONS[name][0]}"""\n    return {BODIES[name]}'
    )
    return f"```python\n{source}\n\nfinal_answer({name})\n```"


def proposals(author: ScriptedAuthor) -> int:
    return sum(request.purpose is Purpose.PROPOSE for request in author.requests)


def numbers(count: int, drawn: list[int]) -> Iterator[Task]:
    for number in range(count):
        drawn.append(number)
        yield Task(f"say {number}", id=str(number))


def says(request: Request) -> str:
    return "```python\nfinal_answer(1)\n```"


@pytest.mark.parametrize("parallel", [1, 2])
def test_a_generator_is_asked_when_a_task_is_to_begin(library: SkillLibrary, parallel: int) -> None:
    """Its tasks are not known before; resumed, it gives them again and none is done twice."""
    drawn: list[int] = []
    agent = Agent(ScriptedAuthor(says), library=library)
    session = agent.session("s", numbers(9, drawn), budget=Budget(steps=2))
    assert len(session.run_sync(parallel=parallel)) == 2
    assert len(drawn) < 9 and session.stopped_because
    again = agent.session("s", numbers(9, drawn), budget=Budget(steps=9))
    assert [result.task_id for result in again.run_sync(parallel=parallel)] == [
        str(n) for n in range(9)
    ]
    assert library.journal.ledger.account("session:s").steps == 9


def test_a_generator_that_gives_one_id_twice(library: SkillLibrary) -> None:
    """The session ends with an error; what is finished stays."""
    agent = Agent(ScriptedAuthor(says), library=library)
    tasks = (Task("x", id="a") for _ in range(2))
    with pytest.raises(SessionError, match="have the id 'a'"):
        agent.session("s", tasks).run_sync()
    assert set(library.journal.finished("s")) == {"a"}


@pytest.mark.parametrize("parallel", [1, 2])
def test_a_curriculum_goes_on_until_nothing_is_left(library: SkillLibrary, parallel: int) -> None:
    """Each proposal sees what was solved before; the skills are kept as candidates."""
    events: list[Event] = []
    author = ScriptedAuthor(learner)
    session = Agent(author, library=library).session("learn", Curriculum(goal="arithmetic"))
    results = session.run_sync(observer=events.append, parallel=parallel)
    assert [result.solved for result in results] == [True] * 3
    assert [result.task_id.partition("-")[0] for result in results] == list(FUNCTIONS)
    assert proposals(author) == 4
    command = ["session", "status", "learn", "--library", library.store.address.given]
    said = CliRunner().invoke(app, command, catch_exceptions=False).output
    assert "learn: finished, 3 tasks finished" in said
    assert {skill.name for skill in library} == set(FUNCTIONS)
    told = [event.text for event in events if isinstance(event, Notice)]
    assert "next: Twice a number." in told and told[-1].startswith("nothing is left")


def test_a_resumed_curriculum_asks_for_no_task_twice(library: SkillLibrary) -> None:
    """What was proposed stands in the journal; its cost is the session's."""
    author = ScriptedAuthor(learner)
    goal = Curriculum(goal="arithmetic")
    first = Agent(author, library=library).session("learn", goal, budget=Budget(steps=1))
    assert len(first.run_sync()) == 1 and proposals(author) == 2
    second = Agent(author, library=library).session("learn", goal, budget=Budget(steps=None))
    assert len(second.run_sync()) == 3 and proposals(author) == 4
    third = Agent(author, library=library).session("learn", goal)
    assert len(third.run_sync()) == 3 and proposals(author) == 4
    with pytest.raises(SessionError, match="was started with other tasks"):
        Agent(author, library=library).session("learn", Curriculum(goal="x")).run_sync()


def test_a_curriculum_has_an_end(library: SkillLibrary) -> None:
    """No more than `most` tasks are proposed."""
    author = ScriptedAuthor(learner)
    session = Agent(author, library=library).session("learn", Curriculum(goal="x", most=2))
    assert len(session.run_sync()) == 2 and proposals(author) == 2


@pytest.mark.parametrize(
    ("author", "why"),
    [
        (ScriptedAuthor(["I would sort."] * 3), "no usable task was proposed: the reply holds no"),
        ("compose", "the embedded author proposes no tasks"),
    ],
)
def test_an_author_that_proposes_nothing(
    library: SkillLibrary, author: ScriptedAuthor | str, why: str
) -> None:
    """The session stops and says why; a model is told twice what was wrong."""
    session = Agent(author, library=library).session("learn", Curriculum(goal="x"))
    assert session.run_sync() == [] and why in session.stopped_because
    if isinstance(author, ScriptedAuthor):
        assert "cannot be used: the reply holds no" in author.requests[-1].messages[-1].content


def test_what_is_proposed_does_not_hang_on_what_happens_meanwhile(library: SkillLibrary) -> None:
    """The question is on record: a library that grew does not make a session ask twice."""

    class Cut(ScriptedAuthor):
        async def reply(self, request: Request) -> Reply:
            reply = await super().reply(request)
            if len(self.requests) == 1:
                return replace(reply, text="not yet")  # asked again: two replies for a task
            raise EndpointUnreachable("gone")

    goal = Curriculum(goal="arithmetic", most=1)
    first = Agent(Cut(learner), library=library).session("learn", goal)
    with pytest.raises(EndpointUnreachable):
        first.run_sync()
    assert "gone" in first.stopped_because
    library.add(make_skill(HALVE))
    author = ScriptedAuthor(learner)
    assert len(Agent(author, library=library).session("learn", goal).run_sync()) == 1
    assert proposals(author) == 1  # the first reply was there already
    assert "halve" not in author.requests[0].messages[0].content


def test_a_curriculum_that_stopped_may_go_on(library: SkillLibrary) -> None:
    """Replies that held no task are paid and counted, and do not stand in the way for ever."""
    goal = Curriculum(goal="arithmetic", most=2)
    bad = Agent(ScriptedAuthor(["I would sort."] * 3), library=library)
    assert bad.session("learn", goal).run_sync() == []
    good = ScriptedAuthor(learner)
    assert len(Agent(good, library=library).session("learn", goal).run_sync()) == 2


def test_a_fork_of_a_curriculum_has_its_tasks(library: SkillLibrary) -> None:
    """It goes on from there; what was proposed is not asked again."""
    goal = Curriculum(goal="arithmetic", most=3)
    Agent(ScriptedAuthor(learner), library=library).session("learn", goal).run_sync()
    library.journal.fork_session("learn", "other", count=2)
    author = ScriptedAuthor(learner)
    results = Agent(author, library=library).session("other", goal).run_sync()
    assert len(results) == 3 and proposals(author) == 0


def test_what_planning_costs_is_a_row_of_its_own(library: SkillLibrary) -> None:
    """With it, and that of tasks not finished, the rows add up to what the session has spent."""

    class Paid(ScriptedAuthor):
        async def reply(self, request: Request) -> Reply:
            reply = await super().reply(request)
            if len(self.requests) == 7:
                raise EndpointUnreachable("gone")
            return replace(reply, usage=Usage(requests=1, input_tokens=7, output_tokens=3))

    agent = Agent(Paid(learner), library=library)
    session = agent.session("learn", Curriculum(goal="arithmetic"))
    with pytest.raises(EndpointUnreachable):
        session.run_sync()
    others = library.journal.other_costs("learn")
    assert {what: cost.tokens for what, cost in others.items()} == {"planning": 30}
    assert len(session.run_sync()) == 3
    others = library.journal.other_costs("learn")
    tokens = sum(result.usage.tokens for result in session.finished.values())
    assert others["planning"].tokens == 40
    assert tokens + 40 == library.journal.ledger.account("session:learn").tokens
    page = render_page(read_session(library, "learn"), at=0.0)
    assert re.search(r"Planning</th><td[^>]*>40 tokens</td><td[^>]*>\$0.00, beside the", page)
    command = ["session", "show", "learn", "--library", library.store.address.given]
    shown = CliRunner().invoke(app, command, catch_exceptions=False).output
    command = ["session", "status", "learn", "--json", "--library", library.store.address.given]
    (state,) = json.loads(CliRunner().invoke(app, command, catch_exceptions=False).output)
    assert state["beside_tasks"] == {"planning": {"tokens": 40, "usd": 0.0}}
    assert re.search(r"planning .* 40 ", shown) and re.search(rf"all .* {tokens + 40} ", shown)


def test_a_compacted_curriculum_goes_on(library: SkillLibrary) -> None:
    """What was said about a proposal goes, the proposal stays: none is asked for again."""
    goal = Curriculum(goal="arithmetic", most=3)
    Agent(ScriptedAuthor(learner), library=library).session("learn", goal).run_sync()
    assert library.journal.compact_session("learn") > 1_000
    left = [step for step in library.journal.steps.of_session("learn") if step.content]
    assert [(step.kind, step.task) for step in left] == [
        (StepKind.PROPOSAL, f"proposal-{number}") for number in (1, 2, 3)
    ]
    author = ScriptedAuthor(learner)
    more = Agent(author, library=library).session("learn", replace(goal, most=4))
    assert len(more.run_sync()) == 3 and proposals(author) == 1


def test_more_may_be_proposed_later(library: SkillLibrary) -> None:
    """The later limit counts, also in what `session list` says."""
    author = ScriptedAuthor(learner)
    agent = Agent(author, library=library)
    assert len(agent.session("learn", Curriculum(goal="x", most=1)).run_sync()) == 1
    assert len(agent.session("learn", Curriculum(goal="x", most=3)).run_sync()) == 3
    row = library.journal.session("learn")
    assert row is not None and row.count == 3


def test_a_generator_that_breaks_off_is_not_finished(library: SkillLibrary) -> None:
    """Neither now nor when the same session is run again."""

    def broken() -> Iterator[Task]:
        yield Task("one", id="a")
        raise OSError("the disk is gone")

    session = Agent(ScriptedAuthor(says), library=library).session("s", broken())
    for _ in range(2):
        with pytest.raises(SessionError, match="broke off: OSError"):
            session.run_sync()
        assert "the disk is gone" in session.stopped_because
    again = Agent(ScriptedAuthor(says), library=library).session("s", numbers(2, []))
    assert len(again.run_sync()) == 2


@pytest.mark.parametrize("tasks", ["three.jsonl", ["x"], iter([{"instruction": "q"}])])
def test_tasks_that_are_none(library: SkillLibrary, tasks: Any) -> None:
    """The item is shown, and what to write."""
    with pytest.raises(SessionError, match="is no Task: write Task"):
        Agent(ScriptedAuthor(says), library=library).session("s", tasks).run_sync()


def test_a_session_without_tasks_does_not_keep_its_name(library: SkillLibrary) -> None:
    """An empty list is no work that could be lost."""
    agent = Agent(ScriptedAuthor(says), library=library)
    assert agent.session("s", []).run_sync() == []
    assert len(agent.session("s", [Task("one")]).run_sync()) == 1
