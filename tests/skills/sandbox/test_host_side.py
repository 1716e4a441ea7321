"""What the host does for the code: tools, saved skills, calls in a batch, and its own death."""

from __future__ import annotations

import asyncio
import os
import select
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from habilis.errors import ConfigError, SkillNotFound, TaskError
from habilis.skills.outcome import HostCall, OutcomeKind
from habilis.skills.sandbox.client import Worker
from habilis.skills.sandbox.wire import FunctionRef

SKILLS = {
    "mean": "def mean(xs):\n    return _sum(xs) / len(xs)\n\ndef _sum(xs):\n    return sum(xs)",
    "spread": "from skills import mean\n\ndef spread(xs):\n    m = mean(xs)\n"
    "    return mean([(x - m) ** 2 for x in xs])",
    "slow": "import itertools\n\ndef slow(n):\n    return any(itertools.repeat(0)) if n else 'ok'",
    "broken": "def broken(:",
}
ORDER = {"spread": ["mean", "spread"]}


def load(name: str) -> Sequence[tuple[str, str]]:
    if name not in SKILLS:
        raise SkillNotFound(name, ("mean",))
    return [(each, SKILLS[each]) for each in ORDER.get(name, [name])]


def price(item: str, *, times: int = 1) -> float:
    """Return what an item costs."""
    return {"pear": 1.5}[item] * times


async def fetch(key: str) -> dict[str, object]:
    """Return a record, slowly."""
    await asyncio.sleep(0)
    return {"key": key}


def broken(path: str) -> None:
    """Raise."""
    raise FileNotFoundError(f"no file {path}")


class Odd(Exception):
    pass


def odd() -> None:
    """Raise an error of one's own."""
    raise Odd("at /home/someone/secret.txt")


def test_tools_are_called_on_the_host_and_recorded() -> None:
    """Sync or async, by name; arguments are recorded by parameter."""
    with Worker(tools=[price, fetch]) as worker:
        outcome = worker.run("price('pear', times=2), fetch('k')['key'], price.__doc__")
        assert outcome.value == (3.0, "k", "Return what an item costs.")
        assert outcome.calls == (
            HostCall(name="price", arguments={"item": "pear", "times": 2}, value=3.0),
            HostCall(name="fetch", arguments={"key": "k"}, value={"key": "k"}),
        )
        assert worker.run("1").calls == ()


def test_a_wrong_call_is_a_type_error_with_the_signature() -> None:
    """The code learns how the tool is called."""
    with Worker(tools=[price]) as worker:
        outcome = worker.run("price()")
        assert outcome.error_type == "TypeError"
        assert outcome.error.endswith(
            "it is called as price(item: str, *, times: int = 1) -> float"
        )
        assert [bool(call.error) for call in outcome.calls] == [True]


def test_what_a_tool_raises_reaches_the_code() -> None:
    """The same builtin class, or RuntimeError, without folders of the host."""
    with Worker(tools=[price, broken, odd]) as worker:
        caught = worker.run("try:\n    price('fig')\nexcept KeyError as e:\n    r = e.args\nr")
        assert caught.value == ("fig",)
        missing = worker.run("broken('/srv/data/x.csv')")
        assert missing.error.endswith("FileNotFoundError: no file x.csv")
        other = worker.run("odd()")
        assert other.error.endswith("RuntimeError: Odd: at secret.txt")
        assert other.calls[0].error == "Odd: at secret.txt"


def test_a_call_that_is_not_approved_is_a_permission_error() -> None:
    """The tool is not called; what was asked is recorded."""
    seen: list[tuple[str, dict[str, object]]] = []

    def approve(name: str, arguments: Mapping[str, object]) -> bool:
        seen.append((name, dict(arguments)))
        return arguments.get("times") != 5

    with Worker(tools=[price], approve=approve) as worker:
        assert worker.run("price('pear')").value == 1.5
        outcome = worker.run("price('pear', times=5)")
        assert outcome.error_type == "PermissionError"
        assert seen == [("price", {"item": "pear"}), ("price", {"item": "pear", "times": 5})]


def test_an_approval_that_fails_is_the_callers_error() -> None:
    """The host's own fault is not shown to the code; the worker starts anew."""

    def approve(name: str, arguments: Mapping[str, object]) -> bool:
        raise LookupError("no policy")

    with Worker(tools=[price], approve=approve) as worker:
        with pytest.raises(LookupError):
            worker.run("price('pear')")
        assert worker.run("2").value == 2


