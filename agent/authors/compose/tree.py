"""The cheapest split of the examples by tests into answers: early returns in the program.

An exact dynamic programme over sets of examples, as decision trees over terms in
EUSolver (Alur 2017).
"""

from __future__ import annotations

from habilis.agent.authors.compose.clock import Clock, OutOfTime
from habilis.agent.authors.compose.cover import Cover
from habilis.agent.authors.compose.goal import Goal
from habilis.agent.authors.compose.terms import Choice, Constant, Term
from habilis.agent.authors.compose.types import Type, within_limits

_IF_COST = 3
_IF_COST_FEW = 8  # with three examples or fewer: such a program is right 14 % of the time
_FEW = 3
_LITERAL_COST = 3
_FROM_LEVEL = 4
_FROM_LEVEL_LISTS = 6
_DEPTH = 3
_DEPTH_LISTS = 2
_MOST_EACH = 5  # cost for each example: dearer trees over lists explain nothing
_SHARE = 0.2  # of the time spent, at most, goes into trees
_AT_LEAST = 0.03  # seconds
_COVER_NODES = 600
_COVER_NODES_LIST = 150


class Tree:
    """Closing for programs with conditions."""

    watches: tuple[Type, ...] = ()  # the goal notes what trees are made of

    def __init__(self, goal: Goal, clock: Clock, cover: Cover | None) -> None:
        self._goal, self._clock, self._cover = goal, clock, cover
        self._if_cost = _IF_COST if len(goal.outputs) > _FEW else _IF_COST_FEW
        self._memo: dict[int, tuple[float, Term | None]] = {}
        self._tests: list[tuple[int, Term]] = []
        self._ticking, self._spent = clock, 0.0
        self._depth = _DEPTH_LISTS if goal.type.startswith("list") else _DEPTH

    def see(self, term: Term) -> None:
        """Nothing is watched."""

    def close(self, level: int) -> None:
        """Offer the cheapest tree, once there are terms enough."""
        if (
            level < _FROM_LEVEL + 2 * self._goal.type.startswith("list")
            or len(self._goal.outputs) < 2
        ):
            return
        self._memo = {}
        self._tests = sorted(self._goal.tests.items(), key=lambda pair: pair[1].cost)
        limit = self._goal.best
        if self._goal.type.startswith("list"):
            limit = min(limit, _MOST_EACH * len(self._goal.outputs))
        self._ticking = self._clock.part(_SHARE * self._clock.spent + _AT_LEAST - self._spent)
        try:
            found = self._grow(self._goal.full, limit, depth=0)
        except OutOfTime:
            self._clock.check()
            return
        finally:
            self._spent += self._ticking.spent
        if found is not None:
            self._goal.offer(found, found.cost)

    def _grow(self, examples: int, limit: float, *, depth: int) -> Term | None:
        """Return the cheapest tree on some examples below `limit`."""
        if limit <= 0:
            return None
        if examples in self._memo and self._memo[examples][0] >= limit:
            known = self._memo[examples][1]
            return known if known and known.cost < limit else None
        self._ticking.check()
        best = self._leaf(examples, limit)
        if depth < self._depth and examples & (examples - 1):
            best = self._split(examples, best.cost if best else limit, depth) or best
        self._memo[examples] = (limit, best)
        return best

    def _split(self, examples: int, limit: float, depth: int) -> Term | None:
        best: Term | None = None
        tried: set[int] = set()
        for mask, test in self._tests:
            base = test.cost + self._if_cost
            if base >= limit:
                break
            inside, outside = examples & mask, examples & ~mask
            if not inside or not outside or inside in tried:
                continue
            tried |= {inside, outside}
            then = self._grow(inside, limit - base, depth=depth + 1)
            if then is None:
                continue
            otherwise = self._grow(outside, limit - base - then.cost, depth=depth + 1)
            if otherwise is not None:
                cost = base + then.cost + otherwise.cost
                best, limit = Choice(test, then, otherwise, cost=cost), cost
        return best

    def _leaf(self, examples: int, limit: float) -> Term | None:
        fits = [t for mask, t in self._goal.right_on.items() if mask & examples == examples]
        best = min(fits, key=lambda term: term.cost, default=None)
        if best is not None and best.cost >= limit:
            best = None
        if self._cover is None:
            return best or self._literal(examples, limit)
        nodes = _COVER_NODES if self._goal.type == "str" else _COVER_NODES_LIST
        return self._cover.find(examples, best.cost if best else limit, nodes=nodes) or best

    def _literal(self, examples: int, limit: float) -> Term | None:
        values = {o for i, o in enumerate(self._goal.outputs) if examples >> i & 1}
        if len(values) > 1 or limit <= _LITERAL_COST:
            return None
        value = values.pop()
        if not within_limits(value):
            return None
        return Constant(value, self._goal.type, cost=_LITERAL_COST)
