"""Map and filter, deduced from the shapes of lists: what happens to each item is a small problem.

As in lambda-squared (Feser 2015): an output as long as a list suggests a map over it, a
subsequence suggests a filter. The body is searched for with its own examples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from habilis.agent.authors.compose.clock import Clock
from habilis.agent.authors.compose.goal import Goal
from habilis.agent.authors.compose.problem import Problem
from habilis.agent.authors.compose.search import Bank
from habilis.agent.authors.compose.terms import ERROR, Comprehension, Term, Values
from habilis.agent.authors.compose.types import Type, item_type

_COST = 2
_SHARE = 0.4  # of the time spent, at most, goes into bodies
_BODY_SHARE = 0.06  # of the whole time, at most, for one body
_MAX_LISTS = 60
_MAX_POINTS = 40

SolveInside = Callable[[Problem, Clock], Term | None]
Point = tuple[Values, object]


class Deduce:
    """Closing for lists."""

    def __init__(
        self, problem: Problem, bank: Bank, goal: Goal, clock: Clock, solve: SolveInside
    ) -> None:
        self._problem, self._bank, self._goal = problem, bank, goal
        self._clock, self._solve = clock, solve
        self._whole = clock.left
        self._spent = 0.0
        self._tried: set[tuple[Type, Values]] = set()
        self._solved: dict[tuple[object, ...], Term | None] = {}

    def see(self, term: Term) -> None:
        """Lists are taken from the bank when closing."""

    def close(self, level: int) -> None:
        """Try map and filter over the lists known so far."""
        for term in self._lists(level - 2):
            self._clock.check()
            if self._spent > _SHARE * self._clock.spent + 0.05 * self._whole:
                return
            if (term.type, term.values) in self._tried or len(self._tried) > _MAX_LISTS:
                continue
            self._tried.add((term.type, term.values))
            if term.cost + _COST + 1 < self._goal.best:
                self._try(term)

    def _lists(self, limit: int) -> list[Term]:
        found = [
            term
            for type_, levels in self._bank.items()
            if item_type(type_)
            for cost, terms in levels.items()
            if cost <= limit
            for term in terms
            if ERROR not in term.values
        ]
        return sorted(found, key=lambda term: term.cost)

    def _try(self, term: Term) -> None:
        pairs = [
            (xs, ys)
            for xs, ys in zip(term.values, self._goal.outputs, strict=True)
            if isinstance(xs, tuple) and isinstance(ys, tuple)
        ]
        wanted = item_type(self._goal.type)
        if len(pairs) < len(term.values) or wanted is None:
            return
        if all(len(xs) == len(ys) for xs, ys in pairs) and sum(len(xs) for xs, _ in pairs) > 2:
            self._body(term, [ys for _, ys in pairs], wanted, keeps=False)
        shorter = any(len(ys) < len(xs) for xs, ys in pairs)
        if shorter and wanted == item_type(term.type):
            kept = [_kept(xs, ys) for xs, ys in pairs]
            if None not in kept:
                self._body(term, [k for k in kept if k is not None], "bool", keeps=True)

    def _body(self, term: Term, results: Sequence[Values], returns: Type, *, keeps: bool) -> None:
        """Search for the body over the item, then over its index and the task's inputs too."""
        for wide in (False, True):
            problem = self._inner(term, results, returns, wide=wide)
            if problem is None:
                continue
            body = self._solved_inside(problem)
            if body is not None:
                index = problem.names[1] if wide else ""
                cost = term.cost + body.cost + _COST + wide
                self._goal.offer(
                    Comprehension(
                        term,
                        body,
                        self._goal.type,
                        item=problem.names[0],
                        index=index,
                        keeps=keeps,
                        cost=cost,
                    ),
                    cost,
                )
                return

    def _solved_inside(self, problem: Problem) -> Term | None:
        key = (problem.names, problem.rows, problem.outputs, problem.returns)
        if key not in self._solved:
            clock = self._clock.part(_BODY_SHARE * self._whole)
            self._solved[key] = self._solve(problem, clock)
            self._spent += clock.spent
            self._clock.tried += clock.tried
        return self._solved[key]

    def _inner(
        self, term: Term, results: Sequence[Values], returns: Type, *, wide: bool
    ) -> Problem | None:
        """Return the problem of one item's result; None when items contradict each other."""
        item = item_type(term.type) or ""
        taken = set(self._problem.names)
        names = [_free(_ITEM_NAMES.get(item, "item"), taken)]
        types = [item]
        if wide:
            names += [_free("i", taken), *self._problem.names]
            types += ["int", *self._problem.types]
        points: dict[Values, object] = {}
        for row, xs, ys in zip(self._problem.rows, term.values, results, strict=True):
            assert isinstance(xs, tuple)
            for i, (x, y) in enumerate(zip(xs, ys, strict=True)):
                point = (x, i, *row) if wide else (x,)
                if points.setdefault(point, y) != y:
                    return None
        if len(points) < 2 or (returns == "bool" and len(set(points.values())) < 2):
            return None
        some = list(points.items())[:_MAX_POINTS]
        return Problem(
            names=tuple(names),
            types=tuple(types),
            returns=returns,
            rows=tuple(point for point, _ in some),
            outputs=tuple(result for _, result in some),
        )


_ITEM_NAMES = {"str": "word", "int": "x", "float": "x", "dict": "row"}


def _free(name: str, taken: set[str]) -> str:
    return name if name not in taken else f"each_{name}"


def _kept(items: Values, chosen: Values) -> Values | None:
    """Tell which items were kept; None when `chosen` is no subsequence."""
    kinds = set(chosen)
    by_value = tuple(item in kinds for item in items)
    if tuple(x for x, keep in zip(items, by_value, strict=True) if keep) == chosen:
        return by_value
    kept, at = [], 0
    for item in items:
        keep = at < len(chosen) and item == chosen[at]
        kept.append(keep)
        at += keep
    return tuple(kept) if at == len(chosen) else None
