"""Known ways round the policy: each is refused, and a line says what to do instead.

This is the seat belt's list, not the boundary's: the kernel has to hold what gets past it.
"""

# ruff: noqa: E501 - programs on one line each
from __future__ import annotations

import pytest

from habilis.skills.outcome import OutcomeKind
from habilis.skills.sandbox.client import Worker

REFUSED_AT_ONCE = {
    "subclasses": "().__class__.__base__.__subclasses__()",
    "globals of a function": "(lambda: 0).__globals__",
    "code object": "(lambda: 0).__code__",
    "generator frame": "(x for x in []).gi_frame",
    "frame globals": "def g(f): return f.f_globals",
    "traceback frame": "try:\n    1 / 0\nexcept Exception as e:\n    e.__traceback__.tb_frame",
    "builtins by name": "__builtins__",
    "import by name": "__import__('os')",
    "self of a builtin": "print.__self__",
    "hook by assignment": "_getattr_ = lambda o, n: o",
    "hook by argument": "lambda _write_, /: 1",
    "hook by import": "import math as _getattr_",
    "hook by pattern": "match 1:\n    case _stop_: pass",
    "hook by handler": "try:\n    1\nexcept ValueError as _stop_: pass",
    "hook by global": "def f():\n    global _write_\n    _write_ = 1",
    "format in a pattern": "match 'a':\n    case str(format=f): f",
    "getattribute": "class A:\n    def __getattribute__(self, n): return 1",
    "finaliser": "class A:\n    def __del__(self): pass",
    "reduce": "class A:\n    def __reduce__(self): return print, ()",
    "class store": "class A: pass\nA().__class__ = int",
    "relative import": "from . import x",
    "private import": "from random import _os",
    "except star": "try:\n    1\nexcept* ValueError:\n    2",
}
FAILS_WHEN_RUN = {
    "getattr with a dunder": "getattr((), '__class__' + '')\ngetattr((), '__base' + '__')",
    "getattr with a frame": "getattr((x for x in []), 'gi_' + 'frame')",
    "format string": "'{0.__class__.__base__}'.format(())",
    "format map": "'{a.__globals__}'.format_map({'a': lambda: 0})",
    "format of the class": "str.format('{0.gi_frame}', (x for x in []))",
    "format through super": "class S(str):\n    def f(self): return super().format((x for x in []))\nS('{0.gi_frame}').f()",
    "format through map": "list(map('{0.__globals__}'.format, [lambda: 0]))",
    "format by in-place": "class C:\n    def __radd__(s, o): return o\ns = 'x'\ns.format += C()",
    "attrgetter": "import operator\noperator.attrgetter('__class__.__base__')(())",
    "methodcaller": "import operator\noperator.methodcaller('__subclasses__')(int)",
    "Formatter": "import string\nstring.Formatter().format('{0.__globals__}', lambda: 0)",
    "eval of internals": "eval('().__class__.__bases__')",
    "exec with builtins": "exec('x = __builtins__', {'__builtins__': {}})",
    "globals hide builtins": "globals()['__builtins__']",
    "set a hook through globals": "globals()['_getattr_'] = 1",
    "type makes no class": "type('X', (object,), {})",
    "metaclass with an order of its own": "class M(type):\n    def mro(cls): return [cls, object]",
    "metaclass that is called": "class M(type): pass\nM('X', (), {'__getattribute__': print})",
    "subclasses by a metaclass": "class M(type): pass\nM.__subclasses__(object)",
    "module from a module": "import random\nrandom._os",
    "module of a package": "import json\njson.codecs",
    "module store": "import math\nmath.pi = 3",
    "class of a library": "import decimal\ndecimal.Decimal.x = 1",
    "function of a library": "import json\njson.dumps.x = 1",
    "setattr on a module": "import math\nsetattr(math, 'pi', 3)",
    "dataclass on a library class": "import dataclasses, fractions\ndataclasses.dataclass(fractions.Fraction)",
    "mro": "int.mro()",
    "object of an AttributeError": "try:\n    (1).x\nexcept AttributeError as e:\n    e.obj",
    "singledispatch text": "import functools\n@functools.singledispatch\ndef f(x): 0\ndef g(x: '1/0'): 0\nf.register(g)",
    "timeit text": "import timeit\ntimeit.timeit('1')",
    "sympify": "import sympy\nsympy.sympify('().__class__.__base__')",
    "sympify a builtin": "import sympy\nsympy.sympify('open(\"x\")')",
    "numpy pickles": "import numpy\nnumpy.load('x.npy', allow_pickle=True)",
    "numpy ctypes": "import numpy\nnumpy.zeros(1).ctypes",
    "os.system": "import os\nos.system('true')",
    "sys.modules": "import sys\nsys.modules",
    "open outside": "open('/etc/passwd')",
    "open above": "open('../x', 'w')",
    "open a descriptor": "open(0)",
    "path outside": "from pathlib import Path\nPath('/etc/passwd').read_text()",
    "path above": "from pathlib import Path\nlist((Path('a').parent / '..').iterdir())",
    "listdir outside": "import os\nos.listdir('/')",
    "link outside": "import pathlib\npathlib.Path('l').symlink_to('/etc')",
    "numpy reads outside": "import numpy\nnumpy.loadtxt('/etc/hostname')",
    "input": "input()",
    "stdin": "import sys\nsys.stdin.read()",
}  # fmt: skip
NOT_IMPORTABLE = (
    "subprocess socket ctypes importlib builtins gc pickle shutil multiprocessing "
    "signal urllib.request http.client posix _io habilis habilis.errors "
    "numpy.f2py numpy.ctypeslib sympy.external"
).split()


