"""The outcome that the worker sent, or one for it. It may be in the hands of its code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from habilis.skills.outcome import NOTHING, HostCall, Outcome, OutcomeKind
from habilis.skills.sandbox.limits import Limits
from habilis.skills.sandbox.printed import clean, cut
from habilis.skills.sandbox.wire import Opaque, WireError, unpack

_ERROR_CHARS = 10_000
_FROM_WORKER = frozenset(
    {
        OutcomeKind.OK,
        OutcomeKind.RAISED,
        OutcomeKind.REFUSED,
        OutcomeKind.TIMED_OUT,
        OutcomeKind.OUT_OF_MEMORY,
        OutcomeKind.TOO_MUCH_OUTPUT,
    }
)


def read_outcome(data: Any, calls: Sequence[HostCall], seconds: float, limits: Limits) -> Outcome:
    """Return the outcome, cleaned and capped here, whatever the worker did.

    Raises:
        WireError: this is no outcome.
    """
    if not isinstance(data, dict):
        raise WireError("an outcome is an object")
    try:
        kind = OutcomeKind(str(data.get("kind")))
    except ValueError as error:
        raise WireError(str(error)) from None
    if kind not in _FROM_WORKER:
        raise WireError(f"a worker cannot say {kind.value!r}")
    chars = limits.printed_chars
    called = data.get("skills_called", {})
    if not isinstance(called, dict) or any(type(count) is not int for count in called.values()):
        raise WireError("calls of skills are counts by name")
    memory_bytes = data.get("memory_bytes", 0)
    return Outcome(
        kind=kind,
        value=_value(data, "value") if "value" in data else None,
        shown=_text(data, "shown", chars + 100),
        printed=_text(data, "printed", chars + 100),
        error=_text(data, "error", _ERROR_CHARS),
        error_type=_text(data, "error_type", 200),
        answer=_value(data, "answer") if "answer" in data else NOTHING,
        calls=tuple(calls),
        skills_called={str(name): count for name, count in called.items()},
        seconds=seconds,
        memory_bytes=memory_bytes if type(memory_bytes) is int else 0,
    )


def broken_outcome(
    kind: OutcomeKind, error: str, calls: Sequence[HostCall] = (), seconds: float = 0.0
) -> Outcome:
    """Return the outcome of code whose process is gone; `error` is `Type: message`."""
    return Outcome(
        kind=kind,
        error=error,
        error_type=error.partition(":")[0],
        calls=tuple(calls),
        seconds=seconds,
    )


def _value(data: dict[str, Any], key: str) -> object:
    packed = data[key]
    if not isinstance(packed, bytes):
        raise WireError(f"{key!r} is a packed value")
    try:
        return unpack(packed)
    except WireError as error:  # what one side writes the other may find too costly to make
        return Opaque("value", f"it could not cross: {error}")


def _text(data: dict[str, Any], key: str, limit: int) -> str:
    text = data.get(key, "")
    if not isinstance(text, str):
        raise WireError(f"{key!r} is text")
    return cut(clean(text), limit)
