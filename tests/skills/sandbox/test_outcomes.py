"""The closed set of outcomes: each kind is reached by real code, and says what happened."""

from __future__ import annotations

import os
import select
import signal
import threading

import pytest

from habilis.errors import SandboxError, TaskError
from habilis.skills.outcome import NOTHING, OutcomeKind
from habilis.skills.sandbox.client import Limits, Worker
from habilis.skills.sandbox.wire import FunctionRef, Opaque

HANG_IN_C = "import itertools\nany(itertools.repeat(0))"


def test_the_last_expression_is_the_value(worker: Worker) -> None:
    """Like at a prompt: value, its repr, and what was printed before it, apart."""
    outcome = worker.run("x = 'a'\nprint('one', 2)\nx * 2")
    assert outcome.kind is OutcomeKind.OK
    assert (outcome.value, outcome.shown, outcome.printed) == ("aa", "'aa'", "one 2\n")
    assert (outcome.error, outcome.answer) == ("", NOTHING)
    assert outcome.memory_bytes > 0
    assert worker.run("x").value == "a"
    assert worker.run("None").shown == ""


def test_a_value_too_long_to_write_out_is_no_error(worker: Worker) -> None:
    """The code did not ask to print it; it crosses, and its length is shown."""
    outcome = worker.run("x = 10**5000\n[x]")
    assert (outcome.value, outcome.shown) == ([10**5000], "[<int of 5001 digits>]")
    assert worker.run("final_answer((x, {x}))").answer == (10**5000, {10**5000})
    worker.define({"far": 10**5000})
    assert worker.run("far == x").value is True


def test_an_error_shows_the_codes_own_frames(worker: Worker) -> None:
    """Line, function and source line of each own frame, then `Type: message`."""
    outcome = worker.run("def total(x):\n    return x / 0\n\ntotal(1)")
    assert outcome.kind is OutcomeKind.RAISED
    assert outcome.error_type == "ZeroDivisionError"
    assert outcome.error == (
        "line 4\n    total(1)\nline 2, in total\n    return x / 0\n"
        "ZeroDivisionError: division by zero"
    )
    assert worker.run("total(2)").error.splitlines()[2] == "an earlier action, line 2, in total"


def test_frames_of_libraries_are_left_out(worker: Worker) -> None:
    """An error inside the standard library points at the line that called it."""
    outcome = worker.run("import json\njson.loads('{')")
    assert outcome.error.startswith("line 2\n    json.loads('{')\nJSONDecodeError: ")
    assert len(outcome.error.splitlines()) == 3


def test_a_syntax_error_shows_its_line(worker: Worker) -> None:
    """Code that does not parse raised: nothing of it ran."""
    outcome = worker.run("x = 1\ny = = 2")
    assert outcome.kind is OutcomeKind.RAISED
    assert outcome.error == "line 2\n    y = = 2\nSyntaxError: invalid syntax"
    assert "notebook magics" in worker.run("!pip install x").error


def test_an_unknown_name_is_answered_with_near_ones(worker: Worker) -> None:
    """Names of the session and builtins are suggested."""
    worker.run("total_cost = 1")
    assert worker.run("totl_cost").error.endswith("Did you mean: 'total_cost'?")


def test_endless_recursion_is_an_ordinary_error(worker: Worker) -> None:
    """The frames are cut in the middle, variables stay."""
    outcome = worker.run("def f(): return f()\nf()")
    assert outcome.error_type == "RecursionError"
    assert "frames left out" in outcome.error
    assert worker.run("f.__name__").value == "f"


def test_deep_nesting_is_a_syntax_error(worker: Worker) -> None:
    """A source that overflows the parser does not end the worker."""
    outcome = worker.run("(" * 5000 + ")" * 5000)
    assert outcome.error_type == "SyntaxError"
    assert not outcome.variables_lost


def test_leaving_ends_the_action_quietly(worker: Worker) -> None:
    """`exit()` and `sys.exit()` are no errors; their text is printed."""
    assert worker.run("print(1)\nexit()\nprint(2)").printed == "1\n"
    outcome = worker.run("import sys\nsys.exit('done')")
    assert (outcome.kind, outcome.printed) == (OutcomeKind.OK, "done\n")


