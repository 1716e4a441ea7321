"""What the skills of a session have in common becomes a skill they call, through the gate."""

from __future__ import annotations

from habilis import Agent, ScriptedAuthor, SkillLibrary, Task
from habilis.events import Event, SkillKept
from habilis.skills.skill import SkillState

LINES = ["Ada Ames; Oslo ;x; 7 ", " Bo Bell;Rome; y ;12", "Cy;  Bern;z;3 ", "Di Dow ; Kyiv; w; 41"]
BODIES = {
    "city_of_line": ('line.split(";")[1].strip().upper()', "Give the city of a line in capitals."),
    "amount_of_line": ('"EUR " + line.split(";")[3].strip()', "Write the sum that is owed."),
    "guest_of_line": ('line.split(";")[0].strip().title()', "Say who comes to the party."),
}


def task(name: str) -> Task:
    body, wanted = BODIES[name]
    rows = [((line,), eval(body, {"line": line})) for line in LINES]
    return Task(wanted, id=name, name=name, examples=rows[:3], checks=())


def reply(name: str) -> str:
    body, wanted = BODIES[name]
    source = f'def {name}(line: str) -> str:\n    """{wanted}"""\n    return {body}\n'
    return f"```python\n{source}\n\nfinal_answer({name})\n```"


def test_at_the_end_of_a_session_what_is_shared_is_a_skill(library: SkillLibrary) -> None:
    """It has cases out of its callers' cases; they are new versions, proved on their own."""
    kept: list[Event] = []
    agent = Agent(ScriptedAuthor(map(reply, BODIES)), library=library)
    results = agent.session("party", list(map(task, BODIES))).run_sync(observer=kept.append)
    assert [result.skills_made for result in results] == [(name,) for name in BODIES]
    (shared,) = [skill for skill in library if skill.name not in BODIES]
    assert shared.state is SkillState.CANDIDATE and len(shared.cases) >= 3
    assert library[shared.name](" a; b ;c", 1) == "b"
    for name in BODIES:
        skill = library.get(name)
        assert skill.version == 2 and skill.requires == {shared.name: shared.hash}
        for row in task(name).examples:
            assert library[name](*row.inputs) == row.output
    told = [event.name for event in kept if isinstance(event, SkillKept) and not event.task_id]
    assert told == [shared.name, *sorted(BODIES, key=told.index)]


def test_where_a_skill_is_that_already_it_is_called(library: SkillLibrary) -> None:
    """No second skill of the same code is made."""
    source = (
        "def field(line: str, number: int) -> str:\n"
        '    """Give a field of a line without its blanks."""\n'
        '    return line.split(";")[number].strip()\n'
    )
    rows = [
        ((line, n), line.split(";")[n].strip()) for line, n in zip(LINES, range(4), strict=True)
    ]
    first = Task("Give a field of a line.", id="field", name="field", examples=rows)
    replies = [f"```python\n{source}\n\nfinal_answer(field)\n```", *map(reply, BODIES)]
    agent = Agent(ScriptedAuthor(replies), library=library)
    agent.session("party", [first, *map(task, BODIES)]).run_sync()
    assert set(library.names()) == {"field", *BODIES}
    assert all(tuple(library.get(name).requires) == ("field",) for name in BODIES)


def test_an_agent_that_does_not_learn_shares_nothing(library: SkillLibrary) -> None:
    """What is in the library stays as it was."""
    agent = Agent(ScriptedAuthor(map(reply, BODIES)), library=library, learn=False)
    agent.session("party", list(map(task, BODIES))).run_sync()
    assert library.names() == []
