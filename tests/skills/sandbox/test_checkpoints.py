"""An action that does not end by itself leaves the session as it was before it."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from benchmarks.attacks import descendants
from habilis.skills.outcome import OutcomeKind
from habilis.skills.sandbox.client import Limits, Worker
from tests.skills.sandbox.conftest import Lacking

HANG_IN_C = "import itertools\nany(itertools.repeat(0))"


@pytest.mark.parametrize("end", ["hang()", "ctypes.string_at(0)", "os.abort()", "chew()"])
def test_an_action_that_takes_its_process_with_it_is_undone(end: str) -> None:
    """Hangs and crashes in C, whose alarm nobody hears: the checkpoint goes on."""
    with Worker(allow=["ctypes", "os"], limits=Limits(memory_bytes=2**28)) as worker:
        worker.run(
            "import ctypes, itertools, os\nkept = [1]\ndef hang(): any(itertools.repeat(0))\n"
            "def chew(): return list(itertools.repeat(0))"
        )
        first = worker.pid
        outcome = worker.run("kept.append(2)\n" + end, timeout_s=0.3)
        assert not outcome.ok
        assert (outcome.rolled_back, outcome.variables_lost) == (True, False), outcome
        assert worker.run("kept").value == [1]
        assert worker.pid != first


def test_a_hundred_roll_backs_leave_nothing_behind() -> None:
    """Checkpoints take over again and again; processes and descriptors stay as few."""
    with Worker() as worker:
        worker.run("n = 0")
        before = _held(worker)
        for _ in range(100):
            worker.run("n += 1")
            assert worker.run("n = -1\nwhile True: pass", timeout_s=0.001).rolled_back
        assert worker.run("n").value == 100
        assert _held(worker) == before


def _held(worker: Worker) -> list[int]:
    """Count descriptors and processes; the last checkpoint may just be going."""
    seen = []
    for _ in range(10):
        worker.run("n")
        seen.append((len(list(Path("/proc/self/fd").iterdir())), len(descendants())))
    return [min(counts) for counts in zip(*seen, strict=True)]


def test_without_checkpoints_variables_are_lost_and_inputs_come_back() -> None:
    """What does not hear the alarm is killed a second later; inputs are defined again."""
    with Worker(checkpoints=False) as worker:
        worker.define({"table": {"a": [1, 2]}})
        worker.run("own = 1\ntable['a'].append(3)")
        first = worker.pid
        outcome = worker.run(HANG_IN_C, timeout_s=0.1)
        assert (outcome.kind, outcome.variables_lost) == (OutcomeKind.TIMED_OUT, True)
        assert worker.run("own").error_type == "NameError"
        assert worker.run("table").value == {"a": [1, 2]}
        assert worker.pid != first


def test_a_process_killed_from_outside_is_replaced_by_its_checkpoint(worker: Worker) -> None:
    """The action ends KILLED, and says by what; variables are as before it."""
    worker.run("kept = 1")
    assert worker.pid is not None
    timer = threading.Timer(0.2, os.kill, (worker.pid, signal.SIGKILL))
    timer.start()
    outcome = worker.run("kept = 2\nwhile True: pass")
    timer.join()
    assert (outcome.kind, outcome.rolled_back) == (OutcomeKind.KILLED, True)
    assert "ended by signal SIGKILL" in outcome.error
    assert worker.run("kept").value == 1


def test_what_files_and_tools_did_is_not_undone() -> None:
    """A checkpoint knows variables; the world outside goes on."""
    done = []

    def note() -> None:
        """Note it."""
        done.append(1)

    with Worker(tools=[note]) as worker:
        source = "open('f', 'w').write('x')\nnote()\nwhile 1: pass"
        assert worker.run(source, timeout_s=0.3).rolled_back
        assert worker.run("open('f').read()").value == "x"
        assert done == [1]


def test_an_interrupt_undoes_the_action(worker: Worker) -> None:
    """Whoever stops a run from another thread gets the session back as it was."""
    worker.run("kept = 1")
    timer = threading.Timer(0.1, worker.interrupt)
    timer.start()
    outcome = worker.run("kept = 2\nwhile True: pass")
    timer.join()
    assert (outcome.kind, outcome.rolled_back) == (OutcomeKind.KILLED, True)
    assert worker.run("kept").value == 1


def test_what_raised_is_not_undone(worker: Worker) -> None:
    """Like at a prompt: what was done before the error stays."""
    outcome = worker.run("kept = 3\n1 / 0")
    assert (outcome.kind, outcome.rolled_back) == (OutcomeKind.RAISED, False)
    assert worker.run("kept").value == 3


def test_a_machine_without_gates_says_so_and_has_no_checkpoints(lacking: Lacking) -> None:
    """Where the kernel cannot ask the host about forks there are none: variables are lost."""
    with lacking("gates") as zygote, Worker() as worker:
        assert zygote.tier == "standard" and zygote.missing[0].startswith("gates: ")
        worker.run("kept = 1")
        outcome = worker.run("while True: pass", timeout_s=0.1)
        assert (outcome.kind, outcome.rolled_back) == (OutcomeKind.TIMED_OUT, False)
        assert worker.run(HANG_IN_C, timeout_s=0.1).variables_lost
        assert worker.run("kept").error_type == "NameError"


def test_what_a_workspace_may_grow_by_is_limited(tmp_path: Path) -> None:
    """What lay there before does not count; the error is the system's own."""
    (tmp_path / "before").write_bytes(bytes(2**21))
    limits = Limits(file_bytes=2**18, workspace_bytes=2**20)
    with Worker(workspace=tmp_path, limits=limits) as worker:
        outcome = worker.run(
            "for n in range(200):\n"
            "    with open(f'f{n}', 'wb') as f:\n        f.write(bytes(2**18))"
        )
        # The fifth, or a later one where others free space on the disk at the same time.
        assert "OSError: [Errno 122] Disk quota exceeded: 'f" in outcome.error
        assert worker.run("open('before', 'rb').seek(0, 2)").value == 2**21
        removed = (
            "import glob, os\nfor f in glob.glob('f*'): os.remove(f)\nopen('g', 'w').write('x')"
        )
        assert worker.run(removed).value == 1


def test_an_action_runs_without_a_checkpoint_when_none_can_be_made(worker: Worker) -> None:
    """Code may have used up its descriptors; that is no reason to refuse what frees them."""
    worker.run(
        "held = []\ntry:\n    while True: held.append(open('many', 'w'))\nexcept OSError: pass"
    )
    assert worker.run("len(held) > 100").value is True
    assert worker.run("for each in held: each.close()").ok
    assert worker.run("while True: pass", timeout_s=0.1).rolled_back
