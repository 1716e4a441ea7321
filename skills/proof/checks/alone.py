"""It loads in a fresh worker, with only what it requires."""

from __future__ import annotations

from habilis.skills.proof.trial import Finding, Trial, agrees, told
from habilis.skills.skill import read_source


def check(trial: Trial) -> Finding:
    """Load the draft; its cases run in the same worker, as their first call."""
    draft = trial.draft
    wanted = {*read_source(draft.source).requires} - {draft.name, *draft.requires}
    if wanted:  # it may ask for them on a path that no case takes
        evidence = f"it requires what is not there: from skills import {', '.join(sorted(wanted))}"
        return Finding(passed=False, evidence=evidence)
    with trial.worker(seed=1) as worker:
        outcome = worker.run(f"from skills import {draft.name}")
        if outcome.ok:
            trial.first = trial.call(
                worker,
                draft.name,
                trial.calls,
                stop=lambda index, seen: not agrees(seen, draft.cases[index]),
            )
    needs = f" with {', '.join(draft.requires)}" if draft.requires else ""
    evidence = f"loads in a fresh worker{needs}" if outcome.ok else told(outcome)
    return Finding(passed=outcome.ok, evidence=evidence)
