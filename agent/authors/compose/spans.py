"""Numbers and dates a known step away from one that is printed: the other end of "40-59".

Once a number stands in every output, what is computed from it by a step that the outputs
show is likelier than anything else of its cost, and is tried at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from habilis.agent.authors.compose.cover import Cover
from habilis.agent.authors.compose.goal import AGAIN, Goal
from habilis.agent.authors.compose.problem import Toolbox
from habilis.agent.authors.compose.terms import ERROR, Apply, Component, Term
from habilis.agent.authors.compose.types import SHARED, Type

_STEPS = frozenset({"step", "minutes", "days"})
_SHOWN = 1  # cost of a step that the outputs show
_MOST = 12  # dates and numbers that spans start from


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
        self._prints = [
            (component, how)
            for component in toolbox.components
            if component.returns == goal.type and component.arguments[0] in SHARED
            for how in _constants(toolbox, component.arguments[1:])
        ]
        self._starts: list[Term] = []
        self._known: set[int] = set()

    def see(self, term: Term) -> None:
        """Note a date or a number that stands, in some way, in every output."""
        if not self._steps or len(self._known) >= _MOST or not isinstance(term, Apply):
            return
        first = term.arguments[0] if term.arguments else term
        if first.type in SHARED and id(first) not in self._known and self._is_in_all(term):
            self._starts.append(first)
            self._known.add(id(first))

    def _is_in_all(self, term: Term) -> bool:
        pairs = zip(term.values, self._goal.outputs, strict=False)
        return all(isinstance(v, str) and isinstance(o, str) and v in o for v, o in pairs)

    def close(self, level: int) -> None:
        """Show the cover what is a step away from what was seen."""
        starts, self._starts = self._starts, []
        for start in starts:
            for move in self._moves:
                for step in self._steps:
                    if move.arguments == (start.type, step.type):
                        for end in self._ends(_applied(move, (start, step))):
                            self._cover.see(end)

    def _ends(self, moved: Apply | None) -> Iterator[Apply]:
        """Yield every way to print what a step has led to."""
        for component, how in self._prints if moved else ():
            if moved and component.arguments[0] == moved.type:
                end = _applied(component, (moved, *how))
                if end:
                    yield end


def _constants(toolbox: Toolbox, types: Sequence[Type]) -> list[tuple[Term, ...]]:
    """Return the constants that can stand for the further arguments of a print."""
    return list(product(*([c for c in toolbox.constants if c.type == type_] for type_ in types)))


def _applied(component: Component, arguments: tuple[Term, ...]) -> Apply | None:
    """Return a component applied to terms; None where it fails on some row."""
    try:
        values = tuple(map(component.function, *(each.values for each in arguments)))
    except Exception:  # noqa: BLE001 - any component may refuse any value
        return None
    if ERROR in values:
        return None
    cost = round(component.cost + sum(each.cost for each in arguments))
    return Apply(component, arguments, values, cost=cost, partial=False)
