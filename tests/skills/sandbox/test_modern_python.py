"""What good present-day models write: whole programs, and constructs that need special care."""

# ruff: noqa: E501 - programs on one line each
from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.compatibility import MODERN, Plain, Program, differences, modern
from habilis.skills.sandbox.client import Worker

LIBRARIES = ("numpy", "pandas", "scipy", "sympy", "networkx")
PROGRAMS = list(modern(MODERN))
RUNS: dict[str, tuple[str, object]] = {
    "metaclass with a call": (
        "class M(type):\n    made = {}\n    def __call__(cls, *a):\n"
        "        if cls not in cls.made: cls.made[cls] = super().__call__(*a)\n"
        "        return cls.made[cls]\nclass A(metaclass=M): pass\nA() is A(), type(A) is M",
        (True, True),
    ),
    "metaclass that makes the class": (
        "class M(type):\n    def __new__(mcs, name, bases, body):\n"
        "        return super().__new__(mcs, name + '!', bases, body)\nclass A(metaclass=M): pass\nA.__name__",
        "A!",
    ),
    "order of resolution": (
        "class A: pass\nclass B(A): pass\n[c.__name__ for c in B.__mro__], B.__bases__ == (A,), "
        "[c.__name__ for c in A.__subclasses__()], len(B.mro())",
        (["B", "A", "object"], True, ["B"], 3),
    ),
    "method added by a decorator": (
        "def shown(cls):\n    def __repr__(self): return 'me'\n    cls.__repr__ = __repr__\n    return cls\n"
        "@shown\nclass A: pass\nrepr(A())",
        "me",
    ),
    "function renamed": (
        "def f():\n    'doc'\ndef g(): pass\ng.__name__, g.__doc__ = f.__name__, f.__doc__\ng.__name__, g.__doc__",
        ("f", "doc"),
    ),
    "cause of an error": (
        "try:\n    e = ValueError('a')\n    e.__cause__ = KeyError('b')\n    raise e\n"
        "except ValueError as error:\n    r = repr(error.__cause__)\nr",
        "KeyError('b')",
    ),
    "text annotations": (
        "from typing import Optional, get_type_hints\nclass A:\n    x: 'Optional[A]'\n    y: 'list[int]'\n"
        "get_type_hints(A) == {'x': Optional[A], 'y': list[int]}",
        True,
    ),
    "method dispatch": (
        "from functools import singledispatchmethod\nclass A:\n    @singledispatchmethod\n"
        "    def f(self, x): return 'any'\n    @f.register\n    def _(self, x: int): return 'int'\n"
        "A().f(1), A().f('')",
        ("int", "any"),
    ),
    "asyncio": (
        "import asyncio\nasync def f(n):\n    await asyncio.sleep(0.001 * n)\n    return n\n"
        "async def main(): return await asyncio.gather(f(2), f(1))\nasyncio.run(main())",
        [2, 1],
    ),
    "threads run at once": (
        "import threading\nfound = []\nt = threading.Thread(target=found.append, args=(1,))\n"
        "t.start()\nt.join()\nfound, t.is_alive()",
        ([1], False),
    ),
    "executors": (
        "from concurrent.futures import ProcessPoolExecutor, as_completed\nwith ProcessPoolExecutor() as p:\n"
        "    r = [f.result() for f in as_completed([p.submit(pow, 2, n) for n in (1, 2)])]\nr",
        [2, 4],
    ),
    "a database in memory": (
        "import sqlite3\nc = sqlite3.connect(':memory:')\nc.execute('create table t(a)')\n"
        "c.execute('insert into t values (3)')\nc.execute('select a from t').fetchall()",
        [(3,)],
    ),
    "temporary files": (
        "import tempfile, os\nwith tempfile.TemporaryDirectory() as d:\n    there = os.path.isdir(d)\n"
        "there, os.path.isdir(d)",
        (True, False),
    ),
    "no input": ("try:\n    input('name? ')\nexcept EOFError:\n    r = 'none'\nr", "none"),
    "own attributes of many kinds": (
        "class A:\n    def __init__(self, other=None):\n        self._a = self.__b = 1\n"
        "        self.format = self.obj = 2\n        if other is not None:\n            other._a = 5\n"
        "    def sum(self):\n        return sum([self._a, self.__b, self.format, self.obj])\n"
        "    def later(self):\n        return [f() for f in [lambda: self._a]], [self._a for _ in '12']\n"
        "a = A()\nb = A(a)\na.sum(), b.sum(), b.later()",
        (10, 6, ([1], [1, 1])),
    ),
    "self under another name": (
        "class A:\n    def f(self):\n        self._n = 1\n        self = A()\n        self._n = 2\n"
        "        return self._n\n    def g(this, default=[]):\n        this._m = default\n"
        "        del this._m\n        return hasattr(this, '_m')\nA().f(), A().g()",
        (2, False),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_runs(worker: Worker, name: str) -> None:
    """The construct gives what plain Python gives."""
    source, expected = RUNS[name]
    outcome = worker.run(source)
    assert outcome.error == ""
    assert outcome.value == expected


def test_programs_do_what_plain_python_does() -> None:
    """A third of the benchmark's, of those that need the standard library only."""
    assert len(PROGRAMS) >= 100
    plain = Plain()
    found = {
        program.name: differences(program, plain)
        for program in PROGRAMS[::3]
        if not any(library in program.sources[0] for library in LIBRARIES)
    }
    plain.close()
    assert {name: each for name, each in found.items() if any(each)} == {}


def test_a_difference_is_seen(tmp_path: Path) -> None:
    """The control: another value, another text and another error each count."""
    plain = Plain()
    for source in (
        "import subprocess",
        "import os\nprint(os.environ)",
        "class A:\n    def __del__(self): 0",
    ):
        assert any(differences(Program(name="differs", sources=[source]), plain)), source
    plain.close()


def test_a_refused_submodule_says_how_to_allow_it(worker: Worker) -> None:
    """As a refused module does."""
    for source in ("import logging.handlers", "from os import system", "import os\nos.fork()"):
        assert "allow=[" in worker.run(source).error


def test_imports_of_every_form(worker: Worker) -> None:
    """Sub-modules, aliases and stars."""
    outcome = worker.run(
        "import os.path, xml.etree.ElementTree as ET, concurrent.futures as cf\nimport numpy.linalg as la\n"
        "from collections import abc\nfrom os.path import *\nfrom concurrent import futures\n"
        "join('a', 'b'), abc.Sized.__name__, float(la.norm([3, 4])), cf is futures, ET.fromstring('<a/>').tag"
    )
    assert outcome.value == ("a/b", "Sized", 5.0, True, "a")


def test_a_module_the_user_allows_has_its_submodules() -> None:
    """And one that is not installed says that, in every form of import."""
    with Worker(allow=["email", "no_such_thing_here"]) as worker:
        source = "from email.message import EmailMessage\nimport email.utils as u\nu.parseaddr('a <b@c>')"
        assert worker.run(source).value == ("a", "b@c")
        for source in ("import no_such_thing_here.x as n", "from no_such_thing_here import *"):
            assert "is allowed but not installed" in worker.run(source).error
