from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from habilis import Agent, Budget, Expected, Request, ScriptedAuthor, SkillLibrary, Task
from habilis.agent.author import Reply
from habilis.agent.session import Session
from habilis.errors import ContextTooLong
from habilis.events import Diverged, Event
from habilis.memory.journal_calls import HostCallState
from habilis.memory.journal_ledger import scope_of
from habilis.memory.step import StepKind, StepState

pytestmark = pytest.mark.on_both_stores

TASK = Task("Count the guests.", id="t", checks=(Expected(42),))
LOOK = "```python\nguests = ask_host('seats')\nprint(guests)\n```"
ANSWER = "```python\nfinal_answer(guests + 2)\n```"


class Killed(BaseException):
    """Stands for the end of the process: nothing in the library may catch it."""


class Mortal(ScriptedAuthor):
    """Dies, instead of giving the reply of this number."""

    def __init__(self, replies: list[str], *, dies_at: int) -> None:
        super().__init__(replies)
        self.dies_at = dies_at

    async def reply(self, request: Request) -> Reply:
        if len(self.requests) == self.dies_at:
            raise Killed
        return await super().reply(request)


def desk(asked: list[str], answers: Callable[[], int] = lambda: 40) -> Callable[..., object]:
    def ask_host(what: str) -> int:
        """Ask the host of the party."""
        asked.append(what)
        return answers()

    return ask_host


def interrupted(library: SkillLibrary, replies: list[str], tool: Callable[..., object]) -> None:
    """Leave the task half done: all these replies were given, the next one was not."""
    author = Mortal(replies, dies_at=len(replies))
    with pytest.raises(Killed):
        Agent(author, library=library, tools=[tool]).session("s", [TASK]).run_sync()


def test_a_half_done_task_is_replayed_and_not_paid_again(library: SkillLibrary) -> None:
    """Recorded replies are given, actions run again, tools are not called again."""
    asked: list[str] = []
    interrupted(library, [LOOK], desk(asked))
    author = ScriptedAuthor([ANSWER, "NOTHING"])
    session = Agent(author, library=library, tools=[desk(asked)]).session("s", [TASK])
    (result,) = session.run_sync()
    assert (result.output, result.solved, asked) == (42, True, ["seats"])
    assert len(author.requests) == 2 and result.usage.requests == 3 + 1  # one is in doubt
    kinds = [step.kind for step in library.journal.steps.of_task("s", "t")]
    assert kinds == [*[StepKind.RECALL] * 2, *[StepKind.REPLY, StepKind.ACTION] * 2, StepKind.REPLY]


def test_a_call_that_was_cut_off_is_in_doubt_and_counted(library: SkillLibrary) -> None:
    """Nobody knows whether it was paid; it is listed."""
    interrupted(library, [LOOK], desk([]))
    (doubt,) = library.journal.steps.in_doubt("s")
    assert (doubt.task, doubt.number, doubt.cost.requests) == ("t", 4, 1)
    assert doubt.state is StepState.IN_DOUBT


def test_an_action_that_differs_is_reported_and_goes_on_live(library: SkillLibrary) -> None:
    """From the first step that differs on, the model is asked again; the cost counts on."""
    start = "```python\nimport random\nprint(random.random())\n```"
    interrupted(library, [start, LOOK], desk([]))
    events: list[Event] = []
    author = ScriptedAuthor([LOOK, ANSWER, "NOTHING"])
    agent = Agent(author, library=library, tools=[desk([])])
    (result,) = agent.session("s", [TASK]).run_sync(observer=events.append)
    assert result.output == 42 and len(author.requests) == 3
    (diverged,) = [event for event in events if isinstance(event, Diverged)]
    assert diverged.step == 3 and "action" in diverged.what
    states = [step.state for step in library.journal.steps.of_session("s")]
    assert states.count(StepState.DROPPED) == 3 and StepState.IN_DOUBT in states


def test_where_an_object_lies_is_no_difference(library: SkillLibrary) -> None:
    """Addresses are others in each process; the model is shown the first ones again."""
    odd = "```python\nclass Box:\n    pass\nprint(object())\n```"
    interrupted(library, [odd, LOOK], desk([]))
    events: list[Event] = []
    author = ScriptedAuthor([ANSWER, "NOTHING"])
    agent = Agent(author, library=library, tools=[desk([])])
    agent.session("s", [TASK]).run_sync(observer=events.append)
    assert len(author.requests) == 2
    assert not [event for event in events if isinstance(event, Diverged)]


