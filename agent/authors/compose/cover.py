"""The cheapest concatenation of parts and constants that equals the output on every example.

A shortest path over positions: a node says how far each example's output is written,
an edge appends a term that continues all of them. Concatenation as in FlashFill
(Gulwani 2011), found here by Dijkstra over an index from values to terms.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from habilis.agent.authors.compose.clock import Clock
from habilis.agent.authors.compose.goal import AGAIN, PARTIAL, Goal
from habilis.agent.authors.compose.terms import (
    ERROR,
    Apply,
    Concat,
    Constant,
    Term,
    Values,
    walk,
)
from habilis.agent.authors.compose.types import MAX_TEXT, SHARED, item_type, within_limits

_NODES, _NODES_LIST = 3000, 500  # looked at for one cover
_EMPTY_LIMIT = 3  # lists up to this cost may be parts of an output where they are empty
_STEP = 0.5  # a part more, besides its own cost
_ITEM_LIMIT = 6  # single items of lists are indexed up to this cost
_ALTERNATIVES = 2  # further covers, each without one part of the best
_SAME_WAY = 0.5
_MAX_OPENED = 8
_MAX_VARIANTS = 6  # of what is open, at one position

Positions = tuple[int, ...]
Opened = frozenset[int]
Whole = str | tuple[object, ...]


@dataclass(frozen=True, eq=False)
class _Step:
    """One node of a path: where it stands, how it got there."""

    positions: Positions
    opened: Opened
    before: _Step | None
    part: Term | None


class Cover:
    """Closing for texts and lists."""

    def __init__(self, goal: Goal, clock: Clock) -> None:
        self._goal, self._clock = goal, clock
        self._item = item_type(goal.type)
        self._index: list[dict[object, list[Term]]] = [{} for _ in goal.outputs]
        self.watches = tuple(type_ for type_ in (goal.type, self._item, AGAIN) if type_)
        self._as_parts: dict[int, Values] = {}
        self._grown = False
        self._inner: dict[int, tuple[Term, ...]] = {}

    def see(self, term: Term) -> None:
        """Index a term under each of its values that occurs in that example's output."""
        if term.type == self._goal.type:
            parts = term.values
        elif term.type == self._item and term.cost <= _ITEM_LIMIT:
            parts = tuple(value if value is ERROR else (value,) for value in term.values)
        else:
            return
        parts = parts[: len(self._goal.outputs)]
        if len(parts) > 1 and _is_mark(parts):
            return
        found = [
            (place, value)
            for place, (value, output) in enumerate(zip(parts, self._goal.outputs, strict=False))
            if value is not ERROR and output is not None and _occurs(value, output)
            if value or (value == () and term.cost <= _EMPTY_LIMIT)
        ]
        if not any(value for _, value in found):
            return
        for place, value in found:
            self._index[place].setdefault(value, []).append(term)
        self._as_parts[id(term)] = parts
        self._grown = True

    def close(self, level: int) -> None:
        """Offer the best cover of all examples, and a few that differ from it."""
        if not self._grown:
            return
        self._grown = False
        nodes = _NODES if self._goal.type == "str" else _NODES_LIST
        best = self.find(self._goal.full, self._goal.best, nodes=nodes)
        if best is None:
            return
        self._goal.offer(best, best.cost)
        parts = best.parts if isinstance(best, Concat) else ()
        for part in [part for part in parts if not isinstance(part, Constant)][:_ALTERNATIVES]:
            other = self.find(self._goal.full, best.cost + 4, without=part)
            if other is not None:
                self._goal.offer(other, other.cost)

    def find(
        self, examples: int, limit: float, *, nodes: int = _NODES, without: Term | None = None
    ) -> Term | None:
        """Return the cheapest cover of some examples below `limit`, else None."""
        chosen = [i for i in range(len(self._goal.outputs)) if examples >> i & 1]
        outputs = [self._goal.outputs[i] for i in chosen]
        if any(output is None for output in outputs):
            return None if any(outputs) else Constant(None, self._goal.type, cost=1)
        texts: list[Whole] = [o for o in outputs if isinstance(o, (str, tuple))]
        if min(map(len, texts)) > MAX_TEXT:
            return None
        if not any(texts):
            return Constant(texts[0], self._goal.type, cost=1)
        return self._shortest(chosen, texts, limit, nodes, without)

    def _shortest(
        self,
        chosen: list[int],
        outputs: list[Whole],
        limit: float,
        nodes: int,
        without: Term | None,
    ) -> Term | None:
        goal = tuple(map(len, outputs))
        start = _Step((0,) * len(chosen), frozenset(), None, None)
        heap: list[tuple[float, int, _Step]] = [(0.0, 0, start)]
        best: dict[tuple[Positions, Opened], float] = {}
        done: set[tuple[Positions, Opened]] = set()
        variants: Counter[Positions] = Counter()
        ticks = 0
        while heap:
            cost, _, step = heapq.heappop(heap)
            key = (step.positions, step.opened)
            if key in done:
                continue
            done.add(key)
            if cost >= limit or len(done) > nodes:
                return None
            if step.positions == goal:
                return _path(step, self._goal.type, cost)
            self._clock.check()
            extra = _STEP if step.before else 0.0
            for part, positions in self._edges(step, chosen, outputs):
                if part is without:
                    continue
                price, opened = self._price(part, step.opened)
                total = cost + price + extra
                key = (positions, opened)
                if total < best.get(key, math.inf):
                    if key not in best:
                        variants[positions] += 1
                        if variants[positions] > _MAX_VARIANTS:
                            continue
                    best[key] = total
                    ticks += 1
                    heapq.heappush(heap, (total, ticks, _Step(positions, opened, step, part)))
        return None

    def _edges(
        self, step: _Step, chosen: list[int], outputs: list[Whole]
    ) -> Iterator[tuple[Term, Positions]]:
        """Yield the parts that continue every output, with the positions they lead to."""
        lead = min(range(len(outputs)), key=lambda i: len(outputs[i]))
        start, text = step.positions[lead], outputs[lead]
        index = self._index[chosen[lead]]
        after_constant = isinstance(step.part, Constant)
        for end in range(start, len(text) + 1):
            piece = text[start:end]
            for term in index.get(piece, ()):
                positions = self._advance(term, step.positions, chosen, outputs)
                if positions:
                    yield term, positions
            if (
                piece
                and not after_constant
                and all(
                    output[at : at + end - start] == piece
                    for at, output in zip(step.positions, outputs, strict=True)
                )
                and within_limits(piece)
            ):
                cost = _constant_cost(piece, lonely=len(outputs) == 1)
                moved = tuple(at + end - start for at in step.positions)
                yield Constant(piece, self._goal.type, cost=cost), moved

    def _advance(
        self, term: Term, positions: Positions, chosen: list[int], outputs: list[Whole]
    ) -> Positions | None:
        parts = self._as_parts[id(term)]
        moved = []
        for example, at, output in zip(chosen, positions, outputs, strict=True):
            part = parts[example]
            if not isinstance(part, (str, tuple)) or output[at : at + len(part)] != part:
                return None
            moved.append(at + len(part))
        return tuple(moved)

    def _price(self, part: Term, opened: Opened) -> tuple[float, Opened]:
        """Return what a part costs here, and what is open after it.

        What was computed for a part before costs 1 now, and what was printed in one way
        is likely printed so again.
        """
        cost = part.cost + PARTIAL * part.partial
        shared = self._shared(part)
        if not shared:
            return cost, opened
        known = next((inner for inner in shared if id(inner) in opened), None)
        if known is not None:
            cost -= known.cost - 1
        way = id(part.component) if isinstance(part, Apply) else 0
        if way in opened:
            cost -= _SAME_WAY
        if len(opened) < _MAX_OPENED:
            opened |= {way, *map(id, shared)}
        return cost, opened

    def _shared(self, part: Term) -> tuple[Term, ...]:
        """Return the dates and numbers inside a part, dearest first."""
        found = self._inner.get(id(part))
        if found is None:
            inner = [term for term in walk(part) if term.type in SHARED and term is not part]
            found = tuple(sorted(inner, key=lambda term: -term.cost))
            self._inner[id(part)] = found
        return found