@pytest.mark.parametrize("verdict", [False, None, 1, "no", []])
def test_only_true_approves(verdict: object) -> None:
    """Sync or async: what is merely truthy is no yes, and neither is an awaitable as such."""
    called = []

    def tool() -> None:
        """Do something."""
        called.append(1)

    def approve(name: str, arguments: Mapping[str, object]) -> Any:
        return verdict

    async def approve_later(name: str, arguments: Mapping[str, object]) -> Any:
        await asyncio.sleep(0)
        return verdict

    for each in (approve, approve_later):
        with Worker(tools=[tool], approve=each) as worker:
            assert worker.run("tool()").error_type == "PermissionError"
    assert called == []


def test_an_async_approval_is_awaited() -> None:
    """Its True is a yes, inside a running event loop too; what it raises is the caller's."""

    async def approve(name: str, arguments: Mapping[str, object]) -> bool:
        await asyncio.sleep(0)
        if arguments["item"] == "fig":
            raise LookupError("no policy")
        return True

    async def run_inside(worker: Worker) -> object:
        return worker.run("price('pear')").value

    with Worker(tools=[price], approve=approve) as worker:
        assert worker.run("price('pear')").value == 1.5
        assert asyncio.run(run_inside(worker)) == 1.5
        with pytest.raises(LookupError):
            worker.run("price('fig')")


@pytest.mark.parametrize("error", [SystemExit(3), asyncio.CancelledError(), GeneratorExit()])
def test_a_tool_cannot_end_the_host(error: BaseException) -> None:
    """An exit or a cancelled task in a tool is an error of the call, for the code to see."""

    def leave() -> None:
        """Leave."""
        raise error

    async def leave_later() -> None:
        """Leave."""
        raise error

    with Worker(tools=[leave, leave_later]) as worker:
        for name in ("leave", "leave_later"):
            outcome = worker.run(f"{name}()")
            assert outcome.error_type == "RuntimeError"
            assert type(error).__name__ in outcome.error
            assert outcome.calls[0].error.startswith(type(error).__name__)
        assert worker.run("1").value == 1


def test_time_in_a_tool_does_not_count() -> None:
    """The limit is on the code: a tool that takes longer than it ends no action."""
    released, release = os.pipe()

    def wait() -> str:
        """Wait longer than the action's limit."""
        select.select([released], [], [], 0.5)
        return "waited"

    with Worker(tools=[wait]) as worker:
        assert worker.run("wait()", timeout_s=0.2).value == "waited"
        assert worker.run("wait()\nwhile True: pass", timeout_s=0.2).kind is OutcomeKind.TIMED_OUT
    os.close(released)
    os.close(release)


def test_records_of_tools_are_read_by_field() -> None:
    """A dataclass comes over as a record with the same fields."""

    @dataclass
    class Order:
        id: int
        total: float

    def order() -> Order:
        """Return an order."""
        return Order(1, 2.5)

    with Worker(tools=[order]) as worker:
        assert worker.run("order().total").value == 2.5


def test_tools_without_a_name_are_refused() -> None:
    """Code calls a tool by its name, so it has to have one of its own."""
    with pytest.raises(ConfigError):
        Worker(tools=[lambda: 1])
    with pytest.raises(ConfigError):
        Worker(tools=[price, price])


@pytest.mark.parametrize("name", ["final_answer", "print", "skills", "open", "_write_", "class"])
def test_a_tool_cannot_take_a_name_that_code_needs(name: str) -> None:
    """It is refused when the worker is built, by name."""

    def tool() -> None:
        """Do something."""

    tool.__name__ = name
    with pytest.raises(ConfigError, match=name):
        Worker(tools=[tool])


@pytest.mark.parametrize("name", ["final_answer", "print", "skills", "_getattr_", "price", "for"])
def test_an_input_cannot_take_a_name_that_code_needs(name: str) -> None:
    """A tool of the worker is such a name too."""
    with Worker(tools=[price]) as worker, pytest.raises(TaskError, match=repr(name)):
        worker.define({name: 1})


def test_skills_are_loaded_with_what_they_require_and_counted() -> None:
    """Both ways to import; nested calls count; each has its own namespace."""
    with Worker(load_skill=load) as worker:
        outcome = worker.run("from skills import spread\nspread([1, 3])")
        assert outcome.value == 1.0
        assert outcome.skills_called == {"spread": 1, "mean": 2}
        outcome = worker.run("import skills\nskills.mean([2]), '_sum' in globals()")
        assert outcome.value == (2.0, False)
        assert outcome.skills_called == {"mean": 1}
        assert worker.run("final_answer(skills.mean)").answer == FunctionRef("mean")


