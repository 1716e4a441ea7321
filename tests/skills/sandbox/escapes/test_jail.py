"""What the jail says of itself, what it refuses to start, and that nothing survives."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from benchmarks.attacks import descendants
from habilis.errors import ConfigError, SandboxError
from habilis.skills.outcome import OutcomeKind
from habilis.skills.sandbox import kernel, nursery, syscalls
from habilis.skills.sandbox.client import Worker
from tests.skills.sandbox.conftest import POORER, Lacking

ROOT = Path(__file__).parents[4]
HANG_IN_C = "import itertools\nany(itertools.repeat(0))"
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}


def test_the_tier_is_in_every_outcome() -> None:
    """Also of actions that fail; it is what the machine's zygote found by trying."""
    with Worker() as worker:
        outcomes = [worker.run("1"), worker.run("1 / 0"), worker.run("import os\nos.system")]
        assert {outcome.tier for outcome in outcomes} == {nursery.zygote_for(None).tier}


def test_below_the_tier_asked_for_nothing_starts(lacking: Lacking) -> None:
    """The error says what is missing, why, and how to accept it."""
    with lacking("namespaces", "landlock"), Worker() as worker:
        said = _refusal(worker)
    assert re.search(r"'nofiles'.*'standard'.*namespaces: .*landlock: Function not", said), said
    with lacking("namespaces"), Worker(min_tier="full") as worker:
        said = _refusal(worker)
    assert re.search(r"'standard'.*'full'.*namespaces: Operation not", said), said
    with pytest.raises(ConfigError, match="no tier 'best'"):
        Worker(min_tier="best")


def test_a_container_without_namespaces_is_standard(lacking: Lacking) -> None:
    """Files of the workspace and libraries that load native code late still work."""
    with lacking("namespaces"), Worker() as worker:
        assert worker.run("import numpy as np\nint(np.arange(4).sum())").value == 6
        outcome = worker.run("open('a', 'w').write('abc')\nopen('a').read()")
        assert (outcome.value, outcome.tier) == ("abc", "standard")


def test_without_landlock_no_file_opens_unless_that_is_accepted(lacking: Lacking) -> None:
    """The kernel cannot say which files, so it is none, or, when the user says so, all."""
    with lacking("namespaces", "landlock"):
        with Worker(min_tier="nofiles") as worker:
            assert worker.run("import math\nmath.sqrt(4)").value == 2.0
            outcome = worker.run("open('a', 'w')")
            assert (outcome.error_type, outcome.tier) == ("PermissionError", "nofiles")
        with Worker(min_tier="weak") as worker:
            outcome = worker.run("open('a', 'w').write('abc')")
            assert (outcome.value, outcome.tier) == (3, "weak")


def test_a_jail_that_only_says_it_holds_is_not_used(lacking: Lacking) -> None:
    """The canary goes by what happens, not by what the kernel's calls returned."""
    with pytest.raises(SandboxError, match="read a file outside, list the root folder"):
        lacking("restriction").__enter__()


def test_workers_share_no_random_numbers() -> None:
    """They are forked from one process, but not with its generators' state."""
    source = "import random, numpy\nrandom.random(), float(numpy.random.rand())"
    seen = []
    for _ in range(2):
        with Worker() as worker:
            seen.append(worker.run(source).value)
    assert seen[0][0] != seen[1][0] and seen[0][1] != seen[1][1]  # type: ignore[index]


def test_a_killed_zygote_takes_its_workers_and_is_replaced() -> None:
    """What was in the worker is lost and said to be; the next action runs in a new one."""
    with Worker() as worker:
        worker.run("kept = 1")
        assert worker.pid is not None
        with _watched(worker.pid) as watched:
            os.kill(nursery.zygote_for(None).pid, signal.SIGKILL)
            assert select.select([watched], [], [], 10)[0] == [watched]
        assert worker.run("kept").kind is OutcomeKind.LOST
        assert worker.run("2").value == 2


def test_a_killed_worker_leaves_the_others_alone() -> None:
    """Workers of one zygote are processes of their own."""
    with Worker() as first, Worker() as second:
        first.run("x = 1")
        second.run("x = 2")
        assert second.pid is not None
        os.kill(second.pid, signal.SIGKILL)
        assert first.run("x").value == 1


HOST = """
import os, sys
from benchmarks.attacks import descendants
from habilis.skills.sandbox import nursery
from habilis.skills.sandbox.client import Worker

def report():
    "Say which processes there are."
    print(*descendants(), flush=True)

if sys.argv[2:]:
    nursery._zygotes[os.getpid(), None, ()] = nursery.Zygote(launcher=sys.argv[2:])
worker = Worker(tools=[report])
worker.run(sys.argv[1], timeout_s=60)
input()
"""
BUSY = {"idle": "report()", "loop": "report()\nwhile True: pass", "C": f"report()\n{HANG_IN_C}"}


@pytest.mark.parametrize("busy", BUSY)
@pytest.mark.parametrize("lacks", [(), ("namespaces",)], ids=["full", "standard"])
@pytest.mark.parametrize("victims", ["host", "host and zygote"])
def test_nothing_survives_a_killed_host(victims: str, lacks: tuple[str, ...], busy: str) -> None:
    """Not the worker, nor its checkpoint, nor the zygote, whatever they are doing."""
    launcher = [sys.executable, str(POORER), str(kernel.__file__), *lacks, "--"] if lacks else []
    command = [sys.executable, "-c", HOST, BUSY[busy], *launcher]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, start_new_session=True
    ) as host:
        assert host.stdout is not None
        below = {int(pid) for pid in host.stdout.readline().split()}
        assert len(below) >= 3  # a zygote, a worker, a checkpoint
        watched = {}
        for pid in below & descendants():
            with suppress(ProcessLookupError):  # the checkpoint, dismissed meanwhile
                watched[pid] = os.pidfd_open(pid)
        if victims != "host":
            os.kill(min(watched), signal.SIGKILL)
        host.kill()
        host.wait()
        for descriptor in watched.values():
            assert select.select([descriptor], [], [], 10)[0] == [descriptor]
            os.close(descriptor)


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_numbers_of_system_calls_are_the_kernels(machine: str) -> None:
    """A wrong number would allow another call. The headers are the kernel's own word."""
    header = HEADERS[machine]
    if not header.exists():
        pytest.skip(f"no {header}")
    known = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", header.read_text()))
    known["newfstatat"] = known.get("newfstatat", known.get("fstatat"))
    ours = syscalls.always_allowed(machine) | syscalls.by_path(machine)
    ours |= syscalls.by_argument(machine)
    assert len(ours) > 70
    assert {name: str(number) for name, number in ours.items()} == {
        name: known[name] for name in ours
    }


def _refusal(worker: Worker) -> str:
    with pytest.raises(SandboxError) as caught:
        worker.run("1")
    return str(caught.value)


@contextmanager
def _watched(pid: int) -> Iterator[int]:
    descriptor = os.pidfd_open(pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
