"""Each parameter can change the result."""

from __future__ import annotations

from collections.abc import Sequence

from habilis.skills.compare import same
from habilis.skills.proof.evidence import Call
from habilis.skills.proof.near import vary
from habilis.skills.proof.reading import argument_at, parameter_at, slot_names, with_argument
from habilis.skills.proof.trial import Finding, Trial, unique

_BASES, _VALUES = 5, 7
_FEW = 8  # results that agree without this many having been seen prove nothing


def check(trial: Trial) -> Finding:
    """Change one argument at a time, from inputs that are no cases.

    A case itself is left out: code that knows its case by heart changes there and nowhere
    else. Where too few inputs give a value, nothing can be said, and it passes.
    """
    good = [call for call, seen in trial.near if seen.ok]
    bases = [*good[:_BASES], *trial.known[:2]]
    if not bases:
        return Finding(passed=True, evidence="no inputs could be made to try it with")
    dead, unsure = [], []
    for slot in slot_names(bases[0], trial.function):
        verdict = _changes(trial, [b for b in bases if slot in slot_names(b, trial.function)], slot)
        name = parameter_at(slot, trial.function)
        if verdict is False:
            dead.append(name)
        elif verdict is None:
            unsure.append(name)
    if dead:
        evidence = f"its parameter {dead[0]!r} changes nothing, whatever it is given"
    elif unsure:
        evidence = f"too few inputs give a value to say what {', '.join(unsure)} changes"
    else:
        evidence = "each parameter can change the result"
    return Finding(passed=not dead, evidence=evidence, figures={"unsure": len(unsure)})


def _changes(trial: Trial, bases: Sequence[Call], slot: int | str) -> bool | None:
    """Tell whether a parameter changes results; None when too few were seen to say."""
    if _differ_in(trial, slot):
        return True
    groups: list[list[Call]] = []
    for base in bases:
        values = [
            argument_at(each, slot)
            for each in trial.known
            if slot in slot_names(each, trial.function)
        ]
        current = argument_at(base, slot)
        named = [value for value in trial.constants if type(value) is type(current)][:_VALUES]
        varied = [
            vary(current, trial.random, constants=trial.constants, others=values)
            for _ in range(_VALUES)
        ]
        made = [with_argument(base, slot, value) for value in [*named, *varied]]
        groups.append([call for call in unique([base, *made]) if call not in trial.known])
    calls = [call for group in groups for call in group]
    outcomes = {id(call): outcome for call, outcome in trial.try_calls(calls)}
    seen = 0
    for group in groups:
        results = [outcomes[id(call)] for call in group if id(call) in outcomes]
        values_seen = [outcome.value for outcome in results if outcome.ok]
        seen += len(values_seen)
        if any(not same(value, values_seen[0]) for value in values_seen):
            return True
    return False if seen >= _FEW else None


def _differ_in(trial: Trial, slot: int | str) -> bool:
    """Two cases that differ in this argument alone, with different results."""
    cases = list(zip(trial.known, trial.draft.cases, strict=True))
    for index, (one, first) in enumerate(cases):
        for other, second in cases[:index]:
            if slot not in slot_names(other, trial.function) or slot not in slot_names(
                one, trial.function
            ):
                continue
            moved = with_argument(other, slot, argument_at(one, slot))
            if moved.key == one.key and not same(first.expected, second.expected):
                return True
    return False
