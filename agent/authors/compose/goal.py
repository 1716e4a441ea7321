"""What a search is after: whole answers, and terms that are right on some of the examples."""

from __future__ import annotations

import math
from typing import Protocol

from habilis.agent.authors.compose.terms import ERROR, Term, Values
from habilis.agent.authors.compose.types import Type

_KEPT = 60  # whole answers remembered, cheap and dear


class Closing(Protocol):
    """Turns the terms of a search into whole answers."""

    def see(self, term: Term) -> None:
        """Take note of a new term."""

    def close(self, level: int) -> None:
        """Offer the goal what can be made of the terms seen so far, of cost up to `level`."""


class Goal:
    """Collects whole answers with their costs, and terms and tests by the examples they hold on.

    Sets of examples are bit masks: bit i stands for example i.
    """

    def __init__(self, outputs: Values, type_: Type) -> None:
        self.outputs, self.type = outputs, type_
        self.full = (1 << len(outputs)) - 1
        self.answers: list[tuple[float, Term]] = []
        self.right_on: dict[int, Term] = {}
        self.tests: dict[int, Term] = {}
        self.best = math.inf
        self._hit: Values | None = None

    def see(self, term: Term) -> None:
        """Take note of a new term."""
        if term.type == self.type:
            mask = self._mask(term.values)
            if mask == self.full:
                self._hit = term.values
                self.offer(term, term.cost)
            elif mask and (mask not in self.right_on or term.cost < self.right_on[mask].cost):
                self.right_on[mask] = term
        if term.type == "bool" and ERROR not in term.values:
            mask = sum(1 << i for i, value in enumerate(term.values) if value)
            if 0 < mask < self.full:
                self.tests.setdefault(mask, term)

    def see_again(self, term: Term) -> None:
        """Take note of a term whose values were seen before: another way to an answer."""
        if term.values == self._hit and term.type == self.type:
            self.offer(term, term.cost)

    def offer(self, term: Term, cost: float) -> None:
        """Add a whole answer."""
        self.best = min(self.best, cost)
        if len(self.answers) < _KEPT or cost <= self.best:
            self.answers.append((cost, term))

    def _mask(self, values: Values) -> int:
        pairs = enumerate(zip(values, self.outputs, strict=True))
        return sum(1 << i for i, (value, wanted) in pairs if value is not ERROR and _is(value, wanted))


def _is(value: object, wanted: object) -> bool:
    if isinstance(value, float) and isinstance(wanted, (int, float)):
        return math.isclose(value, wanted, rel_tol=1e-9, abs_tol=1e-12)
    return value == wanted
