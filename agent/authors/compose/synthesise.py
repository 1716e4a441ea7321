"""Examples in, a Python function out: the whole search, with no model."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from habilis.agent.author import CallSkill
from habilis.agent.authors.compose.clock import Clock
from habilis.agent.authors.compose.components import choose
from habilis.agent.authors.compose.components.skills import SkillCalls
from habilis.agent.authors.compose.confidence import (
    SURE,
    confidence,
    only_repeats,
    read_signs,
)
from habilis.agent.authors.compose.cover import Cover
from habilis.agent.authors.compose.deduce import Deduce
from habilis.agent.authors.compose.expressions import write
from habilis.agent.authors.compose.found import Found, NotFound
from habilis.agent.authors.compose.goal import Closing, Goal
from habilis.agent.authors.compose.growing import ACTIVE, Judge, Unwanted, solve
from habilis.agent.authors.compose.judge import (
    Function,
    compile_program,
    compile_term,
    count_right,
    first_miss,
    probes,
)
from habilis.agent.authors.compose.problem import (
    Problem,
    Unreadable,
    input_types,
    read_problem,
    with_spare,
)
from habilis.agent.authors.compose.refused import Refused, body_of
from habilis.agent.authors.compose.render import Program, identifier, parameter_names, render
from habilis.agent.authors.compose.rivals import disputed, find_dispute, find_rivals
from habilis.agent.authors.compose.search import Search
from habilis.agent.authors.compose.selection import select
from habilis.agent.authors.compose.spans import Spans
from habilis.agent.authors.compose.terms import (
    Apply,
    Component,
    Term,
    Values,
    Variable,
    walk,
)
from habilis.agent.authors.compose.tidy import text_of
from habilis.agent.authors.compose.tree import Tree
from habilis.agent.authors.compose.types import freeze, item_type, thaw
from habilis.agent.authors.compose.undo import Undo
from habilis.agent.example import Example
from habilis.skills.skill import Skill

# Where answers are easily wrong on the others, starting anew costs more than looking at more.
_ACTIVE_LISTS = 8
_ACTIVE_INSIDE = 8  # items of lists
_PARTLY = 60  # terms that are kept to name the one that is right on most examples
_SAME_EVERYWHERE = 6  # examples; so many that agree say that the result is always the same
_SMALL_WORDS = frozenset("a an and as by each for from give in it its of the to with write".split())


def synthesise(
    examples: Sequence[Example],
    *,
    name: str,
    parameters: Sequence[str] | None = None,
    description: str = "",
    skills: Sequence[Skill] = (),
    call_skill: CallSkill | None = None,
    seconds: float,
    stop: Callable[[], bool] | None = None,
    avoid: Sequence[str] = (),
    unlabelled: Sequence[Sequence[object]] = (),
    timer: Callable[[], float] = time.monotonic,
) -> Found | NotFound:
    """Return the cheapest function found that maps each example's inputs to its output.

    It runs until something fits, `seconds` are over or `stop()` is true. Skills are called
    through `call_skill` only. Functions in `avoid` (sources), and those that behave like
    them, are not given again. `unlabelled` are inputs without outputs: answers that raise
    on them, or differ there, count for less.
    """
    clock = Clock(seconds, stop, timer=timer)
    try:
        names = parameter_names(input_types(examples), parameters)
        problem = read_problem(examples, names)
    except Unreadable as reason:
        return NotFound(why=str(reason), seconds=clock.spent)
    calls = SkillCalls(call_skill) if call_skill is not None else None
    text = f"{name} {description}"
    known = select(skills, problem, task=text, calls=calls) if calls and skills else []
    others = [tuple(map(freeze, row)) for row in unlabelled]
    run = _Run(
        with_spare(problem, others),
        others=others,
        skills=known,
        calls=calls,
        name=identifier(name or _topic(description)),
        description=description or name,
        avoid=avoid,
        clock=clock,
    )
    return run.run()


class _Run:
    """One call of `synthesise`: searches over a growing set of examples."""

    def __init__(
        self,
        problem: Problem,
        *,
        others: Sequence[Values],
        skills: Sequence[Component],
        calls: SkillCalls | None,
        name: str,
        description: str,
        avoid: Sequence[str],
        clock: Clock,
    ) -> None:
        self._problem, self._skills, self._calls = problem, skills, calls
        self._others = others
        self._name, self._description, self._clock = name, description, clock
        self._partly: list[Term] = []
        self._refused = Refused(avoid, rows=probes(problem.rows))
        self._by_name: Mapping[str, Function] = {
            skill.skill: self._stand_in(skill) for skill in skills if not skill.maps
        }

    def run(self) -> Found | NotFound:
        goal = solve(
            self._problem,
            search=self._search,
            first_miss=self._first_miss,
            clock=self._clock,
            start=_ACTIVE_LISTS if item_type(self._problem.returns) else ACTIVE,
        )
        if goal is not None:
            return self._found(goal)
        return self._not_found("no other rule fits" if self._refused else "no rule fits")

    def _not_found(self, what: str) -> NotFound:
        tried, spent = self._clock.tried, self._clock.spent
        why = f"{what} the examples ({tried:,} programs tried in {spent:.1f} s); give more examples"
        return NotFound(why=why + self._nearest(), tried=tried, seconds=spent)

    def _nearest(self) -> str:
        """Say which of the terms that were right on some examples is right on most."""
        best, right = None, 1  # what is right on one example only is no help
        for term in self._partly:
            function = self._compiled(term)
            count = count_right(function, self._problem.rows, self._problem.outputs)
            if count > right:
                best, right = term, count
        if best is None:
            return ""
        return f"; right on {right} of {len(self._problem.rows)} is {text_of(write(best, {}))}"

    def _found(self, goal: Goal) -> Found | NotFound:
        rows = self._others or probes(self._problem.rows)
        rivals = find_rivals(
            goal,
            compiled=self._compiled,
            is_right=self._is_right,
            rows=rows,
            outputs=self._problem.outputs,
        )
        if self._refused or not self._others:  # what was made up is no evidence of what is meant
            rivals = sorted(rivals, key=lambda rival: rival.term is not goal.answers[-1][1])
        if self._refused:
            rivals = [rival for rival in rivals if rival.term is goal.answers[-1][1]]
        cost, term = rivals[0].cost, rivals[0].term
        if only_repeats(term, cost, self._problem.outputs):
            return self._not_found("no general rule, only a list of the results, fits")
        fixed = not any(isinstance(part, Variable) for part in walk(term))
        if fixed and len(self._problem.rows) < _SAME_EVERYWHERE:
            return self._not_found("only one and the same result, whatever the input, fits")
        signs = read_signs(rivals, self._problem.outputs, has_others=bool(self._others))
        trust = confidence(signs)
        program = self._write(term)
        alone = _is_skill_alone(term, self._problem)
        return Found(
            name=program.skills[0] if alone else program.name,
            source=f"from skills import {program.skills[0]}\n" if alone else program.source,
            tried=self._clock.tried,
            cost=cost,
            term=term,
            seconds=self._clock.spent,
            confidence=trust,
            skills_used=program.skills,
            signs=signs,
            dispute=find_dispute(rivals, rows, problem=self._problem, sure=trust >= SURE),
            unsure=disputed(rivals) if self._others else (),
        )

    def _compiled(self, term: Term) -> Function:
        return compile_term(term, self._problem.names, self._by_name)

    def _is_right(self, function: Function) -> bool:
        return first_miss(function, self._problem.rows, self._problem.outputs) is None

    # searching ---------------------------------------------------------------

    def _search(self, problem: Problem, judge: Judge) -> Goal:
        goal = Goal(problem.outputs, problem.returns, judge=judge, choosy=bool(self._refused))
        toolbox = choose(problem, self._skills)
        search = Search(problem, toolbox, goal, clock=self._clock, calls=self._calls)
        cover = _cover(goal, self._clock)
        closings: list[Closing] = [cover] if cover else []
        if cover and goal.type == "str":
            closings.insert(0, Spans(goal, toolbox, cover))
        if item_type(problem.returns):
            closings.append(Undo(goal))
            closings.append(Deduce(problem, search.bank, goal, self._clock, self._inside))
        closings.append(Tree(goal, self._clock, cover))
        search.run(closings)
        self._partly = [*goal.right_on.values(), *self._partly][:_PARTLY]
        return goal

    def _inside(self, whole: Problem, clock: Clock, limit: int) -> Term | None:
        """Solve the small problem of a map's or a filter's body."""

        def search_on(problem: Problem, judge: Judge) -> Goal:
            goal = Goal(problem.outputs, problem.returns, judge=judge)
            toolbox = choose(problem, self._skills, inside=True)
            search = Search(problem, toolbox, goal, clock=clock, calls=self._calls, max_cost=limit)
            cover = _cover(goal, clock)
            closings: list[Closing] = [cover] if cover else []
            search.run([*closings, Tree(goal, clock, cover)])
            return goal

        def first_miss_inside(term: Term) -> int | None:
            function = compile_term(term, whole.names, self._by_name)
            return first_miss(function, whole.rows, whole.outputs)

        goal = solve(
            whole,
            search=search_on,
            first_miss=first_miss_inside,
            clock=clock,
            start=_ACTIVE_INSIDE,
        )
        return goal.answers[-1][1] if goal else None

    # judging -----------------------------------------------------------------

    def _first_miss(self, term: Term) -> int | None:
        try:
            program = self._write(term)
            function = compile_program(program, self._by_name)
        except (ValueError, SyntaxError, RecursionError):
            raise Unwanted from None
        miss = first_miss(function, self._problem.rows, self._problem.outputs)
        if miss is None and self._refused:
            alone = _is_skill_alone(term, self._problem)
            body = program.skills[0] if alone else body_of(program.source)
            if self._refused.holds(body, function):
                raise Unwanted
        return miss

    def _write(self, term: Term) -> Program:
        return render(term, self._problem, name=self._name, description=self._description)

    def _stand_in(self, skill: Component) -> Function:
        """Return a function that runs a skill in the jail."""

        def call(*arguments: object) -> object:
            assert self._calls is not None
            return thaw(self._calls.run(skill, tuple(map(freeze, arguments))))

        return call


def _topic(description: str) -> str:
    """Return the first words of a description that say something."""
    words = [word for word in description.lower().split() if word not in _SMALL_WORDS]
    return " ".join(words[:3])


def _cover(goal: Goal, clock: Clock) -> Cover | None:
    return Cover(goal, clock) if goal.type == "str" or item_type(goal.type) else None


def _is_skill_alone(term: Term, problem: Problem) -> bool:
    """Tell whether a program only hands its parameters on to a saved skill."""
    if not isinstance(term, Apply) or not term.component.skill or term.component.maps:
        return False
    handed = [a.name if isinstance(a, Variable) else "" for a in term.arguments]
    return tuple(handed) == problem.names
