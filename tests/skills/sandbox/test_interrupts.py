"""Interrupting and closing from another thread: at the start, and while a tool hangs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from habilis.errors import SandboxError
from habilis.skills.outcome import OutcomeKind
from habilis.skills.sandbox.client import Worker

FOREVER = "while True: pass"


class Gate:
    """A tool, a way to approve, or a way to load, that tells when it is in and waits."""

    def __init__(self) -> None:
        self.entered, self.opened = threading.Event(), threading.Event()

    def hang(self) -> str:
        """Wait."""
        self.entered.set()
        self.opened.wait(60)
        return "went on"


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.opened.set()


def hang_of(gate: Gate) -> Callable[[], str]:
    def hang() -> str:
        """Wait."""
        return gate.hang()

    return hang


def test_an_interrupt_before_there_is_a_process_counts() -> None:
    """The call it was meant for ends KILLED, not at its time limit; the next one runs."""
    with Worker() as worker:
        worker.interrupt()
        outcome = worker.run(FOREVER, timeout_s=5)
        assert outcome.kind is OutcomeKind.KILLED
        assert worker.pid is None
        assert worker.run("1").value == 1


def test_an_interrupt_while_the_process_starts_counts() -> None:
    """It need not be ready yet to be killed."""
    with Worker() as worker:

        def interrupt_when_started() -> None:
            while worker.pid is None:
                pass
            worker.interrupt()

        thread = threading.Thread(target=interrupt_when_started)
        thread.start()
        assert worker.run(FOREVER, timeout_s=5).kind is OutcomeKind.KILLED
        thread.join()


def test_an_interrupt_of_nobody_leaves_the_variables(worker: Worker) -> None:
    """It is for the next action, which does not run; nothing is lost."""
    worker.run("kept = 1")
    worker.interrupt()
    outcome = worker.run("kept = 2")
    assert (outcome.kind, outcome.variables_lost) == (OutcomeKind.KILLED, False)
    assert worker.run("kept").value == 1


def test_an_interrupt_before_a_batch_ends_all_of_it() -> None:
    """A batch does not forget that it was interrupted."""
    with Worker(load_skill=lambda name: [(name, f"def {name}(): return 1")]) as worker:
        worker.interrupt()
        kinds = [each.kind for each in worker.call("one", [(), (), ()])]
        assert kinds == [OutcomeKind.KILLED, OutcomeKind.LOST, OutcomeKind.LOST]
        assert worker.call("one", [()])[0].value == 1


@pytest.mark.parametrize("end", ["interrupt", "close"])
def test_a_tool_that_hangs_is_left_behind(gate: Gate, end: str) -> None:
    """The action ends KILLED while the tool still waits; the call is on record."""
    with Worker(tools=[hang_of(gate)]) as worker, ThreadPoolExecutor(1) as pool:
        running = pool.submit(worker.run, "hang()")
        assert gate.entered.wait(30)
        getattr(worker, end)()
        outcome = running.result(30)
        assert outcome.kind is OutcomeKind.KILLED
        assert [(call.name, call.error) for call in outcome.calls] == [
            ("hang", "Abandoned: interrupted")
        ]
        assert not gate.opened.is_set()


def test_the_worker_is_of_use_after_a_tool_was_left_behind(gate: Gate) -> None:
    """The next call of a tool has a thread of its own."""
    with Worker(tools=[hang_of(gate)]) as worker, ThreadPoolExecutor(1) as pool:
        running = pool.submit(worker.run, "hang()")
        assert gate.entered.wait(30)
        worker.interrupt()
        running.result(30)
        gate.opened.set()
        assert worker.run("hang()").value == "went on"


def test_close_does_not_wait_for_the_callers_own_code(gate: Gate, tmp_path: Path) -> None:
    """A prompt that nobody answers: `close` returns, the action cleans up when it can."""
    called = []

    def tool() -> None:
        """Do something."""
        called.append(1)

    def approve(name: str, arguments: Mapping[str, object]) -> bool:
        return bool(gate.hang())

    worker = Worker(tools=[tool], approve=approve)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(worker.run, "tool()")
        assert gate.entered.wait(30)
        folder = worker.workspace
        worker.close()
        assert not running.done()
        gate.opened.set()
        assert running.result(30).kind is OutcomeKind.KILLED
    assert (called, worker.pid, folder.exists()) == ([], None, False)
    with pytest.raises(SandboxError, match="closed"):
        worker.run("1")


def test_tools_of_one_worker_share_a_thread() -> None:
    """What a tool keeps for its thread, such as an open database, works in the next call."""
    seen = []

    def note() -> None:
        """Note the thread."""
        seen.append(threading.get_ident())

    with Worker(tools=[note]) as worker:
        worker.run("note()")
        worker.run("note()")
    assert seen[0] == seen[1] != threading.get_ident()
