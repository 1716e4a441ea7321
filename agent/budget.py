"""What a task may cost, and what it has cost so far."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final, Protocol, TypeGuard

from habilis.agent.author import Message, Usage
from habilis.errors import ConfigError

_FRAME_TOKENS: Final = 8  # of one message: its role and the marks around it
_LEAST_OUTPUT: Final = 16
_MOST: Final = 10**15  # of anything: more is no limit, and no database's whole number


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

    A limit gives a partial result with its `stop_reason`. Tokens and money are not overrun:
    a model is told how long its reply may be, and not asked where what is left may not do.

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
            if not number or not math.isfinite(value) or not 0 < value <= _MOST:
                raise ConfigError(
                    f"budget {field.name}={value!r} makes no sense: give a positive number, "
                    "below 10 ** 15, or None for no limit"
                )


class Priced(Protocol):
    """An author that is paid by the token, and keeps to `Request.most_output`."""

    def cost_usd(self, input_tokens: int, output_tokens: int) -> float | None:
        """Return what so much costs, None where the price is not known."""
        ...


def is_priced(author: object) -> TypeGuard[Priced]:
    """Tell whether it is one. To ask a protocol itself is slow, and each call asks twice."""
    return hasattr(author, "cost_usd")


def most_output(
    author: Priced, most_input: int, *, tokens: int | None, usd: float | None
) -> int | None:
    """Return how many tokens a reply may have so that neither limit is overrun; None: any."""
    room = [] if tokens is None else [tokens - most_input]
    if usd is not None:
        sent, each = author.cost_usd(most_input, 0), author.cost_usd(0, 1_000_000)
        if sent is not None and each:
            room.append(int((usd - sent) / each * 1_000_000))
    return min(room, default=None)


class Meter:
    """Counts what one task spends against its budget. Its clock is one that nobody sets."""

    def __init__(self, budget: Budget, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.budget = budget
        self.usage = Usage()
        self.steps = 0
        self._counted = (0, 0)  # bytes whose tokens the server has counted, and the tokens
        self._clock = clock
        self._started = clock()

    def spend(self, usage: Usage) -> None:
        self.usage = self.usage + usage

    def count(self, messages: Sequence[Message], usage: Usage) -> None:
        """Remember what the server counted for these messages, its reply included."""
        self._counted = (_weight(messages), usage.tokens)

    def most_input(self, messages: Sequence[Message], *, counted: bool = True) -> int:
        """Return a bound on the tokens of a request: a token has at least one byte.

        What the server has `counted` in the last request is not bounded but known.
        """
        weight, tokens = self._counted if counted else (0, 0)
        return tokens + max(0, _weight(messages) - weight)

    def room(
        self, messages: Sequence[Message], author: object, *, counted: bool = True
    ) -> int | None:
        """Return how long the next reply may be, in tokens; None where nothing limits it."""
        if not is_priced(author):
            return None
        budget, usage = self.budget, self.usage
        tokens = None if budget.tokens is None else budget.tokens - usage.tokens
        usd = None if budget.usd is None else budget.usd - (usage.usd or 0.0)
        most_input = self.most_input(messages, counted=counted)
        return most_output(author, most_input, tokens=tokens, usd=usd)

    def full(self, room: int | None) -> StopReason | None:
        """Return the limit that leaves no room for a reply worth asking for."""
        if room is None or room >= _LEAST_OUTPUT:
            return None
        return StopReason.TOKENS if self.budget.tokens is not None else StopReason.USD

    def add_seconds(self, seconds: float) -> None:
        """Count time that went by in an earlier attempt; less than 0 takes a pause out."""
        self._started -= seconds

    @property
    def steps_left(self) -> int | None:
        """Steps until the limit; None when there is no limit."""
        return None if self.budget.steps is None else self.budget.steps - self.steps

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
                used = f"{usage.tokens:,} of {budget.tokens:,} tokens are used"
                over = usage.tokens >= (budget.tokens or 0)
                return used if over else f"{used}; the next call may need more than is left"
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


def _weight(messages: Sequence[Message]) -> int:
    return sum(
        len(message.content.encode("utf-8", "surrogatepass")) + _FRAME_TOKENS
        for message in messages
    )
