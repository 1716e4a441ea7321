"""The task it was made for is solved again by calling it."""

from __future__ import annotations

from habilis.skills.proof.standing import VOUCHED
from habilis.skills.proof.trial import Finding, Trial


def check(trial: Trial) -> Finding:
    """Count the cases, passed by now, that somebody other than the draft vouches for."""
    vouched = [case for case in trial.draft.cases if case.origin in VOUCHED]
    evidence = (
        f"calling it solves its task: {len(vouched)} cases are vouched for by others"
        if vouched
        else "no case comes from the task: nothing shows that it solves it"
    )
    return Finding(passed=bool(vouched), evidence=evidence, figures={"vouched": len(vouched)})
