"""Call a function on many arguments, and stop where going on makes no sense."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from habilis.skills.outcome import Outcome, OutcomeKind
from habilis.skills.sandbox.client import Worker

_BATCH = 16  # calls a round trip; a deadline is looked at in between
NOT_RUN = Outcome(kind=OutcomeKind.LOST, error="not run: it was stopped before", error_type="")


def call_until(
    worker: Worker,
    function: str,
    arguments: Sequence[tuple[object, ...]],
    keywords: Sequence[Mapping[str, object]] | None = None,
    *,
    seconds_left: Callable[[], float],
    action_s: float,
    stop: Callable[[int, Outcome], bool] = lambda _index, _outcome: False,
) -> list[Outcome]:
    """Return one outcome for each set of arguments; those not run any more are LOST.

    Ends at the first call that times out or dies, where `stop(index, outcome)` says so,
    and when no time is left. No call may take longer than `action_s`.
    """
    outcomes: list[Outcome] = []
    while len(outcomes) < len(arguments) and seconds_left() > 0:
        size = 1 if not outcomes else _BATCH  # the first call tells the hopeless ones
        part = slice(len(outcomes), len(outcomes) + size)
        found = worker.call(
            function,
            arguments[part],
            keywords=None if keywords is None else keywords[part],
            timeout_s=max(0.05, min(action_s, seconds_left())),
        )
        ends = [
            outcome.kind in (OutcomeKind.TIMED_OUT, OutcomeKind.KILLED, OutcomeKind.LOST)
            or stop(len(outcomes) + index, outcome)
            for index, outcome in enumerate(found)
        ]
        outcomes += found
        if any(ends):
            break
    return outcomes + [NOT_RUN] * (len(arguments) - len(outcomes))
