"""Faults planted in the body must show: a measure of the cases, not of the function.

Which survive says what to ask: the input on which they and the draft part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from habilis.skills.calling import NOT_RUN
from habilis.skills.proof.evidence import Call
from habilis.skills.proof.mutants import Mutant, make_mutants
from habilis.skills.proof.question import telling_inputs
from habilis.skills.proof.standing import VOUCHED
from habilis.skills.proof.trial import Finding, Trial, agrees, alike
from habilis.skills.sandbox.client import Worker
from habilis.skills.skill import Case, CaseOrigin

_QUESTIONS, _RECORDED = 3, 6
_SLOWEST_S = 0.25  # a mutant that takes longer on one call shows by that
_ENOUGH = 3  # fewer mutants say nothing


@dataclass(frozen=True, kw_only=True)
class _Fate:
    """Where a mutant differs from the draft: on vouched cases, other cases, made inputs."""

    vouched: bool
    cases: bool
    inputs: tuple[bool, ...]

    @property
    def telling(self) -> bool:
        return self.vouched or self.cases or any(self.inputs)


def check(trial: Trial) -> Finding:
    """Plant faults, see which of them vouched cases notice, and record what would.

    A mutant that differs on no input we can make is taken to be equivalent when strength
    is reckoned; but where most of them seem so, the draft is under-tested.
    """
    mutants = make_mutants(trial.draft.source, count=trial.policy.mutants, seed=trial.policy.seed)
    fates = _fates(trial, mutants)
    telling = [fate for fate in fates if fate.telling]
    noticed = [fate for fate in telling if fate.vouched]
    strength = len(noticed) / len(telling) if telling else 0.0
    survivors = [fate.inputs for fate in telling if not fate.vouched]
    trial.questions += _questions(trial, survivors)
    _record(trial, [fate.inputs for fate in telling if not fate.cases and not fate.vouched])
    share = len(telling) / len(fates) if fates else 1.0
    under_tested = len(fates) >= _ENOUGH and share < trial.policy.killed
    evidence = (
        f"of {len(fates)} planted faults {len(noticed)} show on vouched cases, "
        f"{len(telling) - len(noticed)} more on other inputs, {len(fates) - len(telling)} nowhere"
    )
    return Finding(
        passed=not under_tested,
        evidence=f"under-tested: {evidence}" if under_tested else evidence,
        figures={"mutants": len(fates), "telling": len(telling), "strength": round(strength, 3)},
    )


def _fates(trial: Trial, mutants: Sequence[Mutant]) -> list[_Fate]:
    """Run every mutant on the cases and, where it passes the vouched ones, on all inputs."""
    name = trial.draft.name
    sources = {f"{name}__{number}": each.source for number, each in enumerate(mutants)}
    fates = []
    with trial.worker(seed=1, sources=_renamed(sources, name)) as worker:
        for stand_in in sources:
            if trial.seconds_left() < trial.policy.seconds / 4:
                break
            fates.append(_fate(trial, worker, stand_in))
    return fates


def _renamed(sources: dict[str, str], name: str) -> dict[str, str]:
    """Give each stand-in a name of its own to be called by; inside it calls itself as before."""
    return {stand_in: f"{source}\n{stand_in} = {name}\n" for stand_in, source in sources.items()}


def _fate(trial: Trial, worker: Worker, stand_in: str) -> _Fate:
    cases = trial.draft.cases
    vouched = [case for case in cases if case.origin in VOUCHED]
    others = [case for case in cases if case.origin not in VOUCHED]
    if _fails(trial, worker, stand_in, vouched):
        return _Fate(vouched=True, cases=True, inputs=())
    failed = _fails(trial, worker, stand_in, others)
    calls = [call for call, _ in trial.pool]
    outcomes = trial.call(worker, stand_in, calls, action_s=_SLOWEST_S)
    differs = tuple(
        now is not NOT_RUN and not alike(before, now)
        for (_, before), now in zip(trial.pool, outcomes, strict=True)
    )
    return _Fate(vouched=False, cases=failed, inputs=differs)


def _fails(trial: Trial, worker: Worker, stand_in: str, cases: Sequence[Case]) -> bool:
    calls = [Call(arguments=case.arguments, keywords=case.keywords) for case in cases]
    outcomes = trial.call(
        worker,
        stand_in,
        calls,
        stop=lambda index, seen: not agrees(seen, cases[index]),
        action_s=_patience_s(trial),
    )
    return not all(map(agrees, outcomes, cases))


def _patience_s(trial: Trial) -> float:
    """How long a mutant may take for a case: a few times what the draft took, and 1 s at most."""
    slowest = max((seen.seconds for seen in trial.first), default=0.0)
    return min(1.0, trial.policy.limits.action_s, max(_SLOWEST_S, 4 * slowest))


def _questions(trial: Trial, survivors: Sequence[Sequence[bool]]) -> list[Call]:
    """Choose what to ask: inputs like those of the cases, then any that the draft answers."""
    near = [n for n, (_, seen) in enumerate(trial.near) if seen.ok]
    made = [n for n, (_, seen) in enumerate(trial.pool) if seen.ok and n >= len(trial.near)]
    for where in (near, [*near, *made], range(len(trial.pool))):
        chosen = telling_inputs(
            [trial.pool[index][0] for index in where],
            [[bool(row) and row[index] for index in where] for row in survivors],
            count=_QUESTIONS,
        )
        if chosen:
            return chosen
    return []


def _record(trial: Trial, survivors: Sequence[Sequence[bool]]) -> None:
    """Keep what the draft gives where mutants differ: no proof of meaning, but of change."""
    good = [(call, seen) for call, seen in trial.pool if seen.ok]
    where = [index for index, (_, seen) in enumerate(trial.pool) if seen.ok]
    narrowed = [[bool(row) and row[index] for index in where] for row in survivors]
    results = {id(call): seen.value for call, seen in good}
    for call in telling_inputs([call for call, _ in good], narrowed, count=_RECORDED):
        trial.recorded.append(
            Case(
                arguments=call.arguments,
                keywords=call.keywords,
                expected=results[id(call)],
                origin=CaseOrigin.GENERATED,
            )
        )