def _is_mark(parts: Values) -> bool:
    """Tell whether a part is the same letter or two everywhere: rather a constant."""
    first = parts[0]
    return isinstance(first, str) and len(first) < 3 and parts.count(first) == len(parts)


def _occurs(value: object, output: object) -> bool:
    if isinstance(output, str):
        return isinstance(value, str) and value in output
    if not isinstance(value, tuple) or not isinstance(output, tuple):
        return False
    width = len(value)
    if value and value[0] not in output:
        return False
    return any(output[i : i + width] == value for i in range(len(output) - width + 1))


def _constant_cost(piece: Whole, *, lonely: bool) -> float:
    """Text seen in one example only teaches nothing: it costs much more."""
    if isinstance(piece, str):
        cost = 1 + sum(2.0 if letter.isalnum() else 0.4 for letter in piece)
        return cost + 3 * len(piece) * lonely
    return 2 + 2 * len(piece) + 4 * len(piece) * lonely


def _path(step: _Step, type_: str, cost: float) -> Term:
    parts: list[Term] = []
    at: _Step | None = step
    while at is not None and at.part is not None:
        parts.append(at.part)
        at = at.before
    if len(parts) == 1 and parts[0].type == type_:
        return parts[0]
    return Concat(tuple(parts[::-1]), type_, cost=cost)
