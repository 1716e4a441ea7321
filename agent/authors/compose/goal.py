"""What a search is after: whole answers, and terms that are right on some of the examples."""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import Enum
from typing import Protocol

from habilis.agent.authors.compose.terms import ERROR, Choice, Term, Values
from habilis.agent.authors.compose.types import MAX_NUMBER, Type

PARTIAL = 1.5  # more for an answer that raises on some row without an output
AGAIN: Type = "again"  # watched for terms that print what a cheaper one gives too
_MAX_RIVALS = 200


class Judged(Enum):
    """What running the written program says about an answer."""

    RIGHT = "right on every example"
    MISSES = "wrong on an example that the search does not look at"
    USELESS = "wrong where the search looked, or no answer that is wanted"


class Closing(Protocol):
    """Turns the terms of a search into whole answers. It is shown terms of the types it watches."""

    @property
    def watches(self) -> tuple[Type, ...]: ...

    def see(self, term: Term) -> None:
        """Take note of a new term."""

    def close(self, level: int) -> None:
        """Offer the goal what can be made of the terms seen so far, of cost up to `level`."""


class Goal:
    """Collects whole answers with their costs, and terms and tests by the examples they hold on.

    Sets of examples are bit masks: bit i stands for example i. `best` is the cost of the
    cheapest answer that is of use; `choosy` asks for every way to an answer, not one.
    `rivals` are all answers that were offered, not judged.
    """

    def __init__(
        self,
        outputs: Values,
        type_: Type,
        *,
        judge: Callable[[Term], Judged] | None = None,
        choosy: bool = False,
    ) -> None:
        self.outputs, self.type = outputs, type_
        self.full = (1 << len(outputs)) - 1
        self.answers: list[tuple[float, Term]] = []
        self.right_on: dict[int, Term] = {}
        self.tests: dict[int, Term] = {}
        self.best = math.inf
        self._judge, self.choosy = judge, choosy
        self._hit: Values | None = None
        self.rivals: list[tuple[float, Term]] = []

    @property
    def is_plain(self) -> bool:
        """Whether the best answer has no conditions: those that have deserve a longer search."""
        return bool(self.answers) and not isinstance(self.answers[-1][1], Choice)

    def see(self, term: Term) -> None:
        """Take note of a new term."""
        if term.type == self.type:
            mask = self._mask(term.values)
            if mask == self.full:
                self._hit = term.values
                self.offer(term, term.cost + PARTIAL * term.partial)
            elif mask and (mask not in self.right_on or term.cost < self.right_on[mask].cost):
                self.right_on[mask] = term
        if term.type == "bool" and ERROR not in term.values:
            values = term.values[: len(self.outputs)]
            mask = sum(1 << i for i, value in enumerate(values) if value)
            if 0 < mask < self.full:
                self.tests.setdefault(mask, term)

    def see_again(self, term: Term) -> None:
        """Take note of a term whose values were seen before: another way to an answer."""
        if self.choosy and term.type == self.type and term.values == self._hit:
            self.offer(term, term.cost)

    def offer(self, term: Term, cost: float) -> None:
        """Add a whole answer, unless judging it says that it is of no use."""
        if len(self.rivals) < _MAX_RIVALS:
            self.rivals.append((cost, term))
        if cost >= self.best:
            return
        judged = self._judge(term) if self._judge else Judged.RIGHT
        if judged is Judged.USELESS:
            return
        self.best = cost
        if judged is Judged.RIGHT:
            self.answers.append((cost, term))

    def _mask(self, values: Values) -> int:
        mask = 0
        for i, (value, wanted) in enumerate(zip(values, self.outputs, strict=False)):
            if value is not ERROR and _is(value, wanted):
                mask |= 1 << i
        return mask


def _is(value: object, wanted: object) -> bool:
    if isinstance(value, float) and isinstance(wanted, (int, float)):
        if value is wanted:  # there is one NaN
            return True
        if isinstance(wanted, int) and abs(wanted) > MAX_NUMBER:
            return value == wanted
        return math.isclose(value, wanted, rel_tol=1e-9, abs_tol=1e-12)
    return value == wanted