@pytest.mark.parametrize("name", REFUSED_AT_ONCE)
def test_refused_before_it_runs(worker: Worker, name: str) -> None:
    """Nothing of a refused program runs; the line and an advice are in the error."""
    outcome = worker.run("print('ran')\n" + REFUSED_AT_ONCE[name])
    assert outcome.kind is OutcomeKind.REFUSED
    assert outcome.printed == ""
    assert outcome.error.splitlines()[-1].startswith("NotAllowed: line ")


@pytest.mark.parametrize("name", FAILS_WHEN_RUN)
def test_fails_when_it_runs(worker: Worker, name: str) -> None:
    """A gadget that only shows at run time ends in an error of the code."""
    source = FAILS_WHEN_RUN[name]
    if "sympy" in source:
        pytest.importorskip("sympy")
    outcome = worker.run(source)
    assert outcome.kind in (OutcomeKind.RAISED, OutcomeKind.REFUSED)
    assert outcome.value is None


@pytest.mark.parametrize("module", NOT_IMPORTABLE)
def test_module_is_not_importable(worker: Worker, module: str) -> None:
    """Modules are denied unless the table names them; the message says how to allow one."""
    outcome = worker.run(f"import {module}")
    assert outcome.kind in (OutcomeKind.RAISED, OutcomeKind.REFUSED)
    assert "not available" in outcome.error or "private" in outcome.error


def test_the_message_names_what_is_allowed(worker: Worker) -> None:
    """A model that asked for a missing module reads what it can use instead."""
    outcome = worker.run("import requests")
    assert outcome.error_type == "ImportError"
    allowed = "allowed: most of the standard library, dateutil, mpmath, networkx, numpy, "
    assert f"module 'requests' is not available; {allowed}" in outcome.error
    assert outcome.error.endswith("the user can allow it with allow=['requests']")


def test_a_module_the_user_allows_is_there_whole() -> None:
    """`allow` is the user's word: the module comes without the table's restrictions."""
    with Worker(allow=["shutil", "sys"]) as worker:
        outcome = worker.run("import shutil, sys\ncallable(shutil.which), 'sys' in sys.modules")
        assert outcome.value == (True, True)


def test_an_allowed_module_that_is_missing_says_so() -> None:
    """Not installed is another problem than not allowed."""
    with Worker(allow=["no_such_module_here"]) as worker:
        outcome = worker.run("import no_such_module_here.sub")
        assert outcome.error_type == "ModuleNotFoundError"
        assert "'no_such_module_here' is allowed but not installed" in outcome.error


def test_tables_of_modules_are_copies(worker: Worker) -> None:
    """Code that changes a table of a library changes its own copy."""
    outcome = worker.run(
        "import html, calendar, string\nfrom decimal import Decimal\nimport keyword\n"
        "keyword.kwlist.append('x')\n'x' in keyword.kwlist, keyword.iskeyword('x')"
    )
    assert outcome.value == (True, False)


def test_eval_handed_to_a_library_does_not_see_the_library(worker: Worker) -> None:
    """`eval` looks for the sandbox's own caller, not for the nearest one."""
    pytest.importorskip("numpy")
    outcome = worker.run("import numpy as np\nnp.vectorize(eval)(['__name__'])[0]")
    assert outcome.value == "__main__"


def test_no_path_of_the_host_is_told(worker: Worker) -> None:
    """Error messages keep file names and drop the folders they are in."""
    outcome = worker.run("import os\nopen(os.path.join(os.getcwd(), 'none.txt'))")
    assert outcome.error.endswith("No such file or directory: 'none.txt'")
