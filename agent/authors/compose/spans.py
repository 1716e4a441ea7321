"""Prints of a number or a date a known step away: the other end of a span, "40-59".

Once a number stands in every output, what is computed from it by a step that the outputs
show is likelier than anything else of its cost, and is tried at once.
"""

from __future__ import annotations

from collections.abc import Iterator

from habilis.agent.authors.compose.cover import Cover
from habilis.agent.authors.compose.goal import AGAIN, Goal
from habilis.agent.authors.compose.problem import Toolbox
from habilis.agent.authors.compose.terms import ERROR, Apply, Term
from habilis.agent.authors.compose.types import SHARED, Type

_STEPS = frozenset({"step", "minutes", "days"})
_SHOWN = 1  # cost of a step that the outputs show
_MOST = 40  # starts of spans


class Spans:
    """Closing for texts: hands the cover the ends of the spans whose starts it has."""

    def __init__(self, goal: Goal, toolbox: Toolbox, cover: Cover) -> None:
        self._goal, self._cover = goal, cover
        self.watches: tuple[Type, ...] = (goal.type, AGAIN)
        self._steps = [c for c in toolbox.constants if c.type in _STEPS and c.cost <= _SHOWN]
        self._moves = [
            c
            for c in toolbox.components
            if c.returns in SHARED and len(c.arguments) > 1 and c.arguments[1] in _STEPS
        ]
        self._starts: list[Apply] = []
        self._left = _MOST

    def see(self, term: Term) -> None:
        """Note a print of a date or a number that occurs in every output."""
        if not self._steps or not self._left or not isinstance(term, Apply) or term.partial:
            return
        if term.component.arguments[0] in SHARED and self._is_in_all(term):
            self._starts.append(term)
            self._left -= 1

    def _is_in_all(self, term: Term) -> bool:
        pairs = zip(term.values, self._goal.outputs, strict=False)
        return all(isinstance(v, str) and isinstance(o, str) and v in o for v, o in pairs)

    def close(self, level: int) -> None:
        """Show the cover the ends of the spans that start with what was seen."""
        starts, self._starts = self._starts, []
        for start in starts:
            for end in self._ends(start):
                self._cover.see(end)

    def _ends(self, start: Apply) -> Iterator[Apply]:
        first, *how = start.arguments
        for move in self._moves:
            for step in self._steps:
                if move.arguments != (first.type, step.type):
                    continue
                try:
                    values = tuple(map(move.function, first.values, step.values))
                    printed = tuple(
                        map(start.component.function, values, *(each.values for each in how))
                    )
                except Exception:  # noqa: BLE001 - any component may refuse any value
                    continue
                if ERROR in values or ERROR in printed:
                    continue
                cost = first.cost + move.cost + step.cost
                moved = Apply(move, (first, step), values, cost=cost, partial=False)
                cost = start.cost + move.cost + step.cost
                whole = (moved, *how)
                yield Apply(start.component, whole, printed, cost=cost, partial=False)
