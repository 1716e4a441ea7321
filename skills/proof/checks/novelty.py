"""No active skill behaves the same on inputs of both."""

from __future__ import annotations

import ast

from habilis.skills.compare import same
from habilis.skills.outcome import Outcome
from habilis.skills.proof.evidence import Call, Kinship, Relative
from habilis.skills.proof.reading import function_of, parameters, shape_of, spelled_out
from habilis.skills.proof.trial import Finding, Trial, call_of, unique
from habilis.skills.skill import Skill

_SHARED = 40  # inputs that both are called with, at most


def check(trial: Trial) -> Finding:
    """Compare with each neighbour of a compatible signature on the inputs of both.

    Its caller chooses neighbours by what they are for: area and price times count behave
    alike. A copy is refused; a more general draft is kept, and says which it could replace.
    """
    shape = shape_of(trial.draft.source)
    for other in trial.neighbours:
        if shape_of(other.source) == shape:
            return _copy(trial, other, "is the same code under other names")
    compared = 0
    for other in trial.neighbours:
        calls = _shared(trial, other)
        if not calls:
            continue
        compared += 1
        kinship, told = _compare(trial, other, calls)
        if kinship is Kinship.EQUAL:
            return _copy(trial, other, told)
        if kinship is Kinship.MORE_GENERAL and trial.relative is None:
            trial.relative = Relative(name=other.name, kinship=kinship)
    more = f"; does all that {trial.relative.name!r} does" if trial.relative else ""
    evidence = f"differs from {compared} skills of its neighbourhood{more}"
    return Finding(passed=True, evidence=evidence, figures={"compared": compared})


def _copy(trial: Trial, other: Skill, how: str) -> Finding:
    trial.relative = Relative(name=other.name, kinship=Kinship.EQUAL)
    return Finding(passed=False, evidence=f"{how} as {other.name!r}".replace("names as", "names:"))


def _shared(trial: Trial, other: Skill) -> list[Call]:
    """Return inputs of both, by position; none where one cannot be called like the other."""
    function = function_of(other.source)
    theirs = [spelled_out(call_of(case), function) for case in other.cases]
    calls = unique([*trial.known, *theirs, *(call for call, _ in trial.pool)])
    fitting = [call for call in calls if not call.keywords and _takes(function, call)]
    return fitting[:_SHARED] if _takes(trial.function, fitting[0] if fitting else None) else []


def _takes(function: ast.FunctionDef, call: Call | None) -> bool:
    if call is None:
        return False
    most, needed = len(parameters(function)), len(function.args.defaults)
    named = [d for d in function.args.kw_defaults if d is None]
    return most - needed <= len(call.arguments) <= most and not named


def _compare(trial: Trial, other: Skill, calls: list[Call]) -> tuple[Kinship | None, str]:
    pairs = [
        (one, two)
        for (_, one), (_, two) in zip(
            trial.try_calls(calls), trial.try_other(other.name, calls), strict=False
        )
    ]
    both = [(one, two) for one, two in pairs if one.ok and two.ok]
    if not all(same(one.value, two.value, rel_tol=1e-6) for one, two in both):
        return None, ""
    if not both or _one_valued([one for one, _ in both]):
        return None, ""
    if not any(one.ok and not two.ok for one, two in pairs):
        return Kinship.EQUAL, f"gives on {len(both)} inputs the same"
    if not any(two.ok and not one.ok for one, two in pairs):
        return Kinship.MORE_GENERAL, ""
    return None, ""


def _one_valued(outcomes: list[Outcome]) -> bool:
    """Results that are all one value tell no function from another."""
    return all(same(each.value, outcomes[0].value) for each in outcomes)
