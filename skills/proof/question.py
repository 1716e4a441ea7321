"""The question that tells most: the input on which rivals or surviving mutants disagree."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import TypeVar

from habilis.skills.compare import same
from habilis.skills.outcome import Outcome

_Input = TypeVar("_Input")


def telling_inputs(
    inputs: Sequence[_Input], survivors: Sequence[Sequence[bool]], *, count: int
) -> list[_Input]:
    """Return up to `count` inputs that together tell most survivors from the draft.

    `survivors` holds, for each mutant, whether it differs on each input. Greedy: each next
    input is the one that tells most of those still left; the earlier one where they tie.
    """
    left, chosen = [row for row in survivors if any(row)], list[int]()
    while left and len(chosen) < count:
        best = max(range(len(inputs)), key=lambda index: sum(row[index] for row in left))
        if not any(row[best] for row in left):
            break
        chosen.append(best)
        left = [row for row in left if not row[best]]
    return [inputs[index] for index in chosen]


def most_disputed(outcomes: Sequence[Sequence[Outcome]]) -> list[int]:
    """Rank inputs by how evenly rival drafts split over them, most disputed first.

    `outcomes` holds, for each draft, what it gave on each input. The measure is the entropy
    of the groups that give the same: the expected bits an answer brings, as in query by
    committee (Seung, Opper and Sompolinsky, 1992). Inputs on which all agree are left out.
    """
    count = len(outcomes[0]) if outcomes else 0
    split = [_entropy(groups([row[index] for row in outcomes])) for index in range(count)]
    order = sorted(range(count), key=lambda index: -split[index])
    return [index for index in order if split[index] > 0]


def most_contested(mine: Sequence[Outcome], rivals: Sequence[Sequence[Outcome]]) -> list[int]:
    """Rank inputs by how many rivals contradict one draft there, most first.

    The question about this draft, where `most_disputed` is the one about all of them.
    Inputs on which nobody contradicts it are left out.
    """
    against = [
        sum(not _equal(outcome, row[index]) for row in rivals) for index, outcome in enumerate(mine)
    ]
    order = sorted(range(len(mine)), key=lambda index: -against[index])
    return [index for index in order if against[index]]


def groups(outcomes: Sequence[Outcome]) -> list[int]:
    """Number outcomes so that equal results have equal numbers; all errors are one group."""
    firsts: list[Outcome] = []
    numbers = []
    for outcome in outcomes:
        found = next((n for n, first in enumerate(firsts) if _equal(first, outcome)), len(firsts))
        if found == len(firsts):
            firsts.append(outcome)
        numbers.append(found)
    return numbers


def _equal(one: Outcome, other: Outcome) -> bool:
    if one.ok and other.ok:
        return same(one.value, other.value, rel_tol=1e-6)
    return not one.ok and not other.ok


def _entropy(numbers: Sequence[Hashable]) -> float:
    total = len(numbers)
    return -sum(n / total * math.log2(n / total) for n in Counter(numbers).values())
