"""What later tasks and people say of a saved skill: more cases, and the state they earn it."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace

from habilis.agent.reuse import answering_call
from habilis.agent.runner import Runner
from habilis.errors import LibraryError
from habilis.memory.library import SkillLibrary
from habilis.skills.compare import same_as_written
from habilis.skills.outcome import Outcome
from habilis.skills.proof.gate import Gate
from habilis.skills.proof.reading import function_of, spelled_out
from habilis.skills.proof.standing import VOUCHED, Rule, first_state, independent
from habilis.skills.proof.trial import agrees, call_of
from habilis.skills.skill import Case, CaseOrigin, Skill, SkillState

_MOST = 12  # cases of later tasks a skill: more make its proofs slower and tell little
_PURE = (
    ast.Constant | ast.Name | ast.Load | ast.Tuple | ast.List | ast.Dict | ast.Set | ast.Subscript
    | ast.Slice | ast.UnaryOp | ast.unaryop | ast.BinOp | ast.operator
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """A skill after new cases: those it now has, and those it fails, with what it gave."""

    skill: Skill
    added: tuple[Case, ...] = ()
    failed: tuple[tuple[Case, Outcome], ...] = ()


def gather(
    library: SkillLibrary,
    gate: Gate,
    name: str,
    cases: Sequence[Case],
    *,
    rule: Rule = Rule(),
    held: bool = False,
) -> Gathered:
    """Add to a skill the cases that it passes, and let its state follow.

    Inputs that somebody vouched for before say nothing new. A candidate that has enough
    by now is proved with all of its cases, and becomes active unless it is `held` for a
    person.

    Raises:
        SkillNotFound: there is no such skill.
        LibraryError: the library cannot be written.
    """
    skill = library.get(name)
    new = _news(skill, cases)
    outcomes = gate.call(skill, [call_of(case) for case in new]) if new else []
    pairs = list(zip(new, outcomes, strict=True))
    passed = tuple(case for case, outcome in pairs if _fits(outcome, case))
    failed = tuple((case, outcome) for case, outcome in pairs if not _fits(outcome, case))
    if passed:
        skill = _risen(library, gate, library.add_cases(name, passed), rule=rule, held=held)
    return Gathered(skill=skill, added=passed, failed=failed)


def later(cases: Sequence[Case]) -> tuple[Case, ...]:
    """Return a later task's cases as what they are to a skill that was there before."""
    met = [case for case in cases if case.origin is not CaseOrigin.PROPOSED]
    return tuple(replace(case, origin=CaseOrigin.LATER_TASK) for case in met)


async def answering_case(
    sources: Sequence[str], used: Sequence[str], answer: object, *, runner: Runner
) -> Case | None:
    """Return the call of a saved skill whose result was the answer, as a case of it.

    None where there is none, or its arguments cannot be had again without calling
    anything: what a variable holds by now need not be what it held, so `gather` calls the
    skill with it and compares.
    """
    call = answering_call(sources, used)
    if call is None:
        return None
    names = [keyword.arg or "" for keyword in call.keywords]
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    pure = all(isinstance(node, _PURE) for value in values for node in ast.walk(value))
    if not pure or "" in names:
        return None
    outcome = await runner.run(ast.unparse(ast.List(elts=values, ctx=ast.Load())))
    if not outcome.ok or not isinstance(outcome.value, list):
        return None
    given, count = outcome.value, len(call.args)
    return Case(
        arguments=tuple(given[:count]),
        keywords=dict(zip(names, given[count:], strict=True)),
        expected=answer,
        origin=CaseOrigin.LATER_TASK,
    )


def _news(skill: Skill, cases: Sequence[Case]) -> list[Case]:
    """Leave out inputs that are vouched for already, and later tasks beyond their number."""
    function = function_of(skill.source)

    def inputs(case: Case) -> str:
        return spelled_out(call_of(case), function).key

    known = {inputs(case) for case in skill.cases if case.origin in VOUCHED}
    new = {inputs(case): case for case in reversed(cases)}
    found = [case for key, case in reversed(new.items()) if key not in known]
    room = _MOST - sum(case.origin is CaseOrigin.LATER_TASK for case in skill.cases)
    others = [case for case in found if case.origin is not CaseOrigin.LATER_TASK]
    tasks = [case for case in found if case.origin is CaseOrigin.LATER_TASK]
    return others + tasks[: max(0, room)]


def _fits(outcome: Outcome, case: Case) -> bool:
    return agrees(outcome, case) or (outcome.ok and same_as_written(outcome.value, case.expected))


def _risen(library: SkillLibrary, gate: Gate, skill: Skill, *, rule: Rule, held: bool) -> Skill:
    enough = independent(skill.cases) >= rule.independent
    if held or not enough or skill.state is not SkillState.CANDIDATE:
        return skill
    versions = library.version_counts()[skill.name]
    proof = gate.prove(skill)
    state = first_state(skill.cases, strength=proof.strength, rule=rule)
    if not proof.passed or state is not SkillState.ACTIVE:
        return skill
    try:
        return library.add(replace(skill, state=state), after=versions, evidence=proof.to_json())
    except LibraryError:  # a new version has come; it will rise on its own cases
        return library.get(skill.name)