def test_an_error_in_a_skill_names_it(worker: Worker) -> None:
    """Frames of skills are the code's own: the author can mend them."""
    with Worker(load_skill=load) as with_skills:
        error = with_skills.run("from skills import mean\nmean([])").error
        assert "skill mean, line 2, in mean" in error
        unknown = with_skills.run("from skills import men")
        assert unknown.error_type == "ImportError"
        assert "nearest is 'mean'" in unknown.error
        assert with_skills.run("from skills import broken").error_type == "SyntaxError"
    assert worker.run("from skills import mean").error_type == "ImportError"


def test_a_batch_of_calls_gives_one_outcome_each() -> None:
    """A call that raises or times out does not lose the others."""
    with Worker(tools=[price], load_skill=load) as worker:
        worker.run("def f(n, k=0):\n    while n < 0: pass\n    print(n)\n    return 10 // n + k")
        outcomes = worker.call("f", [(5,), (0,), (-1,), (2,)], timeout_s=0.2)
        assert [outcome.kind for outcome in outcomes] == [
            OutcomeKind.OK,
            OutcomeKind.RAISED,
            OutcomeKind.TIMED_OUT,
            OutcomeKind.OK,
        ]
        assert (outcomes[0].value, outcomes[3].value, outcomes[3].printed) == (2, 5, "2\n")
        assert worker.call("f", [(5,)], keywords=[{"k": 1}])[0].value == 3
        assert worker.call("mean", [([1, 2],)])[0].value == 1.5
        assert worker.call("no_such", [()])[0].error_type == "ImportError"
        assert worker.call("price", [("pear",)])[0].calls[0].value == 1.5
        worker.run("def twice(g, x): return g(g(x))")
        assert worker.call("twice", [(FunctionRef("f"), 2)])[0].value == 2
        assert worker.call("f", []) == []


def test_a_call_that_is_killed_does_not_lose_calls_of_a_skill() -> None:
    """The skill is loaded again in a new worker, for the calls that are left."""
    with Worker(load_skill=load) as worker:
        outcomes = worker.call("slow", [(0,), (1,), (0,)], timeout_s=0.1)
        assert [outcome.kind for outcome in outcomes] == [
            OutcomeKind.OK,
            OutcomeKind.TIMED_OUT,
            OutcomeKind.OK,
        ]


def test_an_interrupted_batch_does_not_go_on() -> None:
    """Calls left over are LOST, even of a skill that could be loaded again."""
    with Worker(load_skill=load) as worker:
        worker.call("slow", [(0,)])
        timer = threading.Timer(0.1, worker.interrupt)
        timer.start()
        kinds = [each.kind for each in worker.call("slow", [(1,), (0,)])]
        timer.join()
        assert kinds == [OutcomeKind.KILLED, OutcomeKind.LOST]


@pytest.mark.parametrize("checkpoints", [True, False])
def test_a_call_that_is_killed_takes_the_sessions_functions_with_it(checkpoints: bool) -> None:
    """Calls that could not run any more are LOST, not missing. With checkpoints all can."""
    with Worker(checkpoints=checkpoints) as worker:
        worker.run(SKILLS["slow"])
        kinds = [each.kind for each in worker.call("slow", [(0,), (1,), (0,)], timeout_s=0.1)]
        last = OutcomeKind.OK if checkpoints else OutcomeKind.LOST
        assert kinds == [OutcomeKind.OK, OutcomeKind.TIMED_OUT, last]


@pytest.mark.parametrize("busy", ["1", "while True: pass", "any(__repeat(0))"])
def test_the_worker_ends_with_its_host(busy: str) -> None:
    """A host killed without a chance to clean up leaves no process, whatever the worker does."""
    source = busy.replace("__repeat", "itertools.repeat")
    script = (
        "from habilis.skills.sandbox.client import Worker\n"
        "import threading\n"
        "worker = Worker()\n"
        "worker.run('import itertools')\n"
        "print(worker.pid, flush=True)\n"
        f"worker.run({source!r})\n"
        "threading.Event().wait()\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as host:
        assert host.stdout is not None
        worker_pid = int(host.stdout.readline())
        watched = os.pidfd_open(worker_pid)
        host.kill()
        host.wait()
        assert select.select([watched], [], [], 10)[0] == [watched]
        os.close(watched)
