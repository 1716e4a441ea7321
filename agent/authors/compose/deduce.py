"""Map and filter, deduced from the shapes of lists: what happens to each item is a small problem.

As in lambda-squared (Feser 2015): an output as long as a list suggests a map over it, one
k times as long a map to k items each, a subsequence a filter, runs of its items a
repetition. The body is searched for with its own examples: over the item, then its place,
the task's numbers, the whole list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from habilis.agent.authors.compose.clock import Clock
from habilis.agent.authors.compose.goal import Goal
from habilis.agent.authors.compose.problem import Problem
from habilis.agent.authors.compose.search import Bank
from habilis.agent.authors.compose.terms import (
    ERROR,
    Comprehension,
    Term,
    Values,
    Variable,
    Way,
)
from habilis.agent.authors.compose.types import Type, item_type

_COST = 2
_SHARE = 0.5  # of the time spent, at most, goes into bodies
_SLACK = 1  # how much more than the level a body may cost
_MAX_LISTS = 60
_MAX_OUTER = 6
_OUTER_COST = 4
_ITEM_NAMES = {"str": "word", "int": "x", "float": "x", "dict": "row"}

SolveInside = Callable[[Problem, Clock, int], Term | None]


@dataclass(frozen=True)
class _View:
    """What a body may look at besides its item: `given(e, i)` for item i of example e."""

    names: tuple[str, ...]
    types: tuple[Type, ...]
    given: Callable[[int, int], Values]
    outer: tuple[tuple[str, Term], ...] = ()


class Deduce:
    """Closing for lists."""

    watches: tuple[Type, ...] = ()  # lists are taken from the bank

    def __init__(
        self, problem: Problem, bank: Bank, goal: Goal, clock: Clock, solve: SolveInside
    ) -> None:
        self._problem, self._bank, self._goal = problem, bank, goal
        self._clock, self._solve = clock, solve
        self._count = len(problem.outputs)
        self._whole = clock.left
        self._spent = 0.0
        self._limits: dict[tuple[object, ...], float] = {}
        self._solved: dict[tuple[object, ...], Term | None] = {}

    def see(self, term: Term) -> None:
        """Nothing is watched."""

    def close(self, level: int) -> None:
        """Try map and filter over the lists known so far."""
        for term in self._lists(level - 2)[:_MAX_LISTS]:
            self._clock.check()
            if self._spent > _SHARE * self._clock.spent + 0.05 * self._whole:
                return
            if term.cost + _COST + 1 < self._goal.best:
                self._try(term, int(level + _SLACK - term.cost))

    def _lists(self, limit: int) -> list[Term]:
        found = [
            term for type_ in self._bank if item_type(type_) for term in self._of(type_, limit)
        ]
        return sorted(found, key=lambda term: term.cost)

    def _of(self, type_: Type, limit: int) -> Iterator[Term]:
        for cost, terms in self._bank.get(type_, {}).items():
            if cost <= limit:
                yield from (term for term in terms if ERROR not in term.values)

    def _try(self, term: Term, limit: int) -> None:
        wanted = item_type(self._goal.type)
        given = [xs for xs in term.values[: self._count] if isinstance(xs, tuple)]
        asked = [ys for ys in self._goal.outputs if isinstance(ys, tuple)]
        if wanted is None or len(given) < self._count or len(asked) < self._count:
            return
        pairs = list(zip(given, asked, strict=True))
        total = sum(map(len, given))
        if total > 2 and all(len(xs) == len(ys) for xs, ys in pairs):
            self._body(term, asked, wanted, Way.MAP, limit)
        for width in (2, 3):
            if total > 1 and all(width * len(xs) == len(ys) for xs, ys in pairs):
                self._body(
                    term, [_cut(ys, width) for ys in asked], self._goal.type, Way.SPREAD, limit
                )
        if wanted == item_type(term.type) and any(len(ys) < len(xs) for xs, ys in pairs):
            kept = [_kept(xs, ys) for xs, ys in pairs]
            if None not in kept:
                self._body(term, [k for k in kept if k is not None], "bool", Way.KEEP, limit)
        if wanted == item_type(term.type) and any(len(ys) > len(xs) for xs, ys in pairs):
            times = [_repeated(xs, ys) for xs, ys in pairs]
            if None not in times:
                self._body(term, [t for t in times if t is not None], "int", Way.REPEAT, limit)

    def _body(
        self, term: Term, results: Sequence[Values], returns: Type, way: Way, limit: int
    ) -> None:
        """Search for the body, looking at the item alone first."""
        item = item_type(term.type) or ""
        name = _free(_ITEM_NAMES.get(item, "item"), self._problem.names)
        for view in self._views(term):
            problem = self._inner(term, name, view, results, returns)
            body = self._solved_inside(problem, limit) if problem else None
            if body is not None:
                cost = term.cost + body.cost + _COST + bool(view.names)
                index = view.names[0] if view.names and not view.outer else ""
                made = Comprehension(
                    term,
                    body,
                    self._goal.type,
                    item=name,
                    index=index,
                    way=way,
                    outer=view.outer,
                    cost=cost,
                )
                self._goal.offer(made, cost)
                return

    def _views(self, term: Term) -> Iterator[_View]:
        """Yield what a body may look at, simplest first."""
        rows, names = self._problem.rows, self._problem.names
        yield _View((), (), lambda e, i: ())
        yield _View((_free("i", names),), ("int",), lambda e, i: (i,))
        numbers = [t for t in self._of("int", _OUTER_COST) if len(set(t.values)) > 1][:_MAX_OUTER]
        if numbers:
            outer = tuple((f"outer_{n}", number) for n, number in enumerate(numbers))
            values = [tuple(number.values[e] for number in numbers) for e in range(self._count)]
            called = tuple(name for name, _ in outer)
            yield _View(called, ("int",) * len(outer), lambda e, i: values[e], outer)
        whole = (("outer_list", term),)
        yield _View(("outer_list",), (term.type,), lambda e, i: (term.values[e],), whole)
        others = [p for p, type_ in enumerate(self._problem.types) if type_ != "int"]
        if len(names) > 1 and others:
            kinds = tuple(self._problem.types[p] for p in others)
            own = tuple((names[p], Variable(names[p], self._problem.types[p], ())) for p in others)
            called = tuple(name for name, _ in own)
            yield _View(called, kinds, lambda e, i: tuple(rows[e][p] for p in others), own)

    def _solved_inside(self, problem: Problem, limit: int) -> Term | None:
        """Search for a body up to a cost, unless it was found or searched for before."""
        key = (problem.names, problem.rows, problem.outputs, problem.returns)
        if self._solved.get(key) is None and self._limits.get(key, 0) < limit:
            self._limits[key] = limit
            clock = self._clock.part(0.5 * self._clock.left)
            self._solved[key] = self._solve(problem, clock, limit)
            self._spent += clock.spent
            self._clock.tried += clock.tried
        return self._solved.get(key)

    def _inner(
        self, term: Term, name: str, view: _View, results: Sequence[Values], returns: Type
    ) -> Problem | None:
        """Return the problem of one item's result; None when items contradict each other."""
        points: dict[Values, object] = {}
        for e, (xs, ys) in enumerate(zip(term.values[: self._count], results, strict=True)):
            assert isinstance(xs, tuple)
            for i, (x, y) in enumerate(zip(xs, ys, strict=True)):
                point = (x, *view.given(e, i))
                if points.setdefault(point, y) != y:
                    return None
        one_sided = returns == "bool" and len(set(points.values())) < 2
        if len(points) < 2 or (one_sided and self._goal.type != "list[bool]"):
            return None
        return Problem(
            names=(name, *view.names),
            types=(item_type(term.type) or "", *view.types),
            returns=returns,
            rows=tuple(points),
            outputs=tuple(points.values()),
        )


def _free(name: str, taken: Sequence[str]) -> str:
    return name if name not in taken else f"each_{name}"


def _cut(items: Values, width: int) -> Values:
    return tuple(items[i : i + width] for i in range(0, len(items), width))


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


def _repeated(items: Values, made: Values) -> Values | None:
    """Tell how often each item is repeated; None when `made` is no runs of the items."""
    times: list[int] = []
    at = 0
    for item, group in groupby(items):
        count, start = len(list(group)), at
        while at < len(made) and made[at] == item:
            at += 1
        if (at - start) % count:
            return None
        times += [(at - start) // count] * count
    return tuple(times) if at == len(made) else None
