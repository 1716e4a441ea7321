"""Which of many saved skills a search is given, and how dear each is.

Three signs: the words a skill shares with the task (rare ones say more), whether its
types can take part, and what it gives on the examples' inputs. The best few are cheap, so
that they are reached deep inside compositions; a second tier is dearer; the rest is out.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

from habilis.agent.authors.compose.components.skills import SkillCalls, components
from habilis.agent.authors.compose.problem import Problem
from habilis.agent.authors.compose.terms import ERROR, Component, Values
from habilis.agent.authors.compose.types import Type, item_type
from habilis.skills.skill import Skill

_NEAR, _FAR = 8, 40  # skills of the first and of the second tier
_NEAR_COST, _FAR_COST = 1, 3
_RUN = 60  # skills that are run on the examples
_SAID = 0.3  # what a word counts once a chosen skill has it
_CLOSE = 0.5  # weight of closeness to the outputs, against that of the words
_COMMON = frozenset(
    "from give list name with that this each such turn make into show the and for its".split()
)


def select(
    skills: Sequence[Skill], problem: Problem, *, task: str, calls: SkillCalls
) -> list[Component]:
    """Return the components of the skills that fit a task best, cheapest first."""
    known = {skill.name: found for skill in skills if (found := components(skill))}
    usable = _within_reach(known, problem)
    scores = _by_words({s.name: f"{s.name} {s.description}" for s in skills}, task)
    ranked = sorted(usable, key=lambda name: -scores[name])
    for name in ranked[:_RUN]:
        scores[name] += _CLOSE * _closeness(known[name], problem, calls)
    ranked = sorted(ranked, key=lambda name: -scores[name])[:_FAR]
    return [
        replace(component, cost=cost + component.maps)
        for cost, names in ((_NEAR_COST, ranked[:_NEAR]), (_FAR_COST, ranked[_NEAR:]))
        for name in names
        for component in known[name]
    ]


def _within_reach(known: Mapping[str, Sequence[Component]], problem: Problem) -> list[str]:
    """Return the skills whose arguments can be had and whose results can be used."""
    reached = {*problem.types, *_parts(problem.types), "int", "bool"}
    wanted = {problem.returns, *_parts([problem.returns])}
    every = [component for found in known.values() for component in found]
    for _ in range(2):
        reached |= {c.returns for c in every if all(a in reached for a in c.arguments)}
        wanted |= {a for c in every if c.returns in wanted for a in c.arguments}
    if "str" in reached:
        reached.add("list[str]")
    return [
        name
        for name, found in known.items()
        if any(c.returns in wanted and all(a in reached for a in c.arguments) for c in found)
    ]


def _parts(types: Iterable[Type]) -> set[Type]:
    return {inner for type_ in types if (inner := item_type(type_))}


def _by_words(cards: Mapping[str, str], task: str) -> dict[str, float]:
    """Return how much of the task each skill says, rare words counting more.

    Greedy: what the skills chosen so far have said counts less for the next, so that a
    task of two halves finds a skill for each.
    """
    words = {name: _words(card) for name, card in cards.items()}
    spread = Counter(word for found in words.values() for word in found)
    weights = {word: math.log(1 + len(cards) / spread[word]) for word in _words(task) & set(spread)}
    whole = sum(weights.values()) or 1.0
    shared = {name: found & set(weights) for name, found in words.items()}
    focus = {name: _focus(found, words[name]) for name, found in shared.items()}
    scores = {
        name: sum(map(weights.__getitem__, found)) / whole * focus[name]
        for name, found in shared.items()
    }
    left, chosen = dict(weights), list[str]()
    for _ in range(_NEAR):
        best = max(
            (name for name in scores if name not in chosen),
            key=lambda name: (
                sum(map(left.__getitem__, shared[name])) * _focus(shared[name], words[name])
            ),
            default=None,
        )
        if best is None:
            break
        chosen.append(best)
        left |= {word: left[word] * _SAID for word in shared[best]}
    return scores | {name: 2.0 - place / _NEAR for place, name in enumerate(chosen)}


def _focus(shared: set[str], words: set[str]) -> float:
    """Favour a card whose words are nearly all the task's over one that has many words."""
    return 0.5 + 0.5 * len(shared) / max(1, len(words))


@lru_cache(maxsize=20_000)
def _words(text: str) -> set[str]:
    """Return the beginnings of the words that say something, and pairs of neighbours."""
    found = re.findall(r"[a-z]{3,}|\b[a-z]\b|\d+", text.lower().replace("_", " "))
    words = [word[:5] for word in found if word not in _COMMON]
    return {*words, *map(" ".join, pairwise(words))}


def _closeness(found: Sequence[Component], problem: Problem, calls: SkillCalls) -> float:
    """Return how near a skill of one value comes to the outputs by itself, 0 to 1."""
    for component in found:
        if len(component.arguments) != 1 or component.arguments[0] not in problem.types:
            continue
        place = problem.types.index(component.arguments[0])
        rows = [(row[place],) for row in problem.rows[:3]]
        calls.prepare(component, rows)
        pairs = zip((calls.value(component, row) for row in rows), problem.outputs, strict=False)
        return sum(_alike(value, wanted) for value, wanted in pairs) / len(rows)
    return 0.0


def _alike(value: object, wanted: object) -> float:
    if value is ERROR or type(value) is not type(wanted):
        return 0.0
    if value == wanted:
        return 1.0
    if isinstance(value, str) and isinstance(wanted, str):
        left, right = set(_pairs(value)), set(_pairs(wanted))
    elif isinstance(value, tuple) and isinstance(wanted, tuple):
        left, right = set(value), set(wanted)
    else:
        return 0.0
    return len(left & right) / max(1, len(left | right))


def _pairs(text: str) -> Values:
    return tuple(text[i : i + 2] for i in range(len(text) - 1))
