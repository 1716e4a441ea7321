"""Somebody other than the draft vouches for a case, and it passes."""

from __future__ import annotations

from habilis.skills.proof.standing import VOUCHED
from habilis.skills.proof.trial import Finding, Trial


def check(trial: Trial) -> Finding:
    """Count cases by who vouches for them; what the draft says of itself proves nothing."""
    vouched = [case for case in trial.draft.cases if case.origin in VOUCHED]
    evidence = (
        f"{len(vouched)} cases come from the task, not from the draft"
        if vouched
        else "no case comes from the task: nothing shows that it solves it"
    )
    return Finding(passed=bool(vouched), evidence=evidence, figures={"vouched": len(vouched)})
