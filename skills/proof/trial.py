"""What the checks of one proof share: the draft, its inputs, and workers to call it in."""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Protocol, Self

from habilis.errors import LibraryError
from habilis.skills.calling import NOT_RUN, call_until
from habilis.skills.compare import same, show
from habilis.skills.outcome import Outcome, OutcomeKind
from habilis.skills.proof.declared import declared_calls
from habilis.skills.proof.evidence import Call, Relative
from habilis.skills.proof.near import near_calls
from habilis.skills.proof.policy import Policy
from habilis.skills.proof.reading import constants, function_of, spelled_out
from habilis.skills.sandbox.client import Worker
from habilis.skills.sandbox.pool import fresh_worker
from habilis.skills.skill import Case, Skill

_HANGS = 3
_ENDLESS = frozenset({OutcomeKind.OUT_OF_MEMORY, OutcomeKind.TOO_MUCH_OUTPUT})
_REL_TOL = 1e-6  # a case's result was computed by other means than the draft's


class LoadSkill(Protocol):
    """Give (name, source) of all that a saved skill requires, in loading order, then its own.

    Of its current version, or of the one with the content hash `pinned`.
    """

    def __call__(self, name: str, pinned: str = "", /) -> Sequence[tuple[str, str]]: ...


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a check saw; `Gate` adds the name and the time."""

    passed: bool
    evidence: str
    figures: Mapping[str, float] | None = None


class Trial:
    """One draft on trial. Checks read it and may leave `relative`, `recorded`, `questions`.

    Expected values never enter a worker: it gets calls, and what comes back is compared
    here.
    """

    def __init__(
        self,
        draft: Skill,
        *,
        neighbours: Sequence[Skill],
        load_skill: LoadSkill,
        policy: Policy,
    ) -> None:
        self.draft, self.neighbours, self.policy = draft, tuple(neighbours), policy
        self._load_skill = load_skill
        self._deadline = time.monotonic() + policy.seconds
        self._interrupted = False
        self._open: list[Worker] = []
        self._kept = ExitStack()  # what stays open until the proof ends
        self.first: Sequence[Outcome] = ()  # of the cases, in the first worker
        self.relative: Relative | None = None
        self.recorded: list[Case] = []
        self.questions: list[Call] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._kept.close()

    def interrupt(self) -> None:
        """Stop it from another thread: no call runs any more."""
        self._interrupted = True
        for worker in tuple(self._open):
            worker.interrupt()

    @cached_property
    def function(self) -> ast.FunctionDef:
        return function_of(self.draft.source)

    @cached_property
    def calls(self) -> list[Call]:
        """The cases' inputs."""
        return [call_of(case) for case in self.draft.cases]

    @cached_property
    def known(self) -> list[Call]:
        """The cases' inputs, spelled out parameter by parameter."""
        return [spelled_out(call, self.function) for call in self.calls]

    @cached_property
    def random(self) -> Random:
        return Random(f"{self.draft.hash}{self.policy.seed}")

    @cached_property
    def constants(self) -> list[object]:
        """Values the code itself looks for, and those one beside them."""
        found: list[object] = []
        for value in constants(self.draft.source):
            found.append(value)
            if isinstance(value, int) and not isinstance(value, bool):
                found += [value - 1, value + 1]
        return found

    @cached_property
    def near(self) -> list[tuple[Call, Outcome]]:
        """Inputs like those of the cases, and what the draft gives for them."""
        made = near_calls(
            self.known, self.random, constants=self.constants, count=self.policy.inputs
        )
        known = {call.key for call in self.known}
        return self._made([call for call in unique(made) if call.key not in known])

    @cached_property
    def declared(self) -> list[tuple[Call, Outcome]]:
        """Inputs of the declared types, and what the draft gives for them."""
        made = declared_calls(
            self.function, self.known, count=self.policy.inputs, random=self.random
        )
        return self._made(unique(made))

    def _made(self, calls: list[Call]) -> list[tuple[Call, Outcome]]:
        """Call the draft on made inputs; past one that refuses it, no more are waited for."""
        refuses = "robustness" in self.policy.checks
        return self.try_calls(calls, hangs=1 if refuses else _HANGS)

    @cached_property
    def pool(self) -> list[tuple[Call, Outcome]]:
        """All inputs that were made, those near the cases first."""
        return list(self.inputs())

    def inputs(self) -> Iterator[tuple[Call, Outcome]]:
        """Yield what `pool` holds; what is not asked for is not made."""
        yield from self.near
        yield from self.declared

    # calls -------------------------------------------------------------------

    @contextmanager
    def worker(self, *, seed: int, sources: Mapping[str, str] | None = None) -> Iterator[Worker]:
        """Open a fresh worker, with a folder of its own, that can load the draft.

        `sources` are stand-ins for the draft's source, by the name to call them by.
        """
        stand_ins = {self.draft.name: self.draft.source, **(sources or {})}

        def load(name: str) -> Sequence[tuple[str, str]]:
            if name not in stand_ins:
                return self._load_skill(name)
            return [*self._needed, (name, stand_ins[name])]

        policy = self.policy
        worker = fresh_worker(
            load_skill=load,
            source="\n".join(stand_ins.values()),
            limits=policy.limits,
            allow=tuple(policy.allow),
            hash_seed=seed,
        )
        self._open.append(worker)
        if self._interrupted:
            worker.interrupt()
        try:
            with worker:
                yield worker
        finally:
            self._open.remove(worker)

    @cached_property
    def _shared(self) -> Worker:
        """The worker of all inputs that are made: to start one takes as long as many calls."""
        return self._kept.enter_context(self.worker(seed=1))

    @cached_property
    def _needed(self) -> list[tuple[str, str]]:
        """The versions that the draft pins, in an order in which each is the last of its name."""
        needed = [list(self._load_skill(*each)) for each in self.draft.requires.items()]
        for order in (needed, needed[::-1]):
            pairs = [pair for closure in order for pair in closure]
            last = dict(pairs)
            if all(last[own] == source for *_, (own, source) in needed):
                return pairs
        raise LibraryError("what it calls pins two versions of each other crosswise")

    def call(
        self,
        worker: Worker,
        function: str,
        calls: Sequence[Call],
        *,
        stop: Callable[[int, Outcome], bool] = lambda _index, _outcome: False,
        action_s: float | None = None,
    ) -> list[Outcome]:
        """Call a function on each input, up to the first where `stop` says so."""
        return call_until(
            worker,
            function,
            [call.arguments for call in calls],
            [call.keywords for call in calls],
            seconds_left=self.seconds_left,
            action_s=self.policy.limits.action_s if action_s is None else action_s,
            stop=stop,
        )

    def try_calls(self, calls: list[Call], *, hangs: int = _HANGS) -> list[tuple[Call, Outcome]]:
        """Call the draft on inputs, until so many of them have hung or eaten the memory."""
        found: list[tuple[Call, Outcome]] = []
        hung = 0
        while len(found) < len(calls) and hung < hangs and self.seconds_left() > 0:
            left = calls[len(found) :]
            outcomes = self.call(
                self._shared,
                self.draft.name,
                left,
                stop=lambda _, seen: seen.kind in _ENDLESS,
                action_s=self.brief_s,
            )
            ran = [outcome for outcome in outcomes if outcome is not NOT_RUN]
            found += zip(left, ran, strict=False)
            hung += 1  # call_until ends where a call hangs or dies
        return found

    def try_other(self, name: str, calls: list[Call]) -> list[tuple[Call, Outcome]]:
        """Call a saved skill on inputs, up to the first that hangs."""
        with self.worker(seed=1) as worker:
            outcomes = self.call(worker, name, calls, action_s=self.brief_s)
        return [pair for pair in zip(calls, outcomes, strict=True) if pair[1] is not NOT_RUN]

    @property
    def brief_s(self) -> float:
        """How long a generated input may take: shorter than a case."""
        return min(1.0, self.policy.limits.action_s)

    def seconds_left(self) -> float:
        return 0.0 if self._interrupted else max(0.0, self._deadline - time.monotonic())


