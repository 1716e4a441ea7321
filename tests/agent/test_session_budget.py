from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from habilis import Agent, Budget, Expected, Request, ScriptedAuthor, SkillLibrary, Task
from habilis.agent.author import Reply, Usage
from habilis.agent.cli import app
from habilis.agent.cli.advice import how_to_resume
from habilis.errors import EndpointBusy, EndpointUnreachable, SessionBusy, SessionError
from habilis.events import Event, Paused
from habilis.memory.journal_ledger import LIBRARY, scope_of
from habilis.memory.step import Place
from tests.making import HashEncoder

TASKS = [Task(f"Say {n}.", id=f"t{n}", checks=(Expected(n),)) for n in range(4)]


def says(request: Request) -> str:
    if request.purpose == "abstract":
        return "NOTHING"
    return f"```python\nfinal_answer({request.task.id[1:]})\n```"


class Metered(ScriptedAuthor):
    """Costs a hundred tokens a reply, or what it is allowed, and a dollar a thousand."""

    def cost_usd(self, input_tokens: int, output_tokens: int) -> float:
        return (input_tokens + output_tokens) / 1000

    async def reply(self, request: Request) -> Reply:
        reply = await super().reply(request)
        output = min(100, request.most_output or 100)
        usage = Usage(requests=1, output_tokens=output, usd=self.cost_usd(0, output))
        return Reply(text=reply.text, usage=usage)


@pytest.mark.parametrize("parallel", [1, 4])
@pytest.mark.parametrize("limit", [{"tokens": 15_000}, {"usd": 15.0}])
def test_a_sessions_budget_is_never_overrun(
    library: SkillLibrary, limit: dict[str, float], parallel: int
) -> None:
    """It stops with the reason; with a larger one it goes on, and earlier costs count."""
    budget = Budget(steps=None, **limit)  # type: ignore[arg-type]
    tasks = [Task(f"Say {n}.", id=f"t{n}", checks=(Expected(n),)) for n in range(100)]
    agent = Agent(Metered(says), library=library)
    session = agent.session("s", tasks, budget=budget)
    results = session.run_sync(parallel=parallel)
    account = library.journal.ledger.account(scope_of("s"))
    assert len(results) < 100 and "are spent" in session.stopped_because
    assert 12_000 < account.tokens <= 15_000 and account.usd <= 15.0
    row = library.journal.session("s")
    assert row is not None and (row.state, row.waiting) == ("stopped", session.stopped_because)
    more = agent.session("s", tasks, budget=Budget(steps=None, tokens=100_000))
    assert len(more.run_sync()) == 100
    assert library.journal.ledger.account(scope_of("s")).tokens == 100 * 200


@pytest.mark.on_both_stores
@pytest.mark.parametrize("parallel", [1, 3])
def test_a_session_takes_no_step_too_many(library: SkillLibrary, parallel: int) -> None:
    """Also when tasks run side by side."""
    agent = Agent(ScriptedAuthor(says), library=library)
    session = agent.session("s", TASKS, budget=Budget(steps=2))
    assert len(session.run_sync(parallel=parallel)) <= 2
    assert library.journal.ledger.account(scope_of("s")).steps == 2
    assert "2 of 2 steps" in session.stopped_because


@pytest.mark.on_both_stores
@pytest.mark.parametrize("name", ["a\0b", "a\udcffb"])
def test_names_that_no_database_can_keep(library: SkillLibrary, name: str) -> None:
    """Of a session with a limit, and of a task: its result is found again."""
    agent = Agent(ScriptedAuthor(lambda _: "```python\nfinal_answer(1)\n```"), library=library)
    session = agent.session(name, [Task("x", id=name)], budget=Budget(steps=2))
    assert [result.output for result in session.run_sync()] == [1]
    assert [result.output for result in session.run_sync()] == [1]


@pytest.mark.on_both_stores
def test_all_sessions_share_the_librarys_budget(library: SkillLibrary) -> None:
    """What one has spent is not there for the other."""
    library.journal.ledger.limit(LIBRARY, steps=5)
    agent = Agent(ScriptedAuthor(says), library=library)
    assert len(agent.session("a", TASKS).run_sync()) == 4
    assert len(agent.session("b", TASKS).run_sync()) == 1


SHARED = """
import sys
from habilis import Agent, Expected, ScriptedAuthor, SkillLibrary, Task
from tests.making import HashEncoder
def says(request):
    if request.purpose == "abstract":
        return "NOTHING"
    return f"```python\\nfinal_answer({request.task.id[1:]})\\n```"
tasks = [Task(f"Say {n}.", id=f"t{n}", checks=(Expected(n),)) for n in range(9)]
with SkillLibrary(sys.argv[1], encoder=HashEncoder(), index="exact") as library:
    sys.stdin.readline()
    session = Agent(ScriptedAuthor(says), library=library).session(sys.argv[2], tasks)
    session.run_sync(parallel=3)
    print(session.stopped_because)
"""


