"""What any sandbox has to do, as one list: run over each way we have of running code.

A row is a piece of code and how it ends. After each the session goes on: a variable that
was there before is there, or the outcome has said that variables are lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from habilis.skills.outcome import Outcome, OutcomeKind
from habilis.skills.sandbox.client import Limits, Worker
from habilis.skills.sandbox.wire import Opaque
from tests.skills.sandbox.conftest import Lacking

OK, RAISED, REFUSED = OutcomeKind.OK, OutcomeKind.RAISED, OutcomeKind.REFUSED
TIMED_OUT, OUT_OF_MEMORY = OutcomeKind.TIMED_OUT, OutcomeKind.OUT_OF_MEMORY
TOO_MUCH_OUTPUT = OutcomeKind.TOO_MUCH_OUTPUT
STOPPED = (TIMED_OUT, OUT_OF_MEMORY, OutcomeKind.KILLED)

ENDS: dict[str, tuple[str, OutcomeKind | tuple[OutcomeKind, ...]]] = {
    "a value": ("1 + 1", OK),
    "nothing": ("", OK),
    "only a comment": ("# nothing", OK),
    "an ordinary error": ("{}['x']", RAISED),
    "an error of its own": ("class Odd(Exception): pass\nraise Odd('x')", RAISED),
    "an error whose text is an error": (
        "class Odd(Exception):\n    def __str__(self): 1 / 0\nraise Odd",
        RAISED,
    ),
    "what does not parse": ("def f(:", RAISED),
    "a null byte": ("x = '\0'", (OK, RAISED)),
    "a lone surrogate": ("'\\ud800'", OK),
    "recursion without end": ("def f(): return f()\nf()", RAISED),
    "recursion in repr": ("class R:\n    def __repr__(self): return repr(self)\nR()", (OK, RAISED)),
    "a number without end": ("10**10**10", STOPPED),
    "a loop": ("while True: pass", TIMED_OUT),
    "a loop that catches all": ("while True:\n    try: 1 / 0\n    except: pass", TIMED_OUT),
    "a hang in C": ("import itertools\nany(itertools.repeat(0))", TIMED_OUT),
    "a catastrophic pattern": ("import re\nre.match(r'(a+)+$', 'a' * 60 + 'b')", TIMED_OUT),
    "a sleep": ("import time\ntime.sleep(100)", TIMED_OUT),
    "much memory at once": ("x = bytearray(2**40)", OUT_OF_MEMORY),
    "memory bit by bit": ("a = []\nwhile True: a.append(bytearray(10**7))", STOPPED),
    "much output": ("while True: print('x' * 1000)", TOO_MUCH_OUTPUT),
    "a long line": ("print('x' * 10**8)", (TOO_MUCH_OUTPUT, OUT_OF_MEMORY, TIMED_OUT)),
    "leaving": ("exit()", OK),
    "leaving by sys": ("import sys\nsys.exit(3)", OK),
    "the base of all errors": ("raise BaseException('x')", RAISED),
    "a keyboard interrupt": ("raise KeyboardInterrupt", RAISED),
    "a generator's end": ("raise StopIteration", RAISED),
    "a module that is not allowed": ("import subprocess", (RAISED, REFUSED)),
    "a module that is not there": ("import no_such_module", RAISED),
    "a file outside": ("open('/etc/passwd').read()", RAISED),
    "a path that climbs out": ("open('../../../etc/passwd').read()", RAISED),
    "frames": ("(lambda: 0).__globals__", (RAISED, REFUSED)),
    "subclasses": ("().__class__.__base__.__subclasses__()", (RAISED, REFUSED)),
    "a tool that is not there": ("load_orders()", RAISED),
    "a skill that is not there": ("from skills import nothing", RAISED),
    "input from nobody": ("input()", RAISED),
    "an answer": ("final_answer(1)", OK),
    "a clean-up that hangs": (
        "class C:\n    def __exit__(self, *a):\n        while True: pass\n"
        "    def __enter__(self): pass\nwith C(): pass",
        TIMED_OUT,
    ),
    "a generator that will not close": (
        "def g():\n    while True:\n        try: yield\n        except GeneratorExit: pass\n"
        "next(g())",
        (OK, RAISED),
    ),
}
VALUES: dict[str, tuple[str, object]] = {
    "what contains itself": ("a = [1]\na.append(a)\na", [1, Opaque("list", "[1, [...]]")]),
    "what is no data": ("object", Opaque("type", "<class 'object'>")),
    "no number": ("x = float('nan')\nx != x", True),
    "bytes": ("bytes(range(256))", bytes(range(256))),
    "a far number": ("10**5000 % 7", 10**5000 % 7),
    "keys of many kinds": ("{1: 2, (3, 4): {5}, None: ...}", None),
}
WAYS = ["full", "without checkpoints", "standard", "without gates", "nofiles"]


@pytest.fixture(scope="module", params=WAYS)
def sandbox(request: pytest.FixtureRequest, lacking: Lacking) -> Iterator[Worker]:
    """Give a worker for each way of running code."""
    lacks = {"standard": ["namespaces"], "without gates": ["gates"]}
    lacks["nofiles"] = ["namespaces", "landlock"]
    way: str = request.param
    limits = Limits(action_s=0.5, memory_bytes=2**29)
    with ExitStack() as stack:
        if way in lacks:
            stack.enter_context(lacking(*lacks[way]))
        least = "nofiles" if way == "nofiles" else "standard"
        yield stack.enter_context(
            Worker(limits=limits, min_tier=least, checkpoints=way != "without checkpoints")
        )


@pytest.mark.parametrize("name", ENDS)
def test_code_ends_as_it_should(sandbox: Worker, name: str) -> None:
    """The kind of the outcome is the one of the list, and what came before is not harmed."""
    code, expected = ENDS[name]
    sandbox.run("kept = ['as', 'before']")
    outcome = sandbox.run(code)
    kinds = expected if isinstance(expected, tuple) else (expected,)
    assert outcome.kind in kinds, outcome
    _is_well_formed(outcome)
    if not outcome.variables_lost:
        assert sandbox.run("kept").value == ["as", "before"]
    assert sandbox.run("6 * 7").value == 42


@pytest.mark.parametrize("name", VALUES)
def test_a_value_comes_over_as_it_should(sandbox: Worker, name: str) -> None:
    """Plain data equals itself on both sides; the rest is described, and stays."""
    code, expected = VALUES[name]
    outcome = sandbox.run(code)
    assert outcome.ok, outcome
    if expected is not None:
        assert outcome.value == expected


def _is_well_formed(outcome: Outcome) -> None:
    if outcome.ok:
        assert (outcome.error, outcome.error_type) == ("", "")
    else:
        last = outcome.error.splitlines()[-1]
        assert last.startswith(outcome.error_type) and outcome.error_type, outcome
    assert "/" not in re.sub(r"1 / 0|[./]*/etc/passwd", "", outcome.error), outcome.error
    assert not (outcome.rolled_back and outcome.variables_lost)
    assert all(char.isprintable() or char in "\n\t" for char in outcome.printed)
