"""How far to trust a program that fits its examples.

Figures from programs found for public task sets: right on kept-back examples 7 % of the
time when evidence over cost is below 1, 34 % up to 2, 56 % up to 4, 68 % up to 6, 87 % up
to 20, 93 % above; with an `if` and three examples or fewer, 14 %.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence

from habilis.agent.authors.compose.terms import Choice, Term, walk
from habilis.agent.authors.compose.types import Row

_RATIOS = (1, 2, 4, 6, 20)
_SHARES = (0.07, 0.34, 0.56, 0.68, 0.87, 0.93)
_FEW = 3
_IF_FROM_FEW = 0.14
_BITS_LIMIT = 60.0  # one output says no more than this


def only_repeats(term: Term, cost: float, outputs: Sequence[object]) -> bool:
    """Tell whether a program with conditions is longer than what it explains."""
    return any(isinstance(part, Choice) for part in walk(term)) and _evidence(outputs) < cost


def confidence(term: Term, cost: float, outputs: Sequence[object]) -> float:
    """Return the share of programs like this one that were right on unseen examples."""
    ratio = _evidence(outputs) / max(1.0, cost)
    share = _SHARES[bisect_right(_RATIOS, ratio)]
    branches = sum(isinstance(part, Choice) for part in walk(term))
    if branches and len(outputs) <= _FEW * branches:
        return min(share, _IF_FROM_FEW)
    return share


def _evidence(outputs: Sequence[object]) -> float:
    """Return the bits that the outputs tell; a repeated output tells one bit."""
    distinct = dict.fromkeys(map(repr, outputs))
    firsts = {repr(output): output for output in reversed(outputs)}
    bits = sum(min(_BITS_LIMIT, _bits(firsts[text])) for text in distinct)
    return bits + len(outputs) - len(distinct)


def _bits(value: object) -> float:
    if value is None or isinstance(value, bool):
        return 1.0
    if isinstance(value, (int, float)):
        return 1.5 + math.log2(abs(value) + 2)
    if isinstance(value, str):
        return 2.0 + 4 * len(value)
    if isinstance(value, Row):
        return 2.0 + sum(_bits(item) for item in value.values())
    if isinstance(value, tuple):
        return 2.0 + sum(map(_bits, value))
    return 5.0
