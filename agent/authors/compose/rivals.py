"""The answers that fit and are nearly as cheap as the best: where they differ, nobody can know.

What they give on inputs without outputs is evidence: an answer that raises there is
likely wrong, and an input on which they differ is the example worth asking for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from habilis.agent.authors.compose.goal import Goal
from habilis.agent.authors.compose.judge import Function, outcome_text, run
from habilis.agent.authors.compose.problem import Problem
from habilis.agent.authors.compose.terms import Term, Values
from habilis.agent.authors.compose.types import ends, text_of_value, thaw

_SLACK = 6.0  # how much dearer than the best an answer may be
_LIKELY = 3.0  # how much dearer an answer may be to put a row in doubt
_MOST = 8
_ODD = 3.0  # cost of looking like no example on every such input
_RAISES = 6.0  # cost of raising on every input without an output
_MAX_ROWS = 2000
_STRANGE_RESULT = 1.0  # against the weight of one rival that is as cheap
_STRANGE_INPUT = 0.25
_FAR = 0.01  # values far from the examples' break ties
_MET = 50  # examples that are looked at for that


@dataclass(frozen=True, kw_only=True)
class Rival:
    """An answer that is right on every example, and what it gives on the other inputs."""

    cost: float
    term: Term
    function: Function
    outcomes: tuple[str, ...]
    raises: float  # share of the other inputs
    odd: float  # share of results that look like none of the examples' outputs


@dataclass(frozen=True, kw_only=True)
class Dispute:
    """Inputs on which answers differ; `options` are what they give, the likeliest first."""

    inputs: tuple[object, ...]
    options: tuple[object, ...]


def find_rivals(
    goal: Goal,
    *,
    compiled: Callable[[Term], Function],
    is_right: Callable[[Function], bool],
    rows: Sequence[Values],
    outputs: Values,
) -> list[Rival]:
    """Return the answers of a search that are right, best first.

    The goal has at least one; its last is always among them, however dear. `rows` are
    inputs without outputs.
    """
    cost, term = goal.answers[-1]
    looks = {_look(output) for output in outputs}
    found = [_rival(cost, term, compiled(term), rows[:_MAX_ROWS], looks)]
    seen = {id(term)}
    for price, rival in sorted(goal.rivals, key=lambda pair: pair[0]):
        if price > cost + _SLACK or len(found) == _MOST:
            break
        if id(rival) in seen:
            continue
        seen.add(id(rival))
        function = compiled(rival)
        if is_right(function):
            found.append(_rival(price, rival, function, rows[:_MAX_ROWS], looks))
    return sorted(found, key=lambda r: r.cost + _RAISES * r.raises + _ODD * r.odd)


def _rival(
    cost: float, term: Term, function: Function, rows: Sequence[Values], looks: set[str]
) -> Rival:
    results = [run(function, row) for row in rows]
    failed = sum(isinstance(result, Exception) for result in results)
    return Rival(
        cost=cost,
        term=term,
        function=function,
        outcomes=tuple(map(outcome_text, results)),
        raises=failed / len(rows) if rows else 0.0,
        odd=sum(_look(result) not in looks for result in results) / max(1, len(rows)),
    )


def _look(value: object) -> str:
    """Return the classes of a text's runs: "12-Mar" is "0-Aa"; anything else is its type."""
    if not isinstance(value, str):
        return type(value).__name__
    look = re.sub(r"[^\W\d_]+", lambda run: _case(run.group()), ends(value))
    return re.sub(r"\d+", "0", look)


def _case(word: str) -> str:
    return "A" if word.isupper() else "a" if word.islower() else "Aa"


def find_dispute(
    rivals: Sequence[Rival], rows: Sequence[Values], *, problem: Problem, sure: bool
) -> Dispute | None:
    """Return the inputs worth asking about; None when there is nothing to ask.

    Those on which the rivals differ most, cheap ones counting more. Who is not sure and
    has no such inputs asks about those that are least like the examples, in form or in value.
    """
    scores = [_against(rivals, place) for place in range(len(rivals[0].outcomes))]
    if not sure:
        strange = _strangeness(rivals[0], rows, problem)
        scores = [score + more for score, more in zip(scores, strange, strict=False)]
    if not any(scores):
        return None
    chosen = max(range(len(scores)), key=scores.__getitem__)
    row = rows[chosen]
    options = {rival.outcomes[chosen]: run(rival.function, row) for rival in rivals}
    given = tuple(o for o in options.values() if not isinstance(o, Exception))
    return Dispute(inputs=tuple(map(thaw, row)), options=given)


def _against(rivals: Sequence[Rival], place: int) -> float:
    """Return the weight of the rivals that differ from the first at one row."""
    best = rivals[0]
    others = [rival for rival in rivals if rival.outcomes[place] != best.outcomes[place]]
    return sum(math.exp2(best.cost - rival.cost) for rival in others)


def _strangeness(rival: Rival, rows: Sequence[Values], problem: Problem) -> list[float]:
    """Return how unlike the examples each row is, by its result and by its inputs."""
    looks = {_look(output) for output in problem.outputs}
    inputs = {tuple(map(_look, row)) for row in problem.rows}
    results = [run(rival.function, row) for row in rows[:_MAX_ROWS]]
    known = [_parts(row) for row in problem.rows[:_MET]]
    return [
        _STRANGE_RESULT * (_look(result) not in looks)
        + _STRANGE_INPUT * (tuple(map(_look, row)) not in inputs)
        + _FAR * _distance(_parts(row), known)
        for row, result in zip(rows, results, strict=False)
    ]


def _parts(row: Values) -> list[str]:
    """Return the numbers and the words of a row's values."""
    return re.findall(r"\d+(?:\.\d+)?|[^\W\d_]+", " ".join(map(_text, row)))


def _text(value: object) -> str:
    return ends(value if isinstance(value, str) else text_of_value(value))


def _distance(parts: Sequence[str], known: Sequence[Sequence[str]]) -> float:
    """Return how far a row's numbers and words are from those at the same places, 0 to 1.

    Rules break at numbers out of the examples' range, and at words not met there.
    """
    far = 0.0
    for place, part in enumerate(parts):
        met = [row[place] for row in known if place < len(row)]
        if part in met:
            continue
        numbers = [float(other) for other in met if other[0].isdecimal()]
        if part[0].isdecimal() and numbers:
            gap = min(abs(float(part) - number) for number in numbers)
            far += gap / (gap + 1 + max(numbers) - min(numbers))
        else:
            far += 1.0
    return far / len(parts) if parts else 0.0


def disputed(rivals: Sequence[Rival]) -> tuple[int, ...]:
    """Return the positions of the rows on which the first raises or a likely rival differs."""
    likely = [rival for rival in rivals if rival.cost <= rivals[0].cost + _LIKELY]
    every = zip(*(rival.outcomes for rival in likely), strict=True)
    return tuple(place for place, given in enumerate(every) if len(set(given)) > 1)


def agreement(rivals: Sequence[Rival]) -> float:
    """Return the weighted share of rivals that give what the first gives on every row."""
    best = rivals[0]
    weights: list[float] = [math.exp2(best.cost - rival.cost) for rival in rivals]
    alike = sum(
        weight
        for weight, rival in zip(weights, rivals, strict=True)
        if rival.outcomes == best.outcomes
    )
    return alike / sum(weights)
