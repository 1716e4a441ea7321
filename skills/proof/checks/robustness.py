"""Inputs of the declared types end in a value or an error, within limits."""

from __future__ import annotations

from collections import Counter

from habilis.skills.outcome import Outcome, OutcomeKind
from habilis.skills.proof.trial import Finding, Trial, told, written

_SLIPS = frozenset({"NameError", "ImportError", "ModuleNotFoundError"})


def check(trial: Trial) -> Finding:
    """Look at how the generated inputs ended.

    Endless, memory-eating and crashing calls are refused, and errors that no input
    deserves: a name that is not there. Other errors on odd inputs are counted; whether
    the docstring must name them is up to the policy.
    """
    name, documented = trial.draft.name, _docstring(trial)
    unnamed: Counter[str] = Counter()
    for call, seen in trial.inputs():
        if seen.ok:
            continue
        if _unbearable(seen):
            return Finding(
                passed=False,
                evidence=f"{written(name, call)} ended in {told(seen)}; raise ValueError for "
                "what it cannot do",
            )
        if seen.error_type not in documented:
            unnamed[seen.error_type] += 1
    tried, values = len(trial.pool), sum(seen.ok for _, seen in trial.pool)
    errors = ", ".join(f"{n} {kind}" for kind, n in unnamed.most_common(3))
    evidence = f"{values} of {tried} generated inputs gave a value"
    evidence += f"; errors its docstring does not name: {errors}" if errors else ""
    return Finding(
        passed=not (unnamed and trial.policy.documented_errors),
        evidence=evidence,
        figures={"inputs": tried, "values": values, "unnamed_errors": unnamed.total()},
    )


def _unbearable(seen: Outcome) -> bool:
    return seen.kind is not OutcomeKind.RAISED or seen.error_type in _SLIPS


def _docstring(trial: Trial) -> str:
    import ast

    return ast.get_docstring(trial.function) or ""
