"""A search on a few examples, checked on all, repeated with each one that it missed.

Counterexample-guided synthesis (Solar-Lezama 2008): few examples make each program cheap
to try, and a wrong guess names the example that was lacking.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from habilis.agent.authors.compose.clock import Clock
from habilis.agent.authors.compose.goal import Goal, Judged
from habilis.agent.authors.compose.problem import Problem
from habilis.agent.authors.compose.terms import Term
from habilis.agent.authors.compose.types import all_within_limits, text_of_value

ACTIVE = 4  # examples a search starts from
_MAX_ACTIVE = 10

Judge = Callable[[Term], Judged]
FirstMiss = Callable[[Term], int | None]
SearchOn = Callable[[Problem, Judge], Goal]


class Unwanted(Exception):
    """An answer cannot be written, or is one that was refused before."""


def solve(
    problem: Problem,
    *,
    search: SearchOn,
    first_miss: FirstMiss,
    clock: Clock,
    start: int = ACTIVE,
) -> Goal | None:
    """Return a goal with an answer that is right on every example, None if there is none.

    `first_miss` gives the position of the first example an answer is wrong on, None when
    it is right on all; it raises Unwanted for an answer that is of no use.
    """
    active = varied(problem, start)
    while clock.left > 0 and len(active) <= max(_MAX_ACTIVE, start):
        missed: list[int] = []
        goal = search(problem.only(active), partial(_judge, first_miss, active, missed))
        if goal.answers:
            return goal
        if not missed:
            return None
        active = sorted([*active, missed[-1]])
    return None


def _judge(first_miss: FirstMiss, active: list[int], missed: list[int], term: Term) -> Judged:
    """Judge an answer; an example that it misses is noted."""
    try:
        miss = first_miss(term)
    except Unwanted:
        return Judged.USELESS
    if miss is None:
        return Judged.RIGHT
    if miss in active:
        return Judged.USELESS
    missed.append(miss)
    return Judged.MISSES


def varied(problem: Problem, count: int = ACTIVE) -> list[int]:
    """Return a few examples to start from: the shortest, the longest, different outputs.

    Large ones are left for judging answers, unless there are no others.
    """
    small = [
        i
        for i, (row, output) in enumerate(zip(problem.rows, problem.outputs, strict=True))
        if all_within_limits((*row, output))
    ]
    places = small if len(small) > 1 else range(len(problem.rows))
    order = sorted(places, key=lambda i: (len(text_of_value(problem.rows[i])), i))
    chosen = list(dict.fromkeys([order[0], order[-1], order[len(order) // 2]]))
    seen = {text_of_value(problem.outputs[i]) for i in chosen}
    for i in order:
        if (
            len(chosen) < count
            and i not in chosen
            and text_of_value(problem.outputs[i]) not in seen
        ):
            chosen.append(i)
            seen.add(text_of_value(problem.outputs[i]))
    spare = [i for i in order if i not in chosen]
    return sorted([*chosen, *spare[: max(0, count - len(chosen))]])
