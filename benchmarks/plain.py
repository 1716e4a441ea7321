"""Plain CPython as a peer: `python plain.py MODULES...` runs programs given as lines of JSON.

A line is `[seconds, [source, ...]]`: the sources share one namespace. Each program runs in a
forked child, where the modules are imported, and an empty folder of its own; the answer is
a line with a list of `{"printed", "shown", "error"}`, one for each source. Needs nothing of
this package.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import io
import json
import os
import random
import signal
import sys
import tempfile
import types
import warnings

_RECURSION_LIMIT = 3_000  # that of a notebook, and of the sandbox


def main(*ahead: str) -> None:
    for name in ahead:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    sys.setrecursionlimit(_RECURSION_LIMIT)
    for line in sys.stdin:
        seconds, sources = json.loads(line)
        print(_in_child(seconds, sources), flush=True)


def _in_child(seconds: float, sources: list[str]) -> str:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        with tempfile.TemporaryDirectory() as folder, os.fdopen(write, "w") as answer:
            os.chdir(folder)
            done: list[dict[str, str]] = []
            with contextlib.suppress(BaseException):
                _run_all(seconds, sources, done)
            answer.write(json.dumps(done))
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return text or "[]"


def _run_all(seconds: float, sources: list[str], done: list[dict[str, str]]) -> None:
    random.seed()  # forks share the state of every generator
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    sys.stdin = io.StringIO()
    warnings.showwarning = lambda message, category, *_: print(f"{category.__name__}: {message}")
    signal.signal(signal.SIGALRM, _too_late)
    for source in sources:
        printed = io.StringIO()
        sys.stdout = sys.stderr = printed
        signal.setitimer(signal.ITIMER_REAL, seconds)
        shown = error = ""
        try:
            value = _run(source, vars(module))
            shown = "" if value is None else repr(value)
        except SystemExit:
            pass
        except BaseException as caught:  # noqa: BLE001 - whatever the program raised
            error = type(caught).__name__
        signal.setitimer(signal.ITIMER_REAL, 0)
        done.append({"printed": printed.getvalue(), "shown": shown, "error": error})


def _run(source: str, scope: dict[str, object]) -> object:
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<program>", "exec", dont_inherit=True), scope)  # noqa: S102
    if not isinstance(last, ast.Expr):
        return None
    code = compile(ast.Expression(last.value), "<program>", "eval", dont_inherit=True)
    return eval(code, scope)  # noqa: S307


def _too_late(*_: object) -> None:
    raise TimeoutError


if __name__ == "__main__":
    main(*sys.argv[1:])
