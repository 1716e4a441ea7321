"""What a step of a task is, as the journal keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from habilis.memory.journal_claims import Claim
from habilis.memory.usage import Usage


class StepKind(StrEnum):
    """What a step is."""

    RECALL = "recall"  # the skills that were found for the task
    REPLY = "reply"  # an author was asked
    ACTION = "action"  # code was run
    PROPOSAL = "proposal"  # a task that a curriculum has proposed
    TOO_LONG = "too_long"  # an author was asked, and its model's window is smaller


class StepState(StrEnum):
    """How far a step is."""

    BEGUN = "begun"  # asked for; a reply may be on its way
    DONE = "done"
    FAILED = "failed"  # nothing came back, and nothing was paid
    IN_DOUBT = "in_doubt"  # nothing came back, and it may have been paid: counted as spent
    DROPPED = "dropped"  # the task was begun again before this step


@dataclass(frozen=True, kw_only=True)
class StepRow:
    """One step. `elapsed_s` is the task's own time at which it was recorded.

    Of a reply under way or in doubt, `cost` is what was set aside for it.
    """

    id: int
    session: str
    task: str
    number: int
    kind: StepKind
    request: str  # a hash of what was asked
    state: StepState
    content: str  # JSON, its form depends on the kind
    author: str
    process: str  # the token of the process that makes the call
    at: float
    elapsed_s: float
    cost: Usage


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a step stands, and who may write it."""

    claim: Claim
    number: int
    request: str
    elapsed_s: float = 0.0
