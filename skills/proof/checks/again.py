"""The same results a second time: another hash seed, another folder, another order."""

from __future__ import annotations

from habilis.skills.proof.trial import Finding, Trial, alike, told, written

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
    with trial.worker(seed=2) as worker:
        second = trial.call(
            worker,
            name,
            [call for call, _ in backwards],
            stop=lambda index, seen: not alike(seen, backwards[index][1]),
        )
    for (call, before), now in zip(backwards, second, strict=True):
        if not alike(before, now):
            evidence = (
                f"{written(name, call)} gave {told(before)}, then {told(now)} in a second worker "
                "under another hash seed"
            )
            return Finding(passed=False, evidence=evidence)
    return Finding(
        passed=True,
        evidence=f"{len(pairs)} calls give the same in a second worker, backwards, under another "
        "hash seed",
        figures={"calls": len(pairs)},
    )
