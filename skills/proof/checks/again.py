"""The same results a second time: another hash seed, another folder, another order."""

from __future__ import annotations

import ast

from habilis.skills.proof.trial import Finding, Trial, alike, told, written

_SEEDS = (2, 3, 4, 5, 6)  # of hashes: two orders of a small set agree half the time
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
        for (call, before), now in zip(backwards, second, strict=True):
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


def _uses_sets(trial: Trial) -> bool:
    """Only sets come in an order that depends on the hash seed."""
    return any(
        isinstance(node, ast.Set | ast.SetComp)
        or (isinstance(node, ast.Name) and node.id in ("set", "frozenset"))
        for node in ast.walk(ast.parse(trial.draft.source))
    )
