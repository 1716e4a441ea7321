"""What running code gave: a closed set of kinds, as values, never exceptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class OutcomeKind(StrEnum):
    """How an action, a call or a case ended."""

    OK = "ok"
    RAISED = "raised"  # the code raised, or does not parse
    REFUSED = "refused"  # the policy does not allow it
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    TOO_MUCH_OUTPUT = "too_much_output"
    KILLED = "killed"  # the worker died while it ran (a signal, a crash)
    LOST = "lost"  # the worker was gone before it could run


class _Nothing:
    """Stands for "no answer was given", which is not the same as None."""

    def __repr__(self) -> str:
        return "NOTHING"


NOTHING: Final = _Nothing()


@dataclass(frozen=True, kw_only=True)
class HostCall:
    """One call of a user's tool from sandboxed code. `error` is empty when it returned."""

    name: str
    arguments: Mapping[str, object]
    value: object = None
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came back from one piece of code.

    `printed` is capped and has no control characters. `error` holds the code's
    own frames and a last line `Type: message`; it is empty when `kind` is OK.
    `value` is the last expression's, as plain data, and `shown` its repr as a person
    at a Python prompt would see it. `answer` is what the code gave to
    `final_answer(...)`, or `NOTHING`.
    `skills_called` counts the calls of saved skills that returned, by name, nested ones
    included: 0 where a skill was called and never returned.
    `rolled_back` says that the action was cut short, and the session's variables are as
    they were before it; `variables_lost`, that they had to be given up. `tier` is the
    jail's: "full", "standard", "nofiles" or "weak" (docs/sandbox.md); empty if nothing ran.
    """

    kind: OutcomeKind
    value: object = None
    shown: str = ""
    printed: str = ""
    error: str = ""
    error_type: str = ""
    answer: object = NOTHING
    calls: tuple[HostCall, ...] = ()
    skills_called: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    memory_bytes: int = 0
    rolled_back: bool = False
    variables_lost: bool = False
    tier: str = ""

    @property
    def ok(self) -> bool:
        return self.kind is OutcomeKind.OK