def call_of(case: Case) -> Call:
    """Return a case's inputs without its result."""
    return Call(arguments=case.arguments, keywords=case.keywords)


def agrees(outcome: Outcome, case: Case) -> bool:
    """Tell whether a result is what the case expects."""
    return outcome.ok and same(outcome.value, case.expected, rel_tol=_REL_TOL)


def alike(one: Outcome, other: Outcome) -> bool:
    """Tell whether two functions did the same: equal values, or errors of one type."""
    if one.ok and other.ok:
        return same(one.value, other.value, rel_tol=_REL_TOL)
    return one.kind is other.kind and one.error_type == other.error_type


def unique(calls: Sequence[Call] | Iterator[Call]) -> list[Call]:
    """Leave out calls that repeat; values need not be hashable."""
    return list({call.key: call for call in calls}.values())


def written(name: str, call: Call) -> str:
    """Return a call as Python would write it."""
    given = [*map(show, call.arguments), *(f"{k}={show(v)}" for k, v in call.keywords.items())]
    return f"{name}({', '.join(given)})"


def told(outcome: Outcome) -> str:
    """Return in a few words how a call ended."""
    if outcome.ok:
        return show(outcome.value, 120)
    lines = outcome.error.strip().split("\n")
    return f"{outcome.kind.value}: {lines[-1] if lines else ''}".rstrip(": ")
