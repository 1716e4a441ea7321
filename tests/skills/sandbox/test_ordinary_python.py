"""Ordinary Python, as models write it, just runs: one case for each construct."""

# ruff: noqa: E501 - programs on one line each
from __future__ import annotations

import pytest

from habilis.skills.sandbox.client import Worker

RUNS: dict[str, tuple[str, object]] = {
    "augmented item": ("d = {'a': 1}\nd['a'] += 2\nd", {"a": 3}),
    "augmented slice": ("a = [1, 2, 3]\na[1:] *= 2\na", [1, 2, 3, 2, 3]),
    "swap items": ("a = [1, 2]\na[0], a[1] = a[1], a[0]\na", [2, 1]),
    "starred unpacking": ("a, *b = range(4)\n(a, b)", (0, [1, 2, 3])),
    "star arguments": (
        "def f(*a, k=0, **kw): return a, k, kw\nf(*[1, 2], **{'k': 3, 'z': 4})",
        ((1, 2), 3, {"z": 4}),
    ),
    "keyword only and default": ("def f(a, /, b=2, *, c): return a + b + c\nf(1, c=3)", 6),
    "closure": (
        "def f():\n    n = 0\n    def g():\n        nonlocal n\n        n += 1\n"
        "        return n\n    g()\n    return g()\nf()",
        2,
    ),
    "global": ("t = 0\ndef f():\n    global t\n    t += 5\nf()\nt", 5),
    "generator": ("def g():\n    yield from range(3)\nsum(g())", 3),
    "generator send": ("def g():\n    x = yield 1\n    yield x\ni = g(); next(i); i.send(7)", 7),
    "walrus": ("[y for x in range(4) if (y := x * 2) > 2]", [4, 6]),
    "nested comprehension": ("{(i, j): i * j for i in range(2) for j in range(2)}[1, 1]", 1),
    "f-string": ("x = 3.14159\nf'{x:.2f} {x!r:>10} {1 + 1 = }'", "3.14    3.14159 1 + 1 = 2"),
    "str.format": ("'{:>5}|{0}' .replace('{0}', '{}').format(1, 'b')", "    1|b"),
    "str.format with attribute": ("'{0.real} {1[k]}'.format(2, {'k': 5})", "2 5"),
    "str.format map": ("', '.join(map('{:02d}'.format, [1, 2]))", "01, 02"),
    "percent": ("'%s is %d' % ('a', 3)", "a is 3"),
    "lambda and sorted": ("sorted(['bb', 'a'], key=lambda s: len(s))", ["a", "bb"]),
    "try else finally": (
        "r = []\ntry:\n    r.append(1)\nexcept ValueError:\n    pass\nelse:\n"
        "    r.append(2)\nfinally:\n    r.append(3)\nr",
        [1, 2, 3],
    ),
    "bare except": ("try:\n    1 / 0\nexcept:\n    r = 'caught'\nr", "caught"),
    "own exception": (
        "class E(ValueError):\n    def __init__(self, n):\n        super().__init__(n)\n"
        "        self.n = n\ntry:\n    raise E(4)\nexcept E as e:\n    r = e.n\nr",
        4,
    ),
    "class with state": (
        "class A:\n    k = 1\n    def __init__(self):\n        self.n = 0\n"
        "    def up(self):\n        self.n += self.k\n        return self\n"
        "A().up().up().n",
        2,
    ),
    "inheritance": (
        "class A:\n    def f(self): return 1\nclass B(A):\n"
        "    def f(self): return super().f() + 1\nB().f()",
        2,
    ),
    "private names": (
        "class A:\n    def __init__(self):\n        self._x = 1\n        self.__y = 2\n"
        "    def s(self): return self._x + self.__y\n_a = A()\n_a.s()",
        3,
    ),
    "property": (
        "class A:\n    def __init__(self): self._v = 1\n    @property\n"
        "    def v(self): return self._v\n    @v.setter\n    def v(self, n): self._v = n\n"
        "a = A()\na.v = 9\na.v",
        9,
    ),
    "static and class methods": (
        "class A:\n    @staticmethod\n    def s(): return 1\n    @classmethod\n"
        "    def c(cls): return cls.__name__\nA.s(), A.c()",
        (1, "A"),
    ),
    "operators": (
        "class V:\n    def __init__(s, x): s.x = x\n    def __add__(s, o): return V(s.x + o.x)\n"
        "    def __eq__(s, o): return s.x == o.x\n    def __hash__(s): return hash(s.x)\n"
        "    def __repr__(s): return f'V({s.x})'\nrepr(V(1) + V(2)), V(1) == V(1)",
        ("V(3)", True),
    ),
    "container methods": (
        "class C:\n    def __init__(s): s.d = {}\n    def __getitem__(s, k): return s.d[k]\n"
        "    def __setitem__(s, k, v): s.d[k] = v\n    def __len__(s): return len(s.d)\n"
        "    def __iter__(s): return iter(s.d)\n    def __contains__(s, k): return k in s.d\n"
        "c = C()\nc['a'] = 1\nc['a'] += 1\nc['a'], len(c), list(c), 'a' in c",
        (2, 1, ["a"], True),
    ),
    "context manager": (
        "class M:\n    def __enter__(s): return 5\n    def __exit__(s, *a): return True\n"
        "with M() as m:\n    1 / 0\nm",
        5,
    ),
    "slots": ("class A:\n    __slots__ = ('x',)\n    def __init__(self): self.x = 1\nA().x", 1),
    "dict of an own object": (
        "class A: pass\na = A()\na.__dict__.update(x=1)\na.x, vars(a)",
        (1, {"x": 1}),
    ),
    "class name": (
        "type(1).__name__, (1).__class__ is int, type(1) is int, isinstance(int, type)",
        ("int", True, True, True),
    ),
    "getattr": (
        "class A: x = 1\ngetattr(A, 'x'), getattr(A, 'y', 2), hasattr(A, 'y')",
        (1, 2, False),
    ),
    "setattr": ("class A: pass\na = A()\nsetattr(a, 'q', 3)\na.q", 3),
    "decorator": (
        "import functools\ndef twice(f):\n    @functools.wraps(f)\n    def g(*a):\n"
        "        return f(*a) * 2\n    return g\n@twice\ndef h(x):\n    'doc'\n    return x\n"
        "h(4), h.__name__, h.__doc__",
        (8, "h", "doc"),
    ),
    "function attribute": ("def f(): pass\nf.count = 1\nf.count += 1\nf.count", 2),
    "lru_cache": (
        "from functools import lru_cache\n@lru_cache(None)\ndef fib(n):\n"
        "    return n if n < 2 else fib(n - 1) + fib(n - 2)\nfib(80)",
        23416728348467685,
    ),
    "dataclass": (
        "from dataclasses import dataclass, field\n@dataclass(order=True)\nclass P:\n    x: int\n"
        "    tags: list[str] = field(default_factory=list)\nsorted([P(2), P(1)])[0].x, P(1) == P(1)",
        (1, True),
    ),
    "dataclass with text annotations": (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "from typing import ClassVar\n@dataclass\nclass P:\n    n: ClassVar[int] = 0\n"
        "    x: int = 1\nP(5).x",
        5,
    ),
    "frozen dataclass": (
        "import dataclasses\n@dataclasses.dataclass(frozen=True)\nclass P:\n    x: int\n"
        "    def __post_init__(self): object.__setattr__(self, 'x', self.x + 1)\n"
        "dataclasses.replace(P(1), x=5).x",
        6,
    ),
    "real annotations": (
        "def f(a: int) -> str: ...\nf.__annotations__ == {'a': int, 'return': str}",
        True,
    ),
    "namedtuple": (
        "from collections import namedtuple\nP = namedtuple('P', 'a b')\n"
        "P(1, 2)._replace(a=5)._asdict()",
        {"a": 5, "b": 2},
    ),
    "NamedTuple": (
        "from typing import NamedTuple\nclass P(NamedTuple):\n    a: int\n    b: int = 2\nP(1).b",
        2,
    ),
    "enum": (
        "from enum import Enum, auto\nclass C(Enum):\n    R = auto()\n    G = auto()\n"
        "[c.name for c in C], C(1).name, C['G'].value",
        (["R", "G"], "R", 2),
    ),
    "abstract class": (
        "from abc import ABC, ABCMeta, abstractmethod\nclass A(metaclass=ABCMeta):\n"
        "    @abstractmethod\n    def f(self): ...\nclass B(A):\n    def f(self): return 1\nB().f()",
        1,
    ),
    "generic class": (
        "from typing import Generic, TypeVar\nT = TypeVar('T')\nclass S(Generic[T]):\n"
        "    def __init__(self) -> None: self.items: list[T] = []\nS[int]().items",
        [],
    ),
    "typing names": (
        "from typing import List, Dict, Optional, Callable, Union, Any, Tuple\n"
        "def f(a: Optional[List[int]] = None) -> Dict[str, Any]: return {}\nf()",
        {},
    ),
    "match": (
        "def f(v):\n    match v:\n        case {'k': [x, *_]}: return x\n        case (a, b) if a > b: return a\n"
        "        case int() | float(): return 'n'\n        case _: return None\nf({'k': [4, 5]}), f((3, 1)), f(2)",
        (4, 3, "n"),
    ),
    "match class": (
        "class P:\n    __match_args__ = ('x', 'y')\n    def __init__(s, x, y): s.x, s.y = x, y\n"
        "match P(1, 2):\n    case P(x, y=2): r = x\nr",
        1,
    ),
    "singledispatch": (
        "from functools import singledispatch\n@singledispatch\ndef f(x): return 'o'\n"
        "@f.register\ndef _(x: int): return 'i'\n@f.register(str)\ndef _(x): return 's'\n"
        "f(1.0), f(1), f('')",
        ("o", "i", "s"),
    ),
    "total_ordering": (
        "from functools import total_ordering\n@total_ordering\nclass A:\n"
        "    def __init__(s, n): s.n = n\n    def __eq__(s, o): return s.n == o.n\n"
        "    def __lt__(s, o): return s.n < o.n\nA(2) >= A(1)",
        True,
    ),
    "contextmanager": (
        "from contextlib import contextmanager\n@contextmanager\ndef c():\n    yield 3\n"
        "with c() as v:\n    r = v\nr",
        3,
    ),
    "operator": (
        "from operator import itemgetter, attrgetter, methodcaller, add\n"
        "itemgetter(1)([1, 2]), attrgetter('real')(3), methodcaller('upper')('a'), add(1, 2)",
        (2, 3, "A", 3),
    ),
    "eval and exec": (
        "x = 3\nexec('y = x + 1')\ndef f(z): return eval('z + x')\ny, f(4), eval('a', {'a': 1})",
        (4, 7, 1),
    ),
    "globals": ("x = 3\nglobals()['w'] = 5\nw, 'x' in globals(), globals()['x']", (5, True, 3)),
    "locals": ("def f(a): return locals()\nf(1)", {"a": 1}),
    "main block": ("r = 0\nif __name__ == '__main__':\n    r = 1\nr", 1),
    "async function compiles": ("async def f(): return 1\nf.__name__", "f"),
    "assert": ("assert 1 == 1, 'no'\n1", 1),
    "del": ("x = [1, 2]\ndel x[0]\ny = 1\ndel y\nx", [2]),
    "while else": ("n = 3\nwhile n: n -= 1\nelse: n = 9\nn", 9),
    "bytes and bits": ("b'ab'.hex(), 5 >> 1, ~5, 7 @ 1 if False else 0", ("6162", 2, -6, 0)),
    "complex numbers": ("(1 + 2j) * 2", 2 + 4j),
    "chained comparison": ("1 < 2 < 3", True),
    "recursion": ("def f(n): return 0 if n == 0 else 1 + f(n - 1)\nf(2000)", 2000),
    "recursion limit": (
        "import sys\nsys.setrecursionlimit(10**6)\ndef f(n): return 0 if n == 0 else 1 + f(n - 1)\nf(9000)",
        9000,
    ),
    "strptime": (
        "from datetime import datetime\ndatetime.strptime('2024-01-02', '%Y-%m-%d').day",
        2,
    ),
    "json": ("import json\njson.loads(json.dumps({'a': [1, None]}))", {"a": [1, None]}),
    "re": ("import re\nre.sub(r'(\\d)', lambda m: m.group(1) * 2, 'a1')", "a11"),
    "StringIO and csv": (
        "import csv, io\nlist(csv.DictReader(io.StringIO('a,b\\n1,2')))",
        [{"a": "1", "b": "2"}],
    ),
    "redirect": (
        "import io\nfrom contextlib import redirect_stdout\ns = io.StringIO()\nwith redirect_stdout(s):\n"
        "    print('in')\ns.getvalue()",
        "in\n",
    ),
    "stdout replaced": (
        "import sys, io\nold, sys.stdout = sys.stdout, io.StringIO()\nprint('in')\n"
        "text = sys.stdout.getvalue()\nsys.stdout = old\ntext",
        "in\n",
    ),
    "files": (
        "with open('n.txt', 'w') as f:\n    f.write('a\\nb')\nfrom pathlib import Path\nimport os\n"
        "[line.strip() for line in open('n.txt')], Path('n.txt').read_text(), os.path.exists('n.txt')",
        (["a", "b"], "a\nb", True),
    ),
    "star import": ("from math import *\nsqrt(4), pi > 3", (2.0, True)),
    "submodule import": (
        "import os.path as p, collections.abc\np.join('a', 'b'), isinstance([], collections.abc.Sequence)",
        ("a/b", True),
    ),
    "itertools": (
        "from itertools import product, accumulate\nlist(accumulate([1, 2, 3])), len(list(product('ab', repeat=2)))",
        ([1, 3, 6], 4),
    ),
    "timeit": ("import timeit\ntimeit.timeit(lambda: 1, number=3) >= 0", True),
    "deepcopy": (
        "import copy, math\nclass A:\n    def __init__(s): s.l = [1]\na = A()\nb = copy.deepcopy(a)\n"
        "b.l.append(2)\na.l, b.l",
        ([1], [1, 2]),
    ),
}

