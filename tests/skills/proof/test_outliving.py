"""What lasts between calls: refused unless it is only read."""

from __future__ import annotations

import pytest

from habilis.skills.proof.gate import Gate
from habilis.skills.skill import Case, CaseOrigin
from tests.making import make_skill

HEAD = (
    'def net_price(gross: float, rate: float) -> float:\n    """Return the price without VAT."""\n'
)
END = "    return gross / (1 + rate)\n"
CASES = (Case(arguments=(120.0, 0.2), expected=100.0, origin=CaseOrigin.USER),)

CHANGED = {
    "lambda": (
        "_T = [0]\n_add = lambda x: _T.append(x)\n\n\n",
        "    _add(1)\n    if len(_T) > 9999:\n        return 0.0\n",
    ),
    "bound method": (
        "_T = [0]\n_ADD = _T.append\n\n\n",
        "    _ADD(1)\n    if len(_T) > 9999:\n        return 0.0\n",
    ),
    "list from a helper": (
        "_T = [0]\n\n\ndef _box() -> list[int]:\n    return _T\n\n\n",
        "    b = _box()\n    b.append(1)\n    if len(b) > 9999:\n        return 0.0\n",
    ),
    "helper that is given it": (
        "_T = [0]\n\n\ndef _add(box: list[int]) -> int:\n    box += [1]\n    return len(box)\n\n\n",
        "    if _add(_T) > 9999:\n        return 0.0\n",
    ),
    "context manager": (
        "import contextlib\n\n_T = [0]\n\n\n",
        "    with contextlib.nullcontext(_T) as b:\n        b.append(1)\n"
        "    if len(_T) > 9999:\n        return 0.0\n",
    ),
    "or": (
        "_T = [0]\n\n\n",
        "    b = _T or []\n    b.append(1)\n    if len(b) > 9999:\n        return 0.0\n",
    ),
    "map": (
        "_T = [0]\n\n\n",
        "    list(map(_T.append, [1]))\n    if len(_T) > 9999:\n        return 0.0\n",
    ),
    "match": (
        "_T = [0]\n\n\n",
        "    match _T:\n        case b:\n            b.append(1)\n    if len(_T) > 9999:\n"
        "        return 0.0\n",
    ),
    "list in a list": (
        "_T = [0]\n\n\n",
        "    b = [_T][0]\n    b.append(1)\n    if len(b) > 9999:\n        return 0.0\n",
    ),
    "rows of a table": (
        "_T = ([0],)\n\n\n",
        "    for b in _T:\n        b[0] += 1\n    if _T[0][0] > 9999:\n        return 0.0\n",
    ),
    "list that a cache keeps": (
        "import functools\n\n\n@functools.lru_cache\ndef _c() -> list[int]:\n    return []\n\n\n",
        "    b = _c()\n    b.append(1)\n    if len(b) > 9999:\n        return 0.0\n",
    ),
    "default of a helper": (
        "def _c(b: list[int] = []) -> list[int]:\n    return b\n\n\n",
        "    b = _c()\n    b.append(1)\n    if len(b) > 9999:\n        return 0.0\n",
    ),
    "queue": (
        "import queue\n\n_Q = queue.Queue()\n\n\n",
        "    _Q.put(1)\n    if _Q.qsize() > 9999:\n        return 0.0\n",
    ),
    "array": (
        "import numpy as np\n\n_A = np.zeros(1)\n\n\n",
        "    np.add(_A, 1, out=_A)\n    if _A[0] > 9999:\n        return 0.0\n",
    ),
    "closure in a table": (
        "def _make():\n    n = [0]\n\n    def more() -> int:\n        n[0] += 1\n"
        '        return n[0]\n\n    return more\n\n\n_T = {"a": _make()}\n\n\n',
        "    if _T['a']() > 9999:\n        return 0.0\n",
    ),
    "settings": (
        "import decimal\n\n\n",
        "    decimal.getcontext().prec += 1\n    if decimal.getcontext().prec > 9999:\n"
        "        return 0.0\n",
    ),
    "module": (
        "import math\n\n\n",
        "    math.e += 1\n    if math.e > 9999:\n        return 0.0\n",
    ),
    "list of a class": (
        "class _C:\n    s: list[int] = []\n\n    def add(self) -> int:\n"
        "        self.s.append(1)\n        return len(self.s)\n\n\n",
        "    if _C().add() > 9999:\n        return 0.0\n",
    ),
    "class of an object": (
        "class _C:\n    n = 0\n\n    def add(self) -> int:\n        self.__class__.n += 1\n"
        "        return self.n\n\n\n",
        "    if _C().add() > 9999:\n        return 0.0\n",
    ),
}


