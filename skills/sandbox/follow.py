"""One action from the host's side: wait for its outcome, answer what it asks, stop it in time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from habilis.skills.outcome import HostCall, Outcome, OutcomeKind
from habilis.skills.sandbox.aside import Abandoned
from habilis.skills.sandbox.channel import ChannelClosed
from habilis.skills.sandbox.host import Host
from habilis.skills.sandbox.limits import Limits
from habilis.skills.sandbox.process import Process
from habilis.skills.sandbox.reading import broken_outcome, read_outcome
from habilis.skills.sandbox.wire import WireError

_GIVEN_BYTES = 128 * 2**20  # to tools in one action: what it calls is kept in the outcome
_GRACE_S = 1.0  # after which a process that did not hear its own alarm is killed


def follow(
    process: Process,
    host: Host,
    *,
    limits: Limits,
    timeout_s: float,
    stopped: Callable[[], bool],
) -> Outcome:
    """Return the outcome of what the process was asked last.

    Where the action did not end by itself its process is killed. The checkpoint takes
    over, and the outcome is `rolled_back`; or there is none, the outcome says
    `variables_lost`, and the process is closed.
    """
    calls: list[HostCall] = []
    started = time.monotonic()
    away_s, given = 0.0, 0  # time spent in tools and loading skills does not count
    try:
        while True:
            message = process.receive(deadline=started + away_s + timeout_s + _GRACE_S)
            if "outcome" in message:
                seconds = time.monotonic() - started - away_s
                outcome = read_outcome(message["outcome"], calls, seconds, limits)
                return _stopped(process, outcome) if process.waits_after(outcome) else outcome
            asked = time.monotonic()
            given += _size(message)
            if given > _GIVEN_BYTES:
                raise WireError("the tools were given more than anybody needs")
            reply = host.answer(message, calls, stopped=stopped)
            away_s += time.monotonic() - asked
            reply["number"] = message.get("number")
            process.send(reply, deadline=time.monotonic() + _GRACE_S)
    except TimeoutError:
        kind, text = OutcomeKind.TIMED_OUT, f"TimeoutError: killed after {timeout_s:g} s"
    except (ChannelClosed, WireError, Abandoned):
        kind, text = OutcomeKind.KILLED, ""
    except BaseException:  # the user's `approve` raised, or Ctrl-C: leave nothing half-way
        _stopped(process, broken_outcome(OutcomeKind.KILLED, ""))
        raise
    seconds = time.monotonic() - started - away_s
    outcome = _stopped(process, broken_outcome(kind, text, calls, seconds))
    if kind is OutcomeKind.KILLED:
        said = f"WorkerKilled: the worker {process.fate}"
        outcome = replace(outcome, error=said, error_type="WorkerKilled")
    return outcome


def _size(question: Mapping[str, object]) -> int:
    arguments = question.get("arguments")
    return len(arguments) if isinstance(arguments, bytes) else 0


def _stopped(process: Process, outcome: Outcome) -> Outcome:
    if process.roll_back():
        return replace(outcome, rolled_back=True)
    process.close()
    return replace(outcome, variables_lost=True)
