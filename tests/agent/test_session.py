from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import BaseModel

from habilis import Agent, Expected, ScriptedAuthor, SkillLibrary, Task
from habilis.errors import EndpointUnreachable, SessionError

TASKS = [Task(f"Say {n}.", id=f"t{n}", checks=(Expected(n),)) for n in (1, 2, 3)]


def says(*numbers: int) -> ScriptedAuthor:
    return ScriptedAuthor(
        text for n in numbers for text in (f"```python\nfinal_answer({n})\n```", "NOTHING")
    )


def test_finished_tasks_are_never_done_again(library: SkillLibrary) -> None:
    """Started again, a session asks no author for what is finished."""
    results = Agent(says(1, 2, 3), library=library).session("s", TASKS).run_sync()
    assert [(r.output, r.solved, r.session) for r in results] == [
        (1, True, "s"),
        (2, True, "s"),
        (3, True, "s"),
    ]
    silent = ScriptedAuthor([])
    again = Agent(silent, library=library).session("s", TASKS).run_sync()
    assert [r.output for r in again] == [1, 2, 3] and silent.requests == []
    row = library.journal.session("s")
    assert row is not None and (row.state, row.count) == ("finished", 3)


def test_a_failing_endpoint_stops_the_session_and_loses_nothing(library: SkillLibrary) -> None:
    """The next run goes on with the task that failed."""

    class Outage(ScriptedAuthor):
        async def reply(self, request):  # type: ignore[no-untyped-def]
            if len(self.requests) == 2:
                raise EndpointUnreachable("nothing answers")
            return await super().reply(request)

    author = Outage(["```python\nfinal_answer(1)\n```", "NOTHING"])
    with pytest.raises(EndpointUnreachable):
        Agent(author, library=library).session("s", TASKS).run_sync()
    session = Agent(says(2, 3), library=library).session("s", TASKS)
    assert set(session.finished) == {"t1"}
    assert [r.output for r in session.run_sync()] == [1, 2, 3]


def test_a_session_stops_between_two_tasks_when_asked(library: SkillLibrary) -> None:
    """Another process may ask; starting it again goes on."""
    session = Agent(says(1, 2, 3), library=library).session("s", TASKS)
    results = session.run_sync(on_result=lambda result: library.journal.request_stop("s"))
    row = library.journal.session("s")
    assert len(results) == 1 and row is not None and row.state == "stopped"
    assert len(session.run_sync()) == 3


def test_one_name_stands_for_one_list_of_tasks(library: SkillLibrary) -> None:
    """Other tasks, double ids, no name or no library are refused with the reason."""
    agent = Agent(says(1, 2, 3), library=library)
    agent.session("s", TASKS).run_sync()
    with pytest.raises(SessionError, match="was started with other tasks"):
        agent.session("s", TASKS[:2]).run_sync()
    others = [replace(TASKS[0], instruction="Say one."), TASKS[2], Task("Say 4.", id="t4")]
    what = r"\(changed: 't1'; added: 't4'; gone: 't2'\): give the same ones"
    library.journal.fork_session("s", "forked")
    for name in ("s", "forked"):
        with pytest.raises(SessionError, match=what):
            agent.session(name, others).run_sync()
    with pytest.raises(SessionError, match=r"\(moved: 't3', 't1'\)"):
        agent.session("s", [TASKS[2], TASKS[1], TASKS[0]]).run_sync()
    with pytest.raises(SessionError, match=r"other tasks, from Python: give"):
        agent.session("s", iter(TASKS)).run_sync()  # of these nobody knows yet which they are
    with pytest.raises(SessionError, match="'t1'"):
        agent.session("d", [TASKS[0], TASKS[0]])
    with pytest.raises(SessionError, match="needs a name"):
        agent.session(" ")
    with pytest.raises(SessionError, match="needs a library"):
        Agent(says(1)).session("s", TASKS)


def test_a_single_task_under_a_session_name_is_journaled(library: SkillLibrary) -> None:
    """Agent.run(session=...) gives the recorded result the second time."""
    first = Agent(says(1), library=library).run_sync(TASKS[0], session="one")
    silent = ScriptedAuthor([])
    second = Agent(silent, library=library).run_sync(TASKS[0], session="one")
    assert (second.output, second.solved, second.usage) == (1, True, first.usage)
    assert silent.requests == []


KILLED = """
import os, sys
from habilis import Agent, ScriptedAuthor, SkillLibrary
from tests.agent_tasks import TASKS
def reply(request):
    if request.task.id == "t2":
        os.kill(os.getpid(), 9)
    return "NOTHING" if request.purpose == "abstract" else "```python\\nfinal_answer(1)\\n```"
with SkillLibrary(sys.argv[1]) as library:
    Agent(ScriptedAuthor(reply), library=library).session("s", TASKS).run_sync()
"""


def test_kill_9_loses_no_finished_task(library: SkillLibrary) -> None:
    """What was finished before the kill is read back, the rest is done."""
    root = Path(__file__).parent.parent.parent
    code = KILLED.replace("from tests.agent_tasks import TASKS", _tasks_in_words())
    run = subprocess.run([sys.executable, "-c", code, str(library.path)], cwd=root, env=os.environ)
    assert run.returncode == -9
    session = Agent(says(2, 3), library=library).session("s", TASKS)
    assert set(session.finished) == {"t1"}
    assert [r.output for r in session.run_sync()] == [1, 2, 3]


def _tasks_in_words() -> str:
    return (
        "from habilis import Expected, Task\n"
        "TASKS = [Task(f'Say {n}.', id=f't{n}', checks=(Expected(n),)) for n in (1, 2, 3)]"
    )


class Trend(BaseModel):
    slope: float


def test_a_session_gives_back_typed_outputs(library: SkillLibrary) -> None:
    """What was validated once is of its type again."""
    answer = "```python\nfinal_answer({'slope': 2})\n```"
    agent = Agent(ScriptedAuthor([answer, "NOTHING"]), library=library)
    first = agent.run_sync("trend", output_type=Trend, session="rev")
    second = agent.run_sync("trend", output_type=Trend, session="rev")
    assert first.output == second.output == Trend(slope=2)


def test_a_task_is_known_by_all_that_makes_it(tmp_path: Path) -> None:
    """Inputs, contents of files, checks and types; sets have no order of their own."""
    file = tmp_path / "a.csv"
    file.write_text("1")
    keys = [Task("x").key, Task("x", checks=(Expected(1),)).key, Task("x", output_type=int).key]
    keys += [Task("x", inputs={"a": list(range(n))}).key for n in (5, 4999, 5000)]
    keys.append(Task("x", files=(file,)).key)
    file.write_text("2")
    keys.append(Task("x", files=(file,)).key)
    assert len(set(keys)) == len(keys)
    code = "from habilis import Task; print(Task('x', inputs={'s': set('abcdefgh')}).key)"
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in (1, 2)
    ]
    assert runs[0] == runs[1]
