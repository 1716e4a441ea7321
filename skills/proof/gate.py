"""The gate: a draft is kept only when every named check holds, each with its evidence."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from habilis.skills.outcome import Outcome
from habilis.skills.proof.checks import (
    again,
    alone,
    cases,
    form,
    mutation,
    novelty,
    robustness,
    sensitivity,
    steady,
    use,
)
from habilis.skills.proof.evidence import Call, CheckResult, Proof
from habilis.skills.proof.policy import Policy
from habilis.skills.proof.trial import Finding, LoadSkill, Trial
from habilis.skills.skill import Skill

# Cheapest first; nothing runs before the source has been read.
READ: Final[Mapping[str, Callable[[Skill], Finding]]] = {"form": form.check, "steady": steady.check}
RUN: Final[Mapping[str, Callable[[Trial], Finding]]] = {
    "alone": alone.check,
    "cases": cases.check,
    "use": use.check,
    "robustness": robustness.check,  # before what would wait for calls that hang
    "novelty": novelty.check,  # before what a copy need not be asked
    "again": again.check,
    "sensitivity": sensitivity.check,
    "mutation": mutation.check,
}
_ALWAYS = frozenset({"form", "alone"})  # what the others stand on


class Gate:
    """Proves drafts against the skills we have.

    `load_skill` gives the sources of a saved skill, by name or in the version that a draft
    has pinned, and of all it requires.
    """

    def __init__(self, load_skill: LoadSkill, *, policy: Policy = Policy()) -> None:
        self.load_skill, self.policy = load_skill, policy
        self._running: Trial | None = None
        self._interrupted = False

    def interrupt(self) -> None:
        """Stop a proof that runs in another thread; it and all later ones fail."""
        self._interrupted = True
        if self._running is not None:
            self._running.interrupt()

    def prove(
        self,
        draft: Skill,
        *,
        neighbours: Sequence[Skill] = (),
        load_skill: LoadSkill | None = None,
        checks: Sequence[str] | None = None,
    ) -> Proof:
        """Run every check of the policy, against the `neighbours` it might be a copy of.

        `load_skill` and `checks` stand in for the gate's own and the policy's.
        """
        with self._trial(draft, neighbours, load_skill) as trial:
            return self._proof(trial, self.policy.checks if checks is None else checks)

    def _proof(self, trial: Trial, checks: Sequence[str]) -> Proof:
        wanted = {*_ALWAYS, *checks}
        results: list[CheckResult] = []
        runs: list[tuple[str, Callable[[], Finding]]] = [
            *((name, _bound(check, trial.draft)) for name, check in READ.items()),
            *((name, _bound(check, trial)) for name, check in RUN.items()),
        ]
        for name, check in runs:
            if name not in wanted:
                continue
            started = time.monotonic()
            finding = check()
            results.append(
                CheckResult(
                    name=name,
                    passed=finding.passed,
                    evidence=finding.evidence,
                    figures=dict(finding.figures or {}),
                    seconds=time.monotonic() - started,
                )
            )
            if not finding.passed:
                break
        return Proof(
            checks=tuple(results),
            relative=trial.relative,
            recorded=tuple(trial.recorded),
            questions=tuple(trial.questions),
        )

    def call(self, draft: Skill, calls: Sequence[Call]) -> list[Outcome]:
        """Run a draft in a fresh worker, with only what it requires, on each call."""
        with self._trial(draft, (), None) as trial, trial.worker(seed=1) as worker:
            return trial.call(worker, draft.name, calls)

    def _trial(
        self, draft: Skill, neighbours: Sequence[Skill], load_skill: LoadSkill | None
    ) -> Trial:
        load = load_skill or self.load_skill
        trial = Trial(draft, neighbours=neighbours, load_skill=load, policy=self.policy)
        self._running = trial
        if self._interrupted:
            trial.interrupt()
        return trial


def _bound(check: Callable[..., Finding], given: object) -> Callable[[], Finding]:
    return lambda: check(given)
