"""Every case passes, whoever vouches for it, and no two contradict each other."""

from __future__ import annotations

from collections import Counter

from habilis.skills.compare import same, show
from habilis.skills.proof.trial import Finding, Trial, agrees, call_of, told, written
from habilis.skills.skill import Case


def check(trial: Trial) -> Finding:
    """Compare, on this side, what the first worker gave with what is expected."""
    draft = trial.draft
    if not draft.cases:
        return Finding(passed=False, evidence="it has no cases")
    for case, outcome in zip(draft.cases, trial.first, strict=True):
        if not agrees(outcome, case):
            call = written(draft.name, call_of(case))
            other = _contradiction(case, draft.cases)
            if other is not None:
                evidence = (
                    f"two cases contradict each other: {call} is {show(case.expected)} by "
                    f"{case.origin.value}, {show(other.expected)} by {other.origin.value}"
                )
            else:
                evidence = f"{call} gave {told(outcome)}, not {show(case.expected)}"
            return Finding(passed=False, evidence=evidence)
    counts = Counter(case.origin.value for case in draft.cases)
    by = ", ".join(f"{n} {origin}" for origin, n in counts.items())
    return Finding(
        passed=True, evidence=f"{len(draft.cases)} of them pass ({by})", figures=dict(counts)
    )


def _contradiction(case: Case, cases: tuple[Case, ...]) -> Case | None:
    for other in cases:
        alike = same([*case.arguments], [*other.arguments]) and same(
            dict(case.keywords), dict(other.keywords)
        )
        if alike and not same(case.expected, other.expected):
            return other
    return None