SCIENCE: dict[str, tuple[str, object]] = {
    "numpy": ("import numpy as np\nfloat(np.linalg.norm(np.array([3.0, 4.0])))", 5.0),
    "numpy in place": ("import numpy as np\na = np.zeros(3)\na[1:] += 2\na.tolist()", [0.0, 2.0, 2.0]),
    "numpy random": ("import numpy as np\nlen(np.random.default_rng(0).normal(size=3))", 3),
    "numpy submodules": ("import numpy.linalg as la\nfrom numpy.polynomial import Polynomial\nla.det([[2, 0], [0, 3]]) > 5.9", True),
    "sympy star": ("from sympy import *\nx = symbols('x')\n[int(r) for r in solve(x**2 - 4, x)]", [-2, 2]),
    "sympy abc": ("from sympy.abc import x, y\nimport sympy as sp\nstr(sp.expand((x + y)**2))", "x**2 + 2*x*y + y**2"),
    "sympy parses": ("from sympy import sympify, lambdify, symbols\nx = symbols('x')\n"
                     "int(sympify('2*x + 1').subs('x', 3)), lambdify(x, x**2)(3)", (7, 9)),
    "sympy deep import": ("from sympy.solvers.inequalities import solve_univariate_inequality as s\ncallable(s)", True),
    "scipy": ("from scipy.stats import norm\nimport scipy.optimize as opt\n"
              "round(float(norm.cdf(0)), 3), round(opt.brentq(lambda v: v**2 - 4, 0, 5), 6)", (0.5, 2.0)),
    "scipy by attribute": ("import scipy\nround(scipy.special.gamma(5))", 24),
    "networkx": ("import networkx as nx\nnx.shortest_path(nx.path_graph(4), 0, 3)", [0, 1, 2, 3]),
    "mpmath": ("from mpmath import mp, mpf\nmp.dps = 30\nfloat(mpf(1) / 4)", 0.25),
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_runs(worker: Worker, name: str) -> None:
    """The construct gives what plain Python gives."""
    source, expected = RUNS[name]
    outcome = worker.run(source)
    assert outcome.error == ""
    assert outcome.value == expected


@pytest.mark.parametrize("name", SCIENCE)
def test_runs_with_libraries(worker: Worker, name: str) -> None:
    """Allowed libraries work with their sub-modules, where they are installed."""
    source, expected = SCIENCE[name]
    for library in ("sympy", "scipy", "networkx", "mpmath"):
        if library in source:
            pytest.importorskip(library)
    outcome = worker.run(source)
    assert outcome.error == ""
    assert outcome.value == expected
