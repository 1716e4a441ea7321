"""What running code in the jail costs, beside a Jupyter kernel, `python -I` and plain Python.

With it, from `inside_speed` and `compatibility`: how fast pure Python runs inside, and the
share of ordinary programs that run as they do elsewhere. All by turns in one run. The peers
isolate nothing. "A proof" is a fresh worker that loads a function, calls it on three cases
and ends, with nothing of an earlier one in it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import compatibility, inside_speed
from benchmarks.attacks import descendants
from benchmarks.report import Report, Row
from habilis.skills.sandbox.client import Worker
from habilis.skills.sandbox.nursery import Zygote
from habilis.skills.sandbox.pool import fresh_worker

Order = Callable[[dict[str, str]], dict[str, Any]]

_ACTION = "x = x + 1\nx"
_SKILL = "def double(x: int) -> int:\n    return 2 * x\n"
_NO_PEER = "peer not measured: `make bench NAME=sandbox` makes its environment, --peers names one"


def run(data: Path, *, peers: Path, quick: bool) -> Report:
    """Return a row per cost; times are medians in ms, memory is in MB."""
    times = 1 if quick else 5
    with _jupyter(peers / "bin" / "python") as order:
        rows = [
            *_actions(order, n=40 * times),
            _start(order, n=2 * times),
            *_proof(n=20 * times),
            _proofs_per_second(n=40 * times),
            _roll_back(n=4 * times),
            _idle_memory(n=4 * times),
            *_growth(actions=400 * times),
        ]
    inside = inside_speed.run(data, peers=peers, quick=quick)
    same = compatibility.run(data, peers=peers, quick=quick)
    return Report(benchmark="sandbox", rows=[*rows, *inside.rows, *same.rows], causes=same.causes)


def _actions(order: Order | None, *, n: int) -> list[Row]:
    saved: list[float] = []
    plain: list[float] = []
    peer: list[float] = []
    if order is not None:
        order({"do": "start"})
        order({"do": "run", "code": "x = 0"})
    with Worker() as worker, Worker(checkpoints=False) as bare:
        worker.run("x = 0")
        bare.run("x = 0")
        for _ in range(n):
            saved.append(_ms(lambda: worker.run(_ACTION)))
            plain.append(_ms(lambda: bare.run(_ACTION)))
            if order is not None:
                peer.append(1000 * order({"do": "run", "code": _ACTION})["seconds"])
    if order is not None:
        order({"do": "stop"})
    names = {
        "an action, with a checkpoint, over one of a Jupyter kernel": (saved, "<= 0.85"),
        "an action, without, over one of a Jupyter kernel": (plain, "<= 0.2"),
    }
    return [_row(name, ours, peer, goal) for name, (ours, goal) in names.items()]


def _start(order: Order | None, *, n: int) -> Row:
    ours: list[float] = []
    peer: list[float] = []
    for _ in range(n):
        ours.append(_ms(_first_start))
        if order is not None:
            peer.append(1000 * order({"do": "start"})["seconds"])
            order({"do": "stop"})
    return _row("the first start of all over a Jupyter kernel's", ours, peer, "<= 0.3")


def _first_start() -> None:
    """Start a zygote of its own, as the first worker of a process does, and end it."""
    Zygote().close()


def _proof(*, n: int) -> list[Row]:
    bare = [sys.executable, "-I", "-c", "pass"]
    ours: list[float] = []
    pooled: list[float] = []
    peer: list[float] = []
    _prove_once(fresh_worker)
    for _ in range(n):
        ours.append(_ms(lambda: _prove_once(partial(Worker, checkpoints=False))))
        pooled.append(_ms(lambda: _prove_once(fresh_worker)))
        peer.append(_ms(lambda: subprocess.run(bare, check=True)))
    return [
        _row("a proof in a fresh jail over `python -I -c pass`", ours, peer, "<= 0.75"),
        _row("a proof in a jail that was ready over `python -I -c pass`", pooled, peer, ""),
    ]


def _prove_once(make: Callable[..., Worker]) -> None:
    with make(load_skill=lambda name: [(name, _SKILL)]) as worker:
        outcomes = worker.call("double", [(1,), (2,), (3,)])
    if [outcome.value for outcome in outcomes] != [2, 4, 6]:
        raise AssertionError(outcomes)


def _proofs_per_second(*, n: int) -> Row:
    cores = os.cpu_count() or 1
    with ThreadPoolExecutor(cores) as pool:
        started = time.perf_counter()
        for _ in pool.map(lambda _: _prove_once(fresh_worker), range(n)):
            pass
        ours = n / (time.perf_counter() - started)
    return Row(name="proofs on all cores", ours=ours, peer=None, unit="/s", n=n)


def _roll_back(*, n: int) -> Row:
    """The time after the limit until the session can go on, after a loop and a hang in C."""
    late: list[float] = []
    with Worker() as worker:
        worker.run("kept = list(range(1_000_000))\nn = 0")
        for _ in range(n):
            late.append(_ms(lambda: worker.run("n = 1\nwhile True: pass", timeout_s=0.1)) - 100)
            if worker.run("n").value != 0:
                raise AssertionError("the variables are not as they were")
    name = "after a time-out, until the variables are back"
    return Row(name=name, ours=statistics.median(late), peer=None, unit="ms", n=n)


def _idle_memory(*, n: int) -> Row:
    """Private memory of a session that has run an action, beyond what all share."""
    workers = [Worker() for _ in range(n)]
    try:
        for worker in workers:
            worker.run("x = [1, 2, 3]")
        sizes = [_private_mb(worker.pid) for worker in workers if worker.pid is not None]
    finally:
        for worker in workers:
            worker.close()
    name = "private memory of an idle session"
    return Row(
        name=name,
        ours=statistics.median(sizes),
        peer=None,
        goal="<= 6",
        goal_is_about="ours",
        unit="MB",
        n=n,
    )


def _growth(*, actions: int) -> list[Row]:
    """What many actions leave behind: host descriptors, processes, memory of host and worker."""
    with Worker() as worker:
        worker.run("x = 0")
        for _ in range(100):
            worker.run(_ACTION)
        before = _held(worker)
        for _ in range(actions):
            worker.run(_ACTION)
        after = _held(worker)
    units = {"descriptors": "", "processes": "", "host's memory": "MB", "worker's memory": "MB"}
    goals = {"": "<= 0", "MB": "<= 1"}
    return [
        Row(
            name=f"growth of {name} over {actions:,} actions",
            ours=end - start,
            peer=None,
            goal=goals[unit],
            goal_is_about="ours",
            unit=unit,
            n=actions,
        )
        for (name, unit), start, end in zip(units.items(), before, after, strict=True)
    ]


def _held(worker: Worker) -> tuple[float, ...]:
    assert worker.pid is not None
    # The host may still hold the descriptor of the last checkpoint.
    descriptors = min(_descriptors_after(worker) for _ in range(10))
    settled = len(descendants() - _checkpoints(worker.pid))
    return descriptors, settled, _private_mb(os.getpid()), _private_mb(worker.pid)


def _descriptors_after(worker: Worker) -> int:
    worker.run("x")
    return len(list(Path("/proc/self/fd").iterdir()))


def _checkpoints(pid: int) -> set[int]:
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def _private_mb(pid: int) -> float:
    """Return what belongs to this process alone, in MB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def _row(name: str, ours: list[float], peer: list[float], goal: str) -> Row:
    return Row(
        name=name,
        ours=statistics.median(ours),
        peer=statistics.median(peer) if peer else None,
        goal=goal,
        unit="ms",
        n=len(ours),
        note="" if peer else _NO_PEER,
    )


def _ms(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - started)


@contextmanager
def _jupyter(python: Path) -> Iterator[Order | None]:
    """Give a way to order a kernel about, None where there is none."""
    if not python.exists():
        yield None
        return
    script = Path(__file__).with_name("jupyter_peer.py")
    with subprocess.Popen(
        [str(python.absolute()), str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        lock = threading.Lock()

        def order(what: dict[str, str]) -> dict[str, Any]:
            assert process.stdin is not None and process.stdout is not None
            with lock:
                process.stdin.write(json.dumps(what) + "\n")
                process.stdin.flush()
                answer: dict[str, Any] = json.loads(process.stdout.readline())
                return answer

        yield order
        process.stdin.close()
