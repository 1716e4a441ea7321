"""A host that forks, is interrupted, or has many files open keeps its workers in order."""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from habilis.errors import ConfigError, SandboxError
from habilis.skills.outcome import OutcomeKind
from habilis.skills.sandbox import nursery
from habilis.skills.sandbox.channel import Channel, pair
from habilis.skills.sandbox.client import Limits, Worker
from habilis.skills.sandbox.wire import Opaque


def in_child(status: object) -> None:
    """End a forked child of the test with what it found out, without the test's clean-up."""
    os._exit(0 if status else 1)


def test_a_forked_child_leaves_its_parents_worker_alone() -> None:
    """It is told to make its own, can, and takes nothing with it when it ends."""
    with Worker() as worker:
        worker.run("x = 1\nopen('f', 'w').write('kept')")
        child = os.fork()
        if child == 0:
            try:
                worker.run("x = 2")
            except SandboxError as error:
                told = "make one here" in str(error)
            worker.close()
            with Worker() as own:
                in_child(told and own.run("6 * 7").value == 42)
        assert os.waitpid(child, 0)[1] == 0
        assert worker.run("x, open('f').read()").value == (1, "kept")


def test_a_child_that_lives_on_keeps_no_zygote_alive() -> None:
    """The zygote ends with the process it belongs to, although a child of that still runs."""
    script = (
        "import os\nfrom habilis.skills.sandbox.client import Worker\n"
        "from habilis.skills.sandbox import nursery\n"
        "Worker().run('1')\nzygote = nursery.zygote_for(None).pid\n"
        "if os.fork() == 0:\n    os.read(0, 1)\n    os._exit(0)\n"
        "print(zygote, flush=True)\nos.kill(os.getpid(), 9)\n"
    )
    stays, ours = os.pipe()
    process = os.posix_spawn(
        sys.executable,
        [sys.executable, "-c", script],
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_DUP2, stays, 0),
            (os.POSIX_SPAWN_OPEN, 1, (out := f"/tmp/habilis-{os.getpid()}"), os.O_CREAT | 1, 0o600),
        ],
    )
    try:
        os.waitpid(process, 0)
        zygote = int(Path(out).read_text())
        deadline = time.monotonic() + 10
        while Path(f"/proc/{zygote}").exists() and time.monotonic() < deadline:
            pass
        assert not Path(f"/proc/{zygote}").exists()
    finally:
        Path(out).unlink()
        os.close(ours)
        os.close(stays)


# Between two lines of a constructor an interrupt may leave a socket to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_an_interrupted_wait_leaves_later_workers_in_order() -> None:
    """Ctrl-C may come at any moment; what is asked afterwards gets its own replies."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, stop)
    try:
        for turn in range(40):
            signal.setitimer(signal.ITIMER_REAL, 0.0005 + turn * 0.0005)
            try:
                with Worker(checkpoints=False) as worker:
                    worker.run("1")
            except KeyboardInterrupt:
                pass
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        with Worker() as worker:
            assert worker.run("6 * 7").value == 42
    finally:
        signal.signal(signal.SIGALRM, before)


def test_variables_that_an_interrupted_run_took_are_said_to_be_lost() -> None:
    """Either they are as before, or the next outcome says that they are gone."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, stop)
    try:
        with Worker() as worker:
            for turn in range(20):
                worker.run("kept = 1")
                signal.setitimer(signal.ITIMER_REAL, 0.0005 * (1 + turn % 8))
                with pytest.raises(KeyboardInterrupt):
                    worker.run("kept = 2\nwhile True: pass")
                outcome = worker.run("kept")
                assert outcome.value == 1 or outcome.variables_lost, outcome
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_an_error_of_approve_without_checkpoints_is_not_passed_over() -> None:
    """The caller gets the error; the next outcome says what it cost."""

    def tool() -> None:
        """Do something."""

    def approve(name: str, arguments: object) -> bool:
        raise RuntimeError("no terminal")

    with Worker(tools=[tool], approve=approve, checkpoints=False) as worker:
        worker.run("kept = 1")
        with pytest.raises(RuntimeError, match="no terminal"):
            worker.run("tool()")
        outcome = worker.run("kept")
        assert (outcome.kind, outcome.variables_lost) == (OutcomeKind.LOST, True)


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), 1e9])
def test_a_time_limit_that_is_none_is_refused(worker: Worker, seconds: float) -> None:
    """The caller's mistake costs no variables."""
    worker.run("kept = 1")
    with pytest.raises(ValueError, match="timeout_s"):
        worker.run("kept = 2", timeout_s=seconds)
    assert worker.run("kept").value == 1


