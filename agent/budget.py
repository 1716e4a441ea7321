"""What a task may cost, and what it has cost so far."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum

from habilis.agent.author import Usage
from habilis.errors import ConfigError


class StopReason(StrEnum):
    """Why a task ended."""

    ANSWERED = "answered"
    RECALLED = "recalled"  # a saved skill solved it, no author was asked
    GAVE_UP = "gave_up"  # the author cannot go on
    FAILED_CHECKS = "failed_checks"  # every attempt allowed was judged wrong
    UNUSABLE_REPLIES = "unusable_replies"
    REPEATED = "repeated"  # the same action three times
    STEPS = "steps"
    SECONDS = "seconds"
    TOKENS = "tokens"
    USD = "usd"


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Limits of one task; None is no limit. `seconds` is wall time.

    Checked before each call of an author and before each action: a limit gives a
    partial result with its `stop_reason`, so a single reply may overrun it.

    Raises:
        ConfigError: a limit is not a positive number.
    """

    steps: int | None = 20
    seconds: float | None = None
    tokens: int | None = None
    usd: float | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None:
                continue
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not number or not math.isfinite(value) or value <= 0:
                raise ConfigError(
                    f"budget {field.name}={value!r} makes no sense: give a positive number, "
                    "or None for no limit"
                )


class Meter:
    """Counts what one task spends against its budget."""

    def __init__(self, budget: Budget, *, clock: Callable[[], float]) -> None:
        self.budget = budget
        self.usage = Usage()
        self.steps = 0
        self._clock = clock
        self._started = clock()

    def spend(self, usage: Usage) -> None:
        self.usage = self.usage + usage

    @property
    def seconds(self) -> float:
        return self._clock() - self._started

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the limit, at least 0; None when there is no limit."""
        if self.budget.seconds is None:
            return None
        return max(0.0, self.budget.seconds - self.seconds)

    def explain(self, reason: StopReason) -> str:
        """Say in a sentence what a reached limit means."""
        budget, usage = self.budget, self.usage
        match reason:
            case StopReason.STEPS:
                return f"{self.steps} of {budget.steps} steps are used"
            case StopReason.SECONDS:
                return f"{self.seconds:.1f} of {budget.seconds:g} seconds are over"
            case StopReason.TOKENS:
                return f"{usage.tokens:,} of {budget.tokens:,} tokens are used"
            case StopReason.USD if usage.usd is None:
                return "the price of this model is not known: limit tokens instead of US dollars"
            case StopReason.USD:
                return f"{usage.usd:.4f} of {budget.usd:g} US dollars are spent"
        return ""

    def exceeded(self) -> StopReason | None:
        """Return the limit that is reached, or None. An unknown price counts as reached."""
        budget, usage = self.budget, self.usage
        if budget.steps is not None and self.steps >= budget.steps:
            return StopReason.STEPS
        if budget.seconds is not None and self.seconds >= budget.seconds:
            return StopReason.SECONDS
        if budget.tokens is not None and usage.tokens >= budget.tokens:
            return StopReason.TOKENS
        if budget.usd is not None and (usage.usd is None or usage.usd >= budget.usd):
            return StopReason.USD
        return None