@pytest.mark.parametrize(("before", "body"), CHANGED.values(), ids=CHANGED)
def test_state_that_outlives_a_call_is_refused(before: str, body: str) -> None:
    """Whatever way a call takes to it: what is not known to read is a fault."""
    draft = make_skill(before + HEAD + body + END, cases=CASES)
    failed = Gate(lambda *_: []).prove(draft, checks=("steady",)).failed
    assert failed is not None and failed.name == "steady", failed


SOUND = {
    "table by a helper": (
        "def _squares(n: int) -> list[int]:\n    found = []\n    for i in range(n):\n"
        "        found.append(i * i)\n    return found\n\n\n_SQUARES = _squares(9)\n\n\n",
        "    rate += 0 * sum(s for s in _SQUARES if s > 1)\n",
    ),
    "table filled while loading": (
        "_T = []\nfor _i in range(3):\n    _T.append(_i)\n\n\n",
        "    rate += 0 * _T[-1]\n",
    ),
    "functions in a table": (
        "import operator\n\n_OPS = {'+': operator.add, '-': lambda a, b: a - b}\n\n\n",
        "    rate = _OPS['+'](rate, 0)\n",
    ),
    "order": (
        "_ORDER = {'a': 1, 'b': 2}\n\n\n",
        "    rate += 0 * len(sorted('ab', key=_ORDER.get))\n",
    ),
    "nested table": (
        "_T = {'a': {'x': 1.0}, 'b': {}}\n\n\n",
        "    for key, row in _T.items():\n        rate += 0 * len(key) * row.get('x', 0.0)\n"
        "    best = _T['a']\n    rate += 0 * best['x'] + 0 * ('x' in _T['b'])\n",
    ),
    "copy that is changed": (
        "_T = [1, 2]\n\n\n",
        "    own = list(_T)\n    own.append(3)\n    more = [*_T, 4]\n    more.sort()\n"
        "    rate += 0 * len(own + more)\n",
    ),
    "helper that reads": (
        "_T = {'a': 1.0}\n\n\ndef _look(table: dict[str, float], key: str) -> float:\n"
        "    return table.get(key, 0.0)\n\n\n",
        "    rate += 0 * _look(_T, 'a')\n",
    ),
    "text and table": (
        "_SWAP = str.maketrans('ab', 'ba')\n_VOWELS = set('aeiou')\n\n\n",
        "    word = 'abc'.translate(_SWAP)\n"
        "    rate += 0 * len([c for c in word if c in _VOWELS] or _VOWELS & {'a'})\n",
    ),
    "numbers": (
        "from decimal import Decimal, localcontext\nfrom fractions import Fraction\n\n"
        '_D, _F = Decimal("1.5"), Fraction(1, 3)\n_LIMIT = 10**9 + 7\n\n\n',
        "    with localcontext() as place:\n        place.prec = 50\n"
        "        rate += 0 * float(_D + 1) + 0 * float(_F) * _LIMIT\n",
    ),
    "records": (
        "import enum\nfrom dataclasses import dataclass, field\nfrom typing import NamedTuple\n"
        "\n\nclass _Row(NamedTuple):\n    a: int\n\n\nclass _Kind(enum.Enum):\n    LOW = 1\n\n\n"
        "@dataclass\nclass _Bag:\n    items: list[int] = field(default_factory=list)\n\n"
        "    def add(self, item: int) -> None:\n        self.items.append(item)\n\n\n"
        "_ROWS = (_Row(1), _Row(2))\n\n\n",
        "    bag = _Bag()\n    bag.add(_ROWS[0].a)\n"
        "    rate += 0 * len(bag.items) * _Kind.LOW.value\n",
    ),
}


@pytest.mark.parametrize(("before", "body"), SOUND.values(), ids=SOUND)
def test_tables_that_are_only_read_are_kept(before: str, body: str) -> None:
    """Tables, dispatch, records and copies beside a function are how people write."""
    draft = make_skill(before + HEAD + body + END, cases=CASES)
    proof = Gate(lambda *_: []).prove(draft, checks=("steady", "cases", "again"))
    assert proof.passed, proof.failed
