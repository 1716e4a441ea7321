"""The gate: a draft is kept only when every named check holds, each with its evidence."""

from __future__ import annotations

import builtins
import keyword
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from habilis.errors import LibraryError
from habilis.skills.calling import call_until
from habilis.skills.compare import same, show
from habilis.skills.outcome import Outcome
from habilis.skills.sandbox.client import Limits, Worker
from habilis.skills.skill import Case, CaseOrigin, Skill, SourceFacts, read_source

LoadSkill = Callable[[str], Sequence[tuple[str, str]]]

# Names that say nothing about what a function does: nobody would find them again.
_VAGUE = frozenset(
    "answer calc calculate compute do f foo func function g helper main my_function process "
    "result run solution solve solver task test tool".split()
)
_TAKEN = frozenset([*dir(builtins), *keyword.kwlist, "final_answer", "search_skills", "skills"])
_HASH_SEEDS = (1, 2)
_INDEPENDENT = frozenset({CaseOrigin.USER, CaseOrigin.KEPT_BACK, CaseOrigin.TASK})


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """One named check: whether it holds, and what was seen."""

    name: str
    passed: bool
    evidence: str


@dataclass(frozen=True, kw_only=True)
class Proof:
    """All checks that ran, cheapest first; the first that fails ends the proof.

    `twin` names the active skill that a refused draft is a copy of.
    """

    checks: tuple[CheckResult, ...]
    twin: str = ""

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)

    @property
    def failed(self) -> CheckResult | None:
        return next((check for check in self.checks if not check.passed), None)


class Gate:
    """Proves drafts against the skills we have.

    `load_skill` gives the sources of a saved skill and of all it requires, in loading
    order. No case may take longer than `limits.action_s`, no proof longer than `seconds`.
    """

    def __init__(
        self,
        load_skill: LoadSkill,
        *,
        limits: Limits = Limits(action_s=5.0),
        allow: Sequence[str] = (),
        seconds: float = 60.0,
    ) -> None:
        self.load_skill, self.limits, self.allow = load_skill, limits, tuple(allow)
        self._seconds = seconds
        self._deadline = math.inf
        self._running: Worker | None = None
        self._interrupted = False

    def interrupt(self) -> None:
        """Stop a proof that runs in another thread; it and all later ones fail."""
        self._interrupted = True
        if self._running is not None:
            self._running.interrupt()

    def prove(self, draft: Skill, *, neighbours: Sequence[Skill] = ()) -> Proof:
        """Run every check on a draft, against the `neighbours` it might be a copy of."""
        self._deadline = time.monotonic() + self._seconds
        form, facts = _check_form(draft)
        if facts is None:
            return Proof(checks=(form,))
        checks, twin = [form], ""
        for check, copied in self._run(draft, neighbours):
            checks.append(check)
            twin = copied
            if not check.passed:
                break
        return Proof(checks=tuple(checks), twin=twin)

    def call(
        self,
        draft: Skill,
        arguments: Sequence[tuple[object, ...]],
        keywords: Sequence[Mapping[str, object]],
    ) -> list[Outcome]:
        """Run a draft in a fresh worker, with only what it requires, on each set of arguments."""
        self._deadline = time.monotonic() + self._seconds
        with self._worker(draft, seed=_HASH_SEEDS[0]) as worker:
            return self._call(worker, draft.name, arguments, keywords)

    def _run(self, draft: Skill, neighbours: Sequence[Skill]) -> Iterator[tuple[CheckResult, str]]:
        with self._worker(draft, seed=_HASH_SEEDS[0]) as worker:
            yield self._check_alone(draft, worker), ""
            first = self._call_cases(draft.name, draft.cases, worker)
        yield _check_cases(draft, first), ""
        with self._worker(draft, seed=_HASH_SEEDS[1]) as worker:
            # in reverse order: what depends on earlier calls gives itself away
            second = self._call_cases(draft.name, draft.cases[::-1], worker)[::-1]
            yield _check_again(draft, first, second), ""
            yield _check_solves(draft), ""
            yield self._check_new(draft, neighbours, worker)

    def _worker(self, draft: Skill, *, seed: int) -> Worker:
        def load(name: str) -> Sequence[tuple[str, str]]:
            if name != draft.name:
                return self.load_skill(name)
            needed = [list(self.load_skill(each)) for each in draft.requires]
            # A source calls the last one of a name above it: loading one may hide another.
            for order in (needed, needed[::-1]):
                pairs = [pair for closure in order for pair in closure]
                last = dict(pairs)
                if all(last[own] == source for *_, (own, source) in needed):
                    return [*pairs, (draft.name, draft.source)]
            raise LibraryError("what it calls pins two versions of each other crosswise")

        worker = Worker(load_skill=load, limits=self.limits, allow=self.allow, hash_seed=seed)
        self._running = worker
        if self._interrupted:
            worker.interrupt()
        return worker

    def _call_cases(self, function: str, cases: Sequence[Case], worker: Worker) -> list[Outcome]:
        """Call a function on cases, up to the first that it fails."""
        return self._call(
            worker,
            function,
            [case.arguments for case in cases],
            [case.keywords for case in cases],
            stop=lambda index, outcome: not _agrees(outcome, cases[index]),
        )

    def _call(
        self,
        worker: Worker,
        function: str,
        arguments: Sequence[tuple[object, ...]],
        keywords: Sequence[Mapping[str, object]],
        stop: Callable[[int, Outcome], bool] = lambda _index, _outcome: False,
    ) -> list[Outcome]:
        return call_until(
            worker,
            function,
            arguments,
            keywords,
            seconds_left=self._seconds_left,
            action_s=self.limits.action_s,
            stop=stop,
        )

    def _seconds_left(self) -> float:
        return 0.0 if self._interrupted else self._deadline - time.monotonic()

    def _check_alone(self, draft: Skill, worker: Worker) -> CheckResult:
        outcome = worker.run(f"from skills import {draft.name}")
        needs = f" with {', '.join(draft.requires)}" if draft.requires else ""
        evidence = f"loads in a fresh worker{needs}" if outcome.ok else _short(outcome)
        return CheckResult(name="alone", passed=outcome.ok, evidence=evidence)

    def _check_new(
        self, draft: Skill, neighbours: Sequence[Skill], worker: Worker
    ) -> tuple[CheckResult, str]:
        for other in neighbours:
            outcomes = self._call_cases(other.name, draft.cases, worker)
            if all(map(_agrees, outcomes, draft.cases)):
                evidence = f"gives the same as {other.name!r} on all {len(draft.cases)} cases"
                return CheckResult(name="new", passed=False, evidence=evidence), other.name
        evidence = f"differs from {len(neighbours)} skills of its neighbourhood"
        return CheckResult(name="new", passed=True, evidence=evidence), ""