def test_an_answer_ends_the_action(worker: Worker) -> None:
    """Nothing after `final_answer` runs, not even in handlers that catch everything."""
    for handler in ("except Exception", "except", "except BaseException"):
        outcome = worker.run(
            f"try:\n    final_answer([1, 2])\n{handler}:\n    print('swallowed')\nprint('after')"
        )
        assert (outcome.kind, outcome.answer, outcome.printed) == (OutcomeKind.OK, [1, 2], "")


def test_a_function_as_answer_can_be_called(worker: Worker) -> None:
    """A function stays in the session; the answer says by which name to call it."""
    outcome = worker.run("def double(x): return 2 * x\nfinal_answer(double)")
    assert outcome.answer == FunctionRef("double")
    unnamed = worker.run("final_answer(lambda x: x + 1)").answer
    assert isinstance(unnamed, FunctionRef)
    assert [each.value for each in worker.call(unnamed.name, [(1,), (2,)])] == [2, 3]
    cached = worker.run(
        "import functools\n@functools.cache\ndef sq(x): return x * x\nfinal_answer(sq)"
    )
    assert cached.answer == FunctionRef("sq")


def test_output_is_kept_in_order_and_cleaned(worker: Worker) -> None:
    """print, sys.stdout and warnings share one stream; control characters go."""
    outcome = worker.run(
        "import sys, warnings\nprint('a')\nsys.stdout.write('b\\n')\nprint('c', file=sys.stderr)\n"
        "print('\\x1b[31mred\\x1b[0m\\x07 \\t.')"
    )
    assert outcome.printed == "a\nb\nc\nred \t.\n"


def test_a_warning_names_the_line_and_no_file(worker: Worker) -> None:
    """Warnings reach the author with the line of the code that caused them."""
    outcome = worker.run("import warnings\n\nwarnings.warn('old /usr/lib/x/y.py')")
    assert outcome.printed == "line 3: UserWarning: old y.py\n"


def test_long_output_is_cut_in_the_middle() -> None:
    """Beginning and end are what a reader needs; a note says how much is missing."""
    with Worker(limits=Limits(printed_chars=100)) as worker:
        printed = worker.run("print('a' * 200 + 'z' * 200)").printed
        assert printed.startswith("a" * 50 + "\n[... 301 characters cut ...]\n")
        assert printed.endswith("z" * 49 + "\n")
        assert worker.run("'x' * 1000").shown.startswith("'xxx")
        assert len(worker.run("'x' * 1000").shown) < 150


def test_a_flood_of_output_is_stopped(worker: Worker) -> None:
    """Ten times the cap ends the action; the variables are as before it."""
    worker.run("kept = 1")
    outcome = worker.run(
        "kept = 2\nwhile True:\n    try:\n        print('x' * 999)\n    except:\n        pass"
    )
    assert outcome.kind is OutcomeKind.TOO_MUCH_OUTPUT
    assert len(outcome.printed) < 21_000
    assert worker.run("kept").value == 1


def test_a_memory_bomb_is_out_of_memory() -> None:
    """The limit is the worker's own; afterwards all is as before."""
    with Worker(limits=Limits(memory_bytes=200 * 2**20)) as worker:
        worker.run("kept = 1")
        outcome = worker.run("kept = 2\na = []\nwhile True:\n    a.append(bytearray(10**7))")
        assert outcome.kind is OutcomeKind.OUT_OF_MEMORY
        assert outcome.error_type == "MemoryError"
        assert worker.run("kept").value == 1


def test_a_large_value_is_only_named() -> None:
    """Over the cap the value itself stays where it is, usable by the next action."""
    with Worker(limits=Limits(value_bytes=1000)) as worker:
        outcome = worker.run("big = list(range(10_000))\nbig")
        assert isinstance(outcome.value, Opaque)
        assert outcome.value.type == "list"
        assert worker.run("len(big)").value == 10_000


