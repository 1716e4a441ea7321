"""Lists made of two lists, found backwards: from the output to what must have gone in.

The inverse of an operation says which lists it needs; whether they are known is one look
into an index, where enumeration would have to try every pair. Inverse semantics as in
FlashMeta (Polozov 2015).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator

from habilis.agent.authors.compose.goal import Goal
from habilis.agent.authors.compose.table import read_table, rule
from habilis.agent.authors.compose.terms import ERROR, Apply, Component, Constant, Term, Values
from habilis.agent.authors.compose.types import Type

_IN_TURNS = """
4 items: list[T], other: list[T] -> list[T] = [x for pair in zip(items, other) for x in pair]
"""
_ITEM_BY_ITEM = """
4 each: int,int>int, numbers: list[int], other: list[int] -> list[int] = \
  [each(a, b) for a, b in zip(numbers, other)]
"""
_PAIR = ("a", "b")

# What is done with two items, and what the second was, given the result and the first.
_UNDONE: tuple[tuple[str, Callable[[int, int], int]], ...] = (
    ("a + b", operator.sub),
    ("a - b", lambda result, first: first - result),
    ("a * b", lambda result, first: result // first if result % first == 0 else _none()),
)


def _none() -> int:
    raise ValueError("no such number")


class Undo:
    """Closing for lists: two lists in turns, or added, subtracted and multiplied item by item."""

    def __init__(self, goal: Goal) -> None:
        self._goal = goal
        self.watches: tuple[Type, ...] = (goal.type,)
        self._known: dict[Values, Term] = {}
        self._new: list[Term] = []
        self._outputs = [o for o in goal.outputs if isinstance(o, tuple)]
        self._item = goal.type.removeprefix("list[").removesuffix("]")
        self._wanted = self._halves()

    def see(self, term: Term) -> None:
        """Index a term by its values on the examples."""
        values = term.values[: len(self._goal.outputs)]
        if ERROR not in values and not term.partial:
            self._known.setdefault(values, term)
            if self._item == "int" and self._is_as_long(values):
                self._new.append(term)

    def close(self, level: int) -> None:
        """Offer what the lists seen so far make."""
        if len(self._outputs) < len(self._goal.outputs):
            return
        for component, arguments in [*self._in_turns(), *self._item_by_item()]:
            cost = component.cost + sum(argument.cost for argument in arguments)
            if cost < self._goal.best:
                made = Apply(component, arguments, self._goal.outputs, cost=cost, partial=False)
                self._goal.offer(made, cost)

    def _halves(self) -> tuple[Values, Values] | None:
        """Return what stands at the even and at the odd places, if that may be two lists."""
        if any(len(output) % 2 for output in self._outputs) or not any(self._outputs):
            return None
        return tuple(o[::2] for o in self._outputs), tuple(o[1::2] for o in self._outputs)

    def _in_turns(self) -> Iterator[tuple[Component, tuple[Term, ...]]]:
        if self._wanted is None or any(half not in self._known for half in self._wanted):
            return
        first, second = (self._known[half] for half in self._wanted)
        self._wanted = None
        yield read_table(_IN_TURNS, self._item)[0], (first, second)

    def _is_as_long(self, values: Values) -> bool:
        return all(
            isinstance(value, tuple) and len(value) == len(output)
            for value, output in zip(values, self._outputs, strict=False)
        )

    def _item_by_item(self) -> Iterator[tuple[Component, tuple[Term, ...]]]:
        found, self._new = self._new, []
        component = read_table(_ITEM_BY_ITEM.replace("\\\n", ""))[0]
        for term in found:
            for body, undo in _UNDONE:
                other = self._known.get(self._second(term, undo))
                if other is not None:
                    each = Constant(rule(body, _PAIR), "int,int>int", cost=1)
                    yield component, (each, term, other)

    def _second(self, term: Term, undo: Callable[[int, int], int]) -> Values:
        """Return what the second list must have been, an empty tuple when there is none."""
        found: list[object] = []
        for output, value in zip(self._outputs, term.values, strict=False):
            assert isinstance(value, tuple)
            try:
                found.append(tuple(undo(y, x) for y, x in zip(output, value, strict=True)))
            except (ValueError, ZeroDivisionError):
                return ()
        return tuple(found)