def test_where_the_workspace_lies_is_no_difference(library: SkillLibrary) -> None:
    """It is a new folder each time."""
    events: list[Event] = []
    here = "```python\nimport os\nprint(os.getcwd(), os.path.abspath('a.csv'))\n```"
    interrupted(library, [here, LOOK], desk([]))
    agent = Agent(ScriptedAuthor([ANSWER, "NOTHING"]), library=library, tools=[desk([])])
    (result,) = agent.session("s", [TASK]).run_sync(observer=events.append)
    assert result.output == 42
    assert not [event for event in events if isinstance(event, Diverged)]


def test_other_instructions_begin_the_task_anew(library: SkillLibrary) -> None:
    """A changed prompt does not fit the recorded replies; they are never taken for its own."""
    interrupted(library, [LOOK], desk([]))
    author = ScriptedAuthor([LOOK, ANSWER, "NOTHING"])
    agent = Agent(author, library=library, tools=[desk([])], instructions="Be brief.")
    events: list[Event] = []
    (result,) = agent.session("s", [TASK]).run_sync(observer=events.append)
    assert result.output == 42 and len(author.requests) == 3
    assert [e.step for e in events if isinstance(e, Diverged)] == [2]


def test_a_tool_that_disappeared(library: SkillLibrary) -> None:
    """The action fails where it did not: that is a difference like any other."""
    interrupted(library, [LOOK], desk([]))
    author = ScriptedAuthor(["```python\nfinal_answer(42)\n```", "NOTHING"])
    events: list[Event] = []
    session = Agent(author, library=library).session("s", [TASK])
    (result,) = session.run_sync(observer=events.append)
    assert result.output == 42
    assert [e for e in events if isinstance(e, Diverged)]


def test_what_a_tool_raised_is_raised_again(library: SkillLibrary) -> None:
    """The code sees the same error, and the tool is not called."""
    asked: list[str] = []

    def fail() -> int:
        raise KeyError("no such room")

    interrupted(library, [LOOK], desk(asked, fail))
    (call,) = library.journal.calls.of_task("s", "t")
    assert call.state is HostCallState.RAISED
    events: list[Event] = []
    author = ScriptedAuthor(["```python\nfinal_answer(42)\n```", "NOTHING"])
    agent = Agent(author, library=library, tools=[desk(asked, fail)])
    agent.session("s", [TASK]).run_sync(observer=events.append)
    assert asked == ["seats"]
    assert not [e for e in events if isinstance(e, Diverged)]


class Wordy(Exception):
    def __str__(self) -> str:
        return "words of its own"


class Wordless(Exception):
    def __str__(self) -> str:
        raise RuntimeError("there are none")


def raising(error: BaseException) -> Callable[[], int]:
    def fail() -> int:
        raise error

    return fail


@pytest.mark.parametrize(
    "fail",
    [
        lambda: len(Path("/no/such/file").read_text()),
        lambda: len(b"\xff".decode()),
        raising(KeyError("no such room", 7)),
        raising(ValueError("a", 3)),
        raising(SyntaxError("bad", ("f", 1, 1, "x"))),
        raising(Wordy(1, 2)),
        raising(Wordless()),
        raising(ValueError(Wordless())),
        raising(SystemExit(3)),
        raising(GeneratorExit()),
        raising(asyncio.CancelledError()),
    ],
)
def test_an_error_of_a_tool_is_shown_again_as_it_was(
    library: SkillLibrary, fail: Callable[[], int]
) -> None:
    """Its class, its text and its arguments; the tool is not called a second time."""
    asked: list[str] = []
    look = """```python
try:
    ask_host("seats")
except BaseException as error:
    print(type(error).__name__, repr(error), error.args, error)
ask_host("seats")
```"""
    interrupted(library, [look], desk(asked, fail))
    events: list[Event] = []
    author = ScriptedAuthor(["```python\nfinal_answer(42)\n```", "NOTHING"])
    agent = Agent(author, library=library, tools=[desk(asked, fail)])
    (result,) = agent.session("s", [TASK]).run_sync(observer=events.append)
    assert result.output == 42 and asked == ["seats"] * 2
    assert not [e for e in events if isinstance(e, Diverged)]
    calls = library.journal.calls.of_task("s", "t")
    assert [call.state for call in calls] == [HostCallState.RAISED] * 2


def test_a_call_of_a_tool_is_approved_once(library: SkillLibrary) -> None:
    """A replay does not ask the user again."""
    approved: list[str] = []

    def approve(name: str, arguments: object) -> bool:
        approved.append(name)
        return True

    tool, author = desk([]), Mortal([LOOK], dies_at=1)
    with pytest.raises(Killed):
        agent = Agent(author, library=library, tools=[tool], approve=approve)
        agent.session("s", [TASK]).run_sync()
    author = Mortal([ANSWER, "NOTHING"], dies_at=9)
    agent = Agent(author, library=library, tools=[tool], approve=approve)
    assert agent.session("s", [TASK]).run_sync()[0].output == 42
    assert approved == ["ask_host"]