def test_a_large_file_is_refused_by_the_system() -> None:
    """File size is limited by the kernel: the write fails, the worker lives."""
    with Worker(limits=Limits(file_bytes=10_000)) as worker:
        outcome = worker.run("open('f', 'wb').write(b'x' * 50_000)")
        assert outcome.error_type == "OSError"
        assert worker.run("1").value == 1


@pytest.mark.parametrize(
    "loop",
    [
        "while True: pass",
        "while True:\n    try:\n        pass\n    except:\n        pass",
        "while True:\n    try:\n        1 / 0\n    except Exception:\n        continue",
        "while True:\n    try:\n        while True: pass\n    except BaseException:\n        pass",
        "import re\nre.match(r'(a+)+$', 'a' * 40 + 'b')",
        "import time\ntime.sleep(60)",
    ],
)
def test_a_loop_is_stopped_and_rolled_back(worker: Worker, loop: str) -> None:
    """The soft stop cannot be swallowed by handlers; what the action changed is undone."""
    worker.run("kept = [1]")
    outcome = worker.run("kept.append(2)\n" + loop, timeout_s=0.2)
    assert outcome.kind is OutcomeKind.TIMED_OUT
    assert outcome.error.endswith("TimeoutError: stopped after 0.2 s")
    assert (outcome.rolled_back, outcome.variables_lost) == (True, False)
    assert worker.run("kept").value == [1]


def test_a_worker_that_died_between_actions_is_lost(worker: Worker) -> None:
    """Code written for variables that are gone is not run; the next action is."""
    worker.run("kept = 1")
    assert worker.pid is not None
    watched = os.pidfd_open(worker.pid)  # it is no child of ours: the zygote forked it
    os.kill(worker.pid, signal.SIGKILL)
    assert select.select([watched], [], [], 10)[0] == [watched]
    os.close(watched)
    outcome = worker.run("print('ran')")
    assert (outcome.kind, outcome.variables_lost) == (OutcomeKind.LOST, True)
    assert worker.run("print('ran')").printed == "ran\n"


def test_interrupt_from_another_thread() -> None:
    """The action under way returns KILLED at once."""
    with Worker() as worker:
        worker.run("1")
        timer = threading.Timer(0.1, worker.interrupt)
        timer.start()
        outcome = worker.run("while True: pass")
        timer.join()
        assert outcome.kind is OutcomeKind.KILLED


def test_nothing_is_left_after_close() -> None:
    """Process and temporary folder are gone; closing twice is fine, running is an error."""
    worker = Worker()
    worker.run("open('f', 'w').write('x')")
    pid, folder = worker.pid, worker.workspace
    assert pid is not None
    assert (folder / "f").exists()
    worker.close()
    worker.close()
    assert not folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(SandboxError, match="closed"):
        worker.run("1")


def test_inputs_that_are_no_plain_data_are_refused() -> None:
    """An input the code could not use is an error of the caller, before anything runs."""
    with Worker() as worker:
        with pytest.raises(TaskError, match="input 'x' cannot enter the sandbox: 'object'"):
            worker.define({"x": object()})
        with pytest.raises(TaskError, match="no variable name"):
            worker.define({"a b": 1})
        worker.define({"n": 2})
        worker.run("m = n")
        worker.define({"n": 3})
        assert worker.run("m, n").value == (2, 3)


def test_the_hash_seed_decides_the_order_of_sets() -> None:
    """The same seed gives the same order, so a run can be repeated; others differ."""

    def order(seed: int) -> object:
        with Worker(hash_seed=seed) as worker:
            return worker.run("list({str(n) for n in range(20)})").value

    assert order(1) == order(1)
    assert order(1) != order(2)


def test_the_environment_is_empty() -> None:
    """Neither variables nor modules of the host are in the worker."""
    os.environ["HABILIS_TEST_SECRET"] = "s"
    try:
        with Worker(allow=["os", "sys"]) as worker:
            outcome = worker.run(
                "import os, sys\n"
                "'HABILIS_TEST_SECRET' in os.environ, 'habilis.errors' in sys.modules"
            )
            assert outcome.value == (False, False)
    finally:
        del os.environ["HABILIS_TEST_SECRET"]