def test_two_processes_take_no_step_too_many(tmp_path: Path) -> None:
    """Each runs a session of its own, side by side, on what the library allows for both."""
    with SkillLibrary(tmp_path / "library", encoder=HashEncoder(), index="exact") as library:
        library.journal.ledger.limit(LIBRARY, steps=7)
        both = [
            subprocess.Popen(
                [sys.executable, "-c", SHARED, str(library.path), name],
                cwd=Path(__file__).parent.parent.parent,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for name in ("a", "b")
        ]
        for process in both:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        said = [process.communicate()[0] for process in both]
        assert library.journal.ledger.account(LIBRARY).steps == 7
        finished = [len(library.journal.finished_keys(name)) for name in ("a", "b")]
    assert all("of 7 steps" in words for words in said), said
    assert sum(finished) <= 7


class Away(ScriptedAuthor):
    """An endpoint that is away for the first calls."""

    def __init__(self, *, times: int) -> None:
        super().__init__(says)
        self.times = times

    async def reply(self, request: Request) -> Reply:
        self.times -= 1
        if self.times >= 0:
            raise EndpointBusy("too many requests", retry_after_s=0.01)
        return await super().reply(request)


def test_an_outage_is_a_pause_with_a_reason(library: SkillLibrary) -> None:
    """All tasks wait, `status` says why, and then they go on."""
    events: list[Event] = []
    waiting: list[str] = []

    def watch(event: Event) -> None:
        events.append(event)
        row = library.journal.session("s")
        waiting.append("" if row is None else row.waiting)

    agent = Agent(Away(times=3), library=library)
    session = agent.session("s", TASKS, patience_s=60)
    results = session.run_sync(observer=watch)
    assert [result.solved for result in results] == [True] * 4
    assert [e.reason for e in events if isinstance(e, Paused)] == ["too many requests"] * 3
    assert "too many requests" in waiting and waiting[-1] == ""


def test_patience_comes_to_an_end(library: SkillLibrary) -> None:
    """Then the session stops with the error, and nothing is lost."""

    class Gone(ScriptedAuthor):
        async def reply(self, request: Request) -> Reply:
            raise EndpointUnreachable("nothing answers")

    with pytest.raises(EndpointUnreachable):
        Agent(Gone([]), library=library).session("s", TASKS, patience_s=0.5).run_sync()
    assert len(Agent(ScriptedAuthor(says), library=library).session("s", TASKS).run_sync()) == 4


@pytest.mark.on_both_stores
def test_two_runs_of_one_session_at_once(library: SkillLibrary) -> None:
    """The second is refused, whoever starts it."""
    agent = Agent(ScriptedAuthor(says), library=library)

    def start_another(event: Event) -> None:
        with (
            pytest.raises(SessionBusy),
            SkillLibrary(library.store.address, index="exact") as other,
        ):
            other.journal.claims.take("s")

    agent.session("s", TASKS[:1]).run_sync(observer=start_another)


@pytest.mark.on_both_stores
def test_commands_that_look_at_sessions(library: SkillLibrary, tmp_path: Path) -> None:
    """list, show, status, fork and compact work on what the journal holds."""
    Agent(ScriptedAuthor(says), library=library).session("s", TASKS).run_sync()
    place = Place(claim=library.journal.claims.take("s", "t9"), number=0, request="r")
    most = Usage(requests=1, input_tokens=70, output_tokens=7)
    library.journal.steps.begin_reply(place, author="m", process="gone", most=most)
    nothing = replace(place, number=1)  # the embedded author's: nothing can have been paid
    library.journal.steps.begin_reply(nothing, author="compose", process="gone", most=Usage())
    library.journal.claims.release(place.claim)

    def habilis(*arguments: str) -> str:
        command = ["session", *arguments, "--library", library.store.address.given]
        run = CliRunner().invoke(app, command, catch_exceptions=False)
        assert run.exit_code == 0, run.output
        return run.output

    assert "s: finished, 4 of 4 tasks finished (4 solved, 0 not)" in habilis("list")
    library.journal.ledger.limit(scope_of("s"), tokens=100, usd=2.0, steps=10)
    assert "  left: 23 tokens, $2.00, 6 steps\n" in habilis("status", "s")
    assert "in doubt: task t9, step 0" in habilis("status", "s")
    (state,) = json.loads(habilis("status", "s", "--json"))
    assert [doubt["tokens"] for doubt in state["in_doubt"]] == [77] and state["steps"] == 4
    assert "4 of 4" in habilis("show", "s")
    assert len(json.loads(habilis("show", "s", "--json"))) == 4
    assert "with 2 finished tasks; go on by what started it" in habilis(
        "fork", "s", "new", "--keep", "2"
    )
    status = habilis("status", "new")
    assert "new: stopped, 2 of 4" in status and "  stopped: forked from 's'\n" in status
    assert status.endswith("  go on by what started it: from Python, or `habilis run --session`\n")
    assert "characters of trajectories are gone" in habilis("compact", "s")
    assert "nothing was left to forget" in habilis("compact", "s")
    assert all(s.content == "" for s in library.journal.steps.of_task("s", "t1"))
    with pytest.raises(SessionError, match="a session named 'new'"):
        habilis("fork", "s", "new")
    author = ScriptedAuthor(says)
    forked = Agent(author, library=library).session("new", TASKS).run_sync()
    assert len(forked) == 4 and len(author.requests) == 4
    assert "forked" not in habilis("status", "new")
    assert "session resume 'two words' " in how_to_resume("two words", library.store.address)
    whole = habilis("fork", "new", "whole", "--keep", "9")
    assert "4 finished tasks (--keep 9: there are no more); none is left to do" in whole
    assert "whole: finished, 4 of 4 tasks" in habilis("list")
    assert "No task is finished yet." in habilis("fork", "s", "none", "--keep", "0") + habilis(
        "show", "none"
    )