def test_the_account_is_the_sum_of_the_steps(library: SkillLibrary) -> None:
    """Also after a call in doubt and a divergence."""
    interrupted(library, [LOOK], desk([]))
    agent = Agent(ScriptedAuthor([ANSWER, "NOTHING"]), library=library, tools=[desk([])])
    agent.session("s", [TASK]).run_sync()
    account = library.journal.ledger.account(scope_of("s"))
    steps = library.journal.steps.of_session("s")
    assert account.tokens == sum(step.cost.tokens for step in steps)
    assert account.steps == sum(step.kind is StepKind.ACTION for step in steps) == 2
    assert (account.reserved_tokens, account.reserved_usd) == (0, 0)


def test_a_stop_lets_the_step_finish_and_keeps_it(library: SkillLibrary) -> None:
    """The reply that is under way is recorded; resuming does not ask for it again."""
    sessions: list[Session] = []

    def look(request: Request) -> str:
        sessions[0].stop()
        return LOOK

    agent = Agent(ScriptedAuthor(look), library=library, tools=[desk([])])
    sessions.append(agent.session("s", [TASK]))
    assert sessions[0].run_sync() == []
    assert sessions[0].stopped_because == "asked to stop"
    row = library.journal.session("s")
    assert row is not None and row.state == "stopped"
    states = [(s.kind, s.state) for s in library.journal.steps.of_task("s", "t")]
    assert states[-1] == (StepKind.REPLY, StepState.DONE)
    author = ScriptedAuthor([ANSWER, "NOTHING"])
    (result,) = Agent(author, library=library, tools=[desk([])]).session("s", [TASK]).run_sync()
    assert result.output == 42 and len(author.requests) == 2


def test_tasks_side_by_side_share_the_library(library: SkillLibrary) -> None:
    """Each runs in its own thread; results come in the order of the tasks."""
    tasks = [Task(f"Say {n}.", id=f"t{n}", checks=(Expected(n),)) for n in range(6)]

    def says(request: Request) -> str:
        if request.purpose == "abstract":
            return "NOTHING"
        return f"```python\nfinal_answer({request.task.id[1:]})\n```"

    agent = Agent(ScriptedAuthor(says), library=library)
    results = agent.session("s", tasks).run_sync(parallel=3)
    assert [result.output for result in results] == list(range(6))
    assert library.journal.finished_keys("s") == {task.key for task in tasks}


def test_a_resumed_task_stays_in_the_window_that_the_model_showed(library: SkillLibrary) -> None:
    """That a request was too long is on record: a replay shortens at the same place."""
    asked: list[int] = []

    def small(request: Request) -> str:
        size = sum(len(message.content) for message in request.messages)
        asked.append(size)
        if size > 12_000:
            raise ContextTooLong("the window is smaller")
        turn = sum(message.role == "assistant" for message in request.messages)
        if request.purpose == "abstract":
            return "NOTHING"
        if len(asked) == 12:
            raise Killed
        if len(asked) > 12:
            return ANSWER.replace("guests + 2", "42")
        return f"```python\nfor n in range(60): print(n, {len(asked)}, {turn}, 'words ' * 8)\n```"

    with pytest.raises(Killed):
        Agent(ScriptedAuthor(small), library=library).session("s", [TASK]).run_sync()
    assert max(asked) > 12_000
    events: list[Event] = []
    (result,) = (
        Agent(ScriptedAuthor(small), library=library)
        .session("s", [TASK])
        .run_sync(observer=events.append)
    )
    assert result.output == 42 and not [e for e in events if isinstance(e, Diverged)]
    assert len(asked) <= 15 and all(size <= 12_000 for size in asked[12:])


def test_an_action_that_differs_needs_a_step_that_is_left(library: SkillLibrary) -> None:
    """It is another step: where the budget is spent it is not taken, and the account stays."""
    start = "```python\nimport random\nprint(random.random())\n```"
    author, one = Mortal([start], dies_at=1), Budget(steps=1)
    with pytest.raises(Killed):
        Agent(author, library=library).session("s", [TASK], budget=one).run_sync()
    agent = Agent(ScriptedAuthor([ANSWER.replace("guests", "40"), "NOTHING"]), library=library)
    session = agent.session("s", [TASK], budget=one)
    assert session.run_sync() == [] and "1 of 1 steps" in session.stopped_because
    assert library.journal.ledger.account(scope_of("s")).steps == 1
    (result,) = agent.session("s", [TASK], budget=Budget(steps=3)).run_sync()
    assert result.output == 42 and library.journal.ledger.account(scope_of("s")).steps == 3
