"""What a component costs: part by hand, part learned from the programs that were right.

A cost stands for how unlikely a person is to write the component next. `costs.json` counts
how often right programs used each component, by domain ("text" or "list") and by the type
that it gives; its share there, in bits, is blended with the cost in the table, as in the
probabilistic grammars of DreamCoder (Ellis 2021) and Probe (Barke 2020).
"""

from __future__ import annotations

import ast
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import resources

from habilis.agent.authors.compose.terms import Apply, Component, Constant, Rule, Term, walk
from habilis.agent.authors.compose.types import Type

_BY_HAND = 0.5  # weight of the cost in the table
_PER_BIT = 0.55  # cost of one bit, against the costs in the tables
_UNSEEN = 0.5  # added to every count
_SHOWN = frozenset({"step", "minutes"})  # at 1, the outputs themselves show the constant
_OTHERS = 5  # ways to make a value besides the components: variables, constants, covers

Counts = Mapping[str, Mapping[str, Mapping[str, int]]]


def domain(types: Iterable[Type]) -> str:
    """Return the name under which uses are counted."""
    return "text" if any("str" in type_ for type_ in types) else "list"


def uses(term: Term) -> Counter[tuple[Type, str]]:
    """Count what a program is made of, by type and text."""
    found: Counter[tuple[Type, str]] = Counter()
    for part in walk(term):
        if isinstance(part, Apply) and not part.component.skill:
            found[part.component.returns, _text(part.component)] += 1
        elif isinstance(part, Constant):
            found[part.type, _value(part)] += 1
        else:
            found[part.type, type(part).__name__] += 1
    return found


def priced(components: Sequence[Component], kind: str) -> list[Component]:
    """Return components with their learned costs; skills keep theirs."""
    known = _counts().get(kind, {})
    ways = Counter(component.returns for component in components)
    return [
        component
        if component.skill or component.returns not in known
        else _priced(component, kind, ways[component.returns] + _OTHERS)
        for component in components
    ]


@cache
def _priced(component: Component, kind: str, ways: int) -> Component:
    cost = blend(component.cost, _counts()[kind][component.returns], _text(component), ways)
    return component if cost == component.cost else replace(component, cost=cost)


def priced_constants(constants: Sequence[Constant], kind: str) -> list[Constant]:
    """Set the learned costs of constants, and return them."""
    known = _counts().get(kind, {})
    ways = Counter(constant.type for constant in constants)
    for constant in constants:
        shown = constant.type in _SHOWN and constant.cost == 1
        if constant.type in known and not shown:
            counts, text = known[constant.type], _value(constant)
            constant.cost = blend(constant.cost, counts, text, ways[constant.type] + _OTHERS)
    return list(constants)


def blend(by_hand: float, counts: Mapping[str, int], text: str, ways: int) -> int:
    """Return the cost of one way among `ways`, given how often each was used."""
    share = (counts.get(text, 0) + _UNSEEN) / (sum(counts.values()) + _UNSEEN * ways)
    learned = _PER_BIT * -math.log2(share)
    return max(1, round(_BY_HAND * by_hand + (1 - _BY_HAND) * learned))


@cache
def _counts() -> Counts:
    text = resources.files(__package__).joinpath("costs.json").read_text(encoding="utf-8")
    counts: Counts = json.loads(text)
    return counts


@cache
def _text(component: Component) -> str:
    return ast.unparse(component.template)


def _value(constant: Constant) -> str:
    value = constant.value
    return ast.unparse(value.body) if isinstance(value, Rule) else repr(value)