def test_descriptors_of_any_number_do() -> None:
    """A host may have thousands of files open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    held = [os.open("/dev/null", os.O_RDONLY) for _ in range(1200)]
    try:
        with Worker() as worker:
            assert worker.run("6 * 7").value == 42
            assert worker.run("while True: pass", timeout_s=0.1).rolled_back
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_messages_of_two_processes_do_not_mix() -> None:
    """One may begin a long message, and the other send a short one in its midst."""
    ours, theirs = pair()
    channel = Channel(ours, attested=True)
    for packet in (b"\1\x81\xa1a", b"\3\x80", b"\2\1"):
        if packet == b"\3\x80":
            child = os.fork()
            if child == 0:
                theirs.send(packet)
                os._exit(0)
            os.waitpid(child, 0)
        else:
            theirs.send(packet)
    deadline = time.monotonic() + 10
    assert (channel.receive(deadline=deadline), channel.sender) == ({}, child)
    assert (channel.receive(deadline=deadline), channel.sender) == ({"a": 1}, os.getpid())
    theirs.close()
    channel.close()


def test_a_workspace_of_any_depth_is_removed() -> None:
    """Deeper than a path can be long, and with folders that may not be entered."""
    with Worker(limits=Limits(action_s=60)) as worker:
        folder = worker.workspace
        made = worker.run(
            "import os\nfor i in range(1500):\n    os.mkdir('d')\n"
            "    if i: os.rename('e', 'd/e')\n    os.rename('d', 'e')\n"
            "os.mkdir('closed', 0o300)\nopen('closed/f', 'w').write('x')"
        )
        assert made.ok, made
    assert not folder.exists()


def test_random_numbers_and_places_in_files_are_rolled_back(worker: Worker) -> None:
    """A checkpoint is a forked process, which shares the one and is seeded anew in the other."""
    worker.run(
        "import random\nrandom.seed(1)\nstate = random.getstate()\n"
        "with open('f', 'w') as f: f.write('line\\n' * 100_000)\n"
        "f = open('f')\nfirst = f.readline()"
    )
    assert worker.run("f.read()\nrandom.random()\nwhile True: pass", timeout_s=0.2).rolled_back
    assert worker.run("random.getstate() == state, len(f.read())").value == (True, 499_995)


def test_a_value_that_the_host_will_not_make_is_only_named(worker: Worker) -> None:
    """Numbers chosen to have one hash would cost minutes; they stay where they are."""
    outcome = worker.run("many = {k * (2**61 - 1) for k in range(20_000)}\nmany")
    assert outcome.ok and isinstance(outcome.value, Opaque)
    assert worker.run("len(many)").value == 20_000


def test_a_zygote_that_nobody_needs_is_not_started() -> None:
    """Only code that imports large packages gets a process that has them."""
    assert nursery.wants_packages("import math\nfrom os import path") == ()
    assert nursery.wants_packages("import numpy as np\nfrom pandas import x") == ("numpy", "pandas")


@pytest.mark.parametrize(
    "limits", [{"action_s": -1}, {"memory_bytes": 0}, {"action_s": "a"}, {"value_bytes": True}]
)
def test_a_limit_that_is_none_is_refused(limits: dict[str, Any]) -> None:
    """The name and the value are said, before any process is started."""
    (name,) = limits
    with pytest.raises(ConfigError, match=name):
        Limits(**limits)


def test_a_source_is_text(worker: Worker) -> None:
    """The caller's mistake costs no variables."""
    worker.run("kept = 1")
    with pytest.raises(TypeError, match="is text, not 'int'"):
        worker.run(5)  # type: ignore[arg-type]
    assert worker.run("kept").value == 1