def _check_form(draft: Skill) -> tuple[CheckResult, SourceFacts | None]:
    try:
        facts = read_source(draft.source)
    except ValueError as error:
        return CheckResult(name="form", passed=False, evidence=str(error)), None
    faults = []
    if not facts.parameters:
        faults.append("it takes no parameter, so it can only ever give one answer")
    if facts.unused:
        faults.append(f"it never uses its parameter {facts.unused[0]!r}")
    if not facts.typed:
        faults.append("annotate every parameter and the return value")
    if not facts.description:
        faults.append("add a docstring that says what the function returns")
    if facts.name in _TAKEN:
        faults.append(f"the name {facts.name!r} is taken by Python or the sandbox; choose another")
    if facts.name in _VAGUE:
        faults.append(f"the name {facts.name!r} says nothing; name it after what it does")
    if facts.name != draft.name:
        faults.append(f"the function is named {facts.name!r}, the skill {draft.name!r}")
    evidence = "; ".join(faults) or f"{facts.name}{facts.signature}, documented"
    return CheckResult(name="form", passed=not faults, evidence=evidence), (
        None if faults else facts
    )


def _agrees(outcome: Outcome, case: Case) -> bool:
    return outcome.ok and same(outcome.value, case.expected, rel_tol=1e-6)


def _check_cases(draft: Skill, outcomes: Sequence[Outcome]) -> CheckResult:
    if not draft.cases:
        return CheckResult(name="cases", passed=False, evidence="it has no cases")
    for case, outcome in zip(draft.cases, outcomes, strict=True):
        if not _agrees(outcome, case):
            given = ", ".join(
                [*map(show, case.arguments), *(f"{k}={show(v)}" for k, v in case.keywords.items())]
            )
            got = show(outcome.value) if outcome.ok else _short(outcome)
            evidence = f"{draft.name}({given}) gave {got}, not {show(case.expected)}"
            return CheckResult(name="cases", passed=False, evidence=evidence)
    return CheckResult(name="cases", passed=True, evidence=f"{len(draft.cases)} of them pass")


def _check_again(draft: Skill, first: Sequence[Outcome], second: Sequence[Outcome]) -> CheckResult:
    agree = all(a.ok == b.ok and same(a.value, b.value) for a, b in zip(first, second, strict=True))
    evidence = (
        "the same results in a second worker under another hash seed"
        if agree
        else "a second worker under another hash seed gave other results"
    )
    return CheckResult(name="again", passed=agree, evidence=evidence)


def _check_solves(draft: Skill) -> CheckResult:
    """A case that somebody other than the draft vouches for, and that has passed."""
    vouched = [case for case in draft.cases if case.origin in _INDEPENDENT]
    evidence = (
        f"{len(vouched)} cases come from the task, not from the draft"
        if vouched
        else "no case comes from the task: nothing shows that it solves it"
    )
    return CheckResult(name="solves", passed=bool(vouched), evidence=evidence)


def _short(outcome: Outcome) -> str:
    last = outcome.error.strip().split("\n")
    return f"{outcome.kind.value}: {last[-1] if last else ''}".rstrip(": ")
