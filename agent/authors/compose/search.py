"""Bottom-up enumeration of typed programs by cost, one kept per behaviour on the examples.

Observational equivalence as in Escher (Albarghouthi 2013) and its followers: of all
terms of a type with the same values on the examples, only the first, cheapest, is built
upon. A term that raises on some examples stays in use for the others.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter

from habilis.agent.authors.compose.clock import Clock, OutOfTime
from habilis.agent.authors.compose.components.skills import SkillCalls
from habilis.agent.authors.compose.goal import AGAIN, Closing, Goal
from habilis.agent.authors.compose.problem import Problem, Toolbox
from habilis.agent.authors.compose.terms import (
    ERROR,
    Apply,
    Component,
    Constant,
    Term,
    Values,
    Variable,
)
from habilis.agent.authors.compose.types import SHARED, Type, all_within_limits, freeze

_MAX_TERMS = 400_000
_PATIENCE = 0.7  # share of the time that may go into looking for a cheaper answer
_BEYOND = 2  # levels on which to look for other answers, when there are inputs to tell them apart
_PATIENCE_BEYOND = 0.2
_PLAIN = 0.7  # seconds to look for a cheaper answer when the best has no conditions
_LATE = 0.12  # share of the time kept for the closings when nothing was found
_PRINTED = 3  # further ways to a date or a number that are printed
_CHECK_EVERY = 128  # programs between two looks at the clock: 0.1 ms

# A text or a number that is computed from constants alone should be a constant.
_FROM_INPUTS = frozenset({"str", "float", "bool", "date"})

_raises = attrgetter("partial")

Bank = dict[Type, dict[int, list[Term]]]


class Search:
    """One search over one set of examples."""

    def __init__(
        self,
        problem: Problem,
        toolbox: Toolbox,
        goal: Goal,
        *,
        clock: Clock,
        calls: SkillCalls | None = None,
        max_cost: int = 40,
    ) -> None:
        self.problem, self.goal, self.clock = problem, goal, clock
        self.bank: Bank = {}
        self._seen: dict[Type, dict[Values, Term]] = {}
        self._toolbox, self._calls, self._max_cost = toolbox, calls, max_cost
        large = not all(map(all_within_limits, problem.columns))
        self._check_every = 1 if large else _CHECK_EVERY
        self._count = 0
        self._printed: Counter[Values] = Counter()
        self._watchers: dict[Type, list[Callable[[Term], None]]] = {}
        self._seconds = clock.left
        self._reserve = _LATE * clock.left
        self._first: float | None = None  # seconds left when there was an answer

    def run(self, closings: Sequence[Closing] = ()) -> None:
        """Search until no cheaper answer can come, or time is over; answers are in the goal."""
        self._watch(closings)
        level = 0
        try:
            for level in range(1, self._max_cost + 1):
                self._enumerate(level)
                for closing in closings:
                    closing.close(level)
                if self._is_enough(level):
                    return
        except OutOfTime:
            self._close_late(closings, level)

    def _watch(self, closings: Sequence[Closing]) -> None:
        for type_ in dict.fromkeys((self.goal.type, "bool")):
            self._watchers[type_] = [self.goal.see]
        for closing in closings:
            for type_ in closing.watches:
                self._watchers.setdefault(type_, []).append(closing.see)

    def _close_late(self, closings: Sequence[Closing], level: int) -> None:
        """Use the time that was kept for making an answer of the terms there are."""
        if self.goal.best < math.inf:
            return
        try:
            for closing in closings:
                closing.close(level)
        except OutOfTime:
            pass

    def _is_enough(self, level: int) -> bool:
        if self.goal.best == math.inf:
            return False
        if self._first is None:
            self._first = self.clock.left
        waited, limit = self._first - self.clock.left, _PATIENCE * self._seconds
        if self.goal.best <= level + 1:
            beyond = _BEYOND if self.problem.spare else 0
            return level + 1 >= self.goal.best + beyond or waited > _PATIENCE_BEYOND * limit
        if self.goal.is_plain:
            limit = min(limit, _PLAIN + 2 * (self._seconds - self._first))
        return waited > limit

    def _enumerate(self, level: int) -> None:
        if level == 1:
            pairs = zip(self.problem.names, self.problem.types, self.problem.columns, strict=True)
            for name, type_, column in pairs:
                self._keep(Variable(name, type_, column), 1)
        for constant in self._toolbox.constants:
            if constant.cost == level:
                self._keep(constant, level)
        for component in self._toolbox.components:
            if component.skill:
                self._expand_skill(component, level)
            else:
                self._expand(component, level)

    # terms -------------------------------------------------------------------

    def _keep(self, term: Term, level: int) -> None:
        seen = self._seen.setdefault(term.type, {})
        if term.values in seen:
            return
        seen[term.values] = term
        self.bank.setdefault(term.type, {}).setdefault(level, []).append(term)
        self._count += 1
        for watch in self._watchers.get(term.type, ()):
            watch(term)

    def _take(
        self, component: Component, arguments: tuple[Term, ...], values: Values, level: int
    ) -> None:
        """Keep the term of these values unless it is known, too large, or wrong everywhere."""
        if component.returns == "float":
            values = tuple(map(freeze, values))  # one NaN
        try:
            known = values in self._seen.setdefault(component.returns, {})
        except TypeError:  # a value that cannot be hashed cannot be compared either
            return
        if known:
            if component.returns in {self.goal.type, *SHARED}:
                self._see_again(
                    Apply(component, arguments, values, cost=level, partial=ERROR in values)
                )
            return
        failed = values.count(ERROR)
        if failed == len(values):
            return
        term = Apply(component, arguments, values, cost=level, partial=failed > 0)
        if all_within_limits(values):
            self._keep(term, level)
        elif component.returns == self.goal.type:  # too large to build upon, maybe the answer
            self.goal.see(term)

    def _see_again(self, term: Apply) -> None:
        """Show another way to known values where it matters: beside what it shares parts with."""
        watchers = self._watchers.get(AGAIN, ())
        if term.type == self.goal.type:
            self.goal.see_again(term)
            if term.component.arguments[0] in SHARED:
                for watch in watchers:
                    watch(term)
        elif watchers and not term.partial and self._printed[term.values] < _PRINTED:
            self._printed[term.values] += 1
            for component in self._toolbox.components:
                if component.arguments == (term.type,) and component.returns == self.goal.type:
                    values = tuple(_one_by_one(component, [term.values]))
                    cost = term.cost + component.cost
                    again = Apply(component, (term,), values, cost=cost, partial=ERROR in values)
                    for watch in watchers:
                        watch(again)

    def _expand(self, component: Component, level: int) -> None:
        ticks, seen = 0, self._seen.setdefault(component.returns, {})
        function, may_be_fixed = component.function, component.returns in _FROM_INPUTS
        again = self.goal.choosy or component.arguments[0] in SHARED
        choosy = again and self.goal.type == component.returns
        for arguments in self._arguments(component, level):
            ticks += 1
            if ticks >= self._check_every:
                self._tick(ticks)
                ticks = 0
            if may_be_fixed and all(type(argument) is Constant for argument in arguments):
                continue
            columns = [argument.values for argument in arguments]
            if any(map(_raises, arguments)):
                values = tuple(_one_by_one(component, columns))
            else:
                try:
                    values = tuple(map(function, *columns))
                except Exception:  # noqa: BLE001 - any component may refuse any value
                    values = tuple(_one_by_one(component, columns))
            try:
                if values in seen and not choosy:
                    continue
            except TypeError:  # a value that cannot be hashed cannot be compared either
                continue
            self._take(component, arguments, values, level)
        self._tick(ticks)

    def _tick(self, programs: int) -> None:
        self.clock.tried += programs
        self.clock.check()
        if self._count > _MAX_TERMS or self.clock.left < self._reserve:
            raise OutOfTime

    def _arguments(self, component: Component, level: int) -> Iterator[tuple[Term, ...]]:
        banks = [self.bank.get(type_) for type_ in component.arguments]
        rest = level - component.cost
        if rest < len(banks):
            return
        found = [bank for bank in banks if bank]
        if len(found) == len(banks):
            most = rest // 2 if component.symmetric else component.argument_limit
            yield from _combinations(found, rest, component.argument_limit, most)

    def _expand_skill(self, component: Component, level: int) -> None:
        """Call a saved skill once, with every argument of this level that it has not had."""
        if self._calls is None:
            return
        batch = []
        for arguments in self._arguments(component, level):
            batch.append(arguments)
            if len(batch) == self._calls.batch:
                break
        self._tick(len(batch))
        vectors = [
            list(zip(*(argument.values for argument in arguments), strict=True))
            for arguments in batch
        ]
        self._calls.prepare(component, [row for vector in vectors for row in vector])
        for arguments, vector in zip(batch, vectors, strict=True):
            values = tuple(self._calls.value(component, row) for row in vector)
            self._take(component, arguments, values, level)


def _one_by_one(component: Component, columns: Sequence[Values]) -> Iterator[object]:
    for values in zip(*columns, strict=True):
        if ERROR in values:
            yield ERROR
            continue
        try:
            yield component.function(*values)
        except Exception:  # noqa: BLE001 - any component may refuse any value
            yield ERROR


def _combinations(
    banks: Sequence[dict[int, list[Term]]], rest: int, limit: int, first_limit: int
) -> Iterator[tuple[Term, ...]]:
    """Yield one term per bank, costs adding up to `rest` and each at most `limit`.

    The first costs at most `first_limit`.
    """
    first, others = banks[0], banks[1:]
    if not others:
        if rest <= limit:
            for term in tuple(first.get(rest, ())):
                yield (term,)
        return
    for cost in tuple(first):
        if cost > min(limit, first_limit) or rest - cost < len(others):
            continue
        tails = tuple(_combinations(others, rest - cost, limit, limit))
        if tails:
            for term in tuple(first[cost]):
                for tail in tails:
                    yield (term, *tail)
