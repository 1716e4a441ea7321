"""The same results a second time: another hash seed, another folder, another order."""

from __future__ import annotations

import ast
import time
from random import Random

from habilis.skills.calling import NOT_RUN
from habilis.skills.outcome import Outcome
from habilis.skills.proof.evidence import Call
from habilis.skills.proof.trial import Finding, Trial, alike, told, written
from habilis.skills.sandbox.client import Worker

_SEEDS = (2, 3, 4, 5, 6)  # of hashes: two orders of a small set agree half the time
_OFTEN, _OFTEN_S = 50, 0.1  # rounds of the cases at most, and seconds after which none begins
_MORE = 12  # generated inputs that are run again beside the cases


def check(trial: Trial) -> Finding:
    """Run cases and inputs backwards in a second worker, then the cases once more.

    What depends on earlier calls, on the order of sets or on files it left gives itself
    away. Cases come last too: by then it has been called often.
    """
    name = trial.draft.name
    sample = [(call, seen) for call, seen in trial.near if seen.ok][:_MORE]
    pairs = [*zip(trial.calls, trial.first, strict=True), *sample]
    backwards = pairs[::-1] + pairs[: len(trial.calls)]
    for seed in _SEEDS if _uses_sets(trial) else _SEEDS[:1]:
        with trial.worker(seed=seed) as worker:
            second = trial.call(
                worker,
                name,
                [call for call, _ in backwards],
                stop=lambda index, seen: not alike(seen, backwards[index][1]),
            )
            more = _often(trial, worker) if seed == _SEEDS[0] and NOT_RUN not in second else []
        seen_twice = [*zip(backwards, second, strict=True), *more]
        for (call, before), now in seen_twice:
            if not alike(before, now):
                evidence = (
                    f"{written(name, call)} gave {told(before)}, then {told(now)} in a second "
                    "worker under another hash seed"
                )
                return Finding(passed=False, evidence=evidence)
    return Finding(
        passed=True,
        evidence=f"{len(pairs)} calls give the same in a second worker, backwards, under another "
        "hash seed",
        figures={"calls": len(pairs)},
    )


def _often(trial: Trial, worker: Worker) -> list[tuple[tuple[Call, Outcome], Outcome]]:
    """Call the cases again and again, in any order, as long as that costs little.

    A counter that ends at a hundred, or a chance of one in a hundred, shows.
    """
    cases = [*zip(trial.calls, trial.first, strict=True)]
    random, until = Random(0), time.monotonic() + _OFTEN_S
    found: list[tuple[tuple[Call, Outcome], Outcome]] = []
    for _ in range(_OFTEN):
        if time.monotonic() > until:
            break
        shuffled = random.sample(cases, len(cases))
        seen = trial.call(worker, trial.draft.name, [call for call, _ in shuffled])
        found += [pair for pair in zip(shuffled, seen, strict=True) if pair[1] is not NOT_RUN]
        if NOT_RUN in seen:
            break
    return found


def _uses_sets(trial: Trial) -> bool:
    """Only sets come in an order that depends on the hash seed."""
    return any(
        isinstance(node, ast.Set | ast.SetComp)
        or (isinstance(node, ast.Name) and node.id in ("set", "frozenset"))
        for node in ast.walk(ast.parse(trial.draft.source))
    )
