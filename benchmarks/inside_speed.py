"""How fast pure Python runs inside a worker, beside plain CPython and smolagents' interpreter.

Each function is timed where it runs, so that what a call costs to get there is left out; the
three are run by turns and the best of n counts, because the machine is shared.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from benchmarks.report import Report, Row
from habilis.skills.sandbox.client import Limits, Worker

_TURNS, _QUICK_TURNS = 9, 3
_ROUNDS: Final = 4_000  # a few milliseconds: short enough to be left alone once
_PEER_ROUNDS: Final = 200  # an interpreter in Python takes a hundred times as long
_GOAL: Final = "<= 1.3"
_GOAL_OF_STORES: Final = "<= 1.8"  # each has to ask whose object it is

SOURCES: Final[Mapping[str, str]] = {
    "loops and arithmetic": """
def work(n):
    total, odd = 0, 0
    for i in range(n):
        if i % 3 == 0:
            total += i * 2
        elif i & 1:
            odd += 1
        total -= i // 7
    while n > 0:
        n -= 3
        total ^= n
    return total + odd
""",
    "lists and dicts": """
def work(n):
    xs = [i * i for i in range(n)]
    counts = {}
    for x in xs:
        key = x % 17
        counts[key] = counts.get(key, 0) + 1
        counts[key] += xs[key]
    for i in range(len(xs) - 1):
        xs[i], xs[i + 1] = xs[i + 1], xs[i]
    return sum(xs[::2]) + len({k: v for k, v in counts.items() if v})
""",
    "strings": """
def work(n):
    parts = []
    for i in range(n):
        word = "Item {}".format(i).lower().replace("e", "3")
        if word.startswith("it") and "9" not in word:
            parts.append(f"{word.strip():>10}")
        parts.append("-".join(word.split()).title())
    return len("".join(parts))
""",
    "own attributes": """
class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y
        self._moves = 0

    def move(self, dx, dy):
        self.x += dx
        self.y += dy
        self._moves += 1
        return self._moves

def work(n):
    p = Point(0, 0)
    for i in range(n):
        p.move(i, 1)
        q = Point(i, p.x)
        q.x = p.y
    return p.x + p._moves + q.x
""",
    "linked objects": """
class Node:
    def __init__(self, value):
        self.value = value
        self.next = None

def work(n):
    head = None
    for i in range(n):
        node = Node(i)
        node.next = head
        head = node
    previous = None
    while head:
        following = head.next
        head.next = previous
        previous, head = head, following
    return previous.value
""",
}
_STORES: Final = {"own attributes", "linked objects"}
# Timed where it runs; the last expression is the best of seven calls, in seconds.
_TIMED: Final = """
{source}
import time
def timed():
    best = None
    for turn in range(7):
        start = time.perf_counter()
        work({rounds})
        took = time.perf_counter() - start
        best = took if best is None else min(best, took)
    return best
"""
_PLAIN: Final = """
import json, sys
for line in sys.stdin:
    scope = {"__name__": "__main__"}
    exec(json.loads(line), scope)
    print(scope["timed"](), flush=True)
"""
_SMOLAGENTS: Final = """
import json, sys
from smolagents.local_python_executor import LocalPythonExecutor
for line in sys.stdin:
    executor = LocalPythonExecutor(["time"], max_print_outputs_length=100)
    executor.send_tools({})
    print(executor(json.loads(line) + "\\ntimed()").output, flush=True)
"""


class _Process:
    """Another Python that times the sources it is sent."""

    def __init__(self, python: str, script: str) -> None:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        self._process = subprocess.Popen(
            [python, "-c", script],
            env=kept,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def time_s(self, source: str) -> float:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(source) + "\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


def run(data: Path, *, peers: Path, quick: bool) -> Report:
    """Return the rows of `inside_speed_rows` as a report of their own."""
    return Report(benchmark="inside_speed", rows=inside_speed_rows(peers=peers, quick=quick))


def inside_speed_rows(*, peers: Path, quick: bool) -> list[Row]:
    """Return two rows for each source: beside plain CPython, and beside smolagents."""
    turns = _QUICK_TURNS if quick else _TURNS
    rows = []
    plain = _Process(sys.executable, _PLAIN)
    python = peers / "bin" / "python"
    other = _Process(str(python.absolute()), _SMOLAGENTS) if python.exists() else None
    try:
        with Worker(limits=Limits(action_s=60)) as worker:
            for name, source in SOURCES.items():
                timers: list[tuple[Callable[[str], float], int]] = [
                    (lambda text: _inside_s(worker, text), _ROUNDS),
                    (plain.time_s, _ROUNDS),
                ]
                ours, theirs = _best(source, timers, turns)
                rows.append(_row(name, ours, theirs, turns))
                if other is not None:
                    timers = [(timers[0][0], _PEER_ROUNDS), (other.time_s, _PEER_ROUNDS)]
                    few = max(turns // 3, 1)
                    rows.append(_peer_row(name, *_best(source, timers, few), few))
    finally:
        plain.close()
        if other is not None:
            other.close()
    return rows


def _best(
    source: str, timers: list[tuple[Callable[[str], float], int]], turns: int
) -> tuple[float, float]:
    """Return the shortest time of each of two, in milliseconds, taken by turns."""
    texts = [_TIMED.format(source=source, rounds=rounds) for _, rounds in timers]
    times: list[list[float]] = [[], []]
    for _ in range(turns):
        for found, (time_s, _rounds), text in zip(times, timers, texts, strict=True):
            found.append(1000 * time_s(text))
    return min(times[0]), min(times[1])


def _inside_s(worker: Worker, text: str) -> float:
    outcome = worker.run(text + "\ntimed()")
    assert isinstance(outcome.value, float), outcome.error
    return outcome.value


def _row(name: str, ours: float, peer: float, n: int) -> Row:
    return Row(
        name=f"{name} inside over plain CPython",
        ours=ours,
        peer=peer,
        goal=_GOAL_OF_STORES if name in _STORES else _GOAL,
        unit="ms",
        n=n,
    )


def _peer_row(name: str, ours: float, peer: float, n: int) -> Row:
    return Row(name=f"{name} inside over smolagents", ours=ours, peer=peer, unit="ms", n=n)
