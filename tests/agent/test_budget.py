from __future__ import annotations

import math

import pytest

from habilis.agent.author import Usage
from habilis.agent.budget import Budget, Meter, StopReason
from habilis.errors import ConfigError


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, "10", True])
def test_a_limit_that_makes_no_sense_is_refused(value: float) -> None:
    """The message names the field and the value."""
    with pytest.raises(ConfigError, match="tokens="):
        Budget(tokens=value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("budget", "usage", "reason"),
    [
        (Budget(tokens=10), Usage(input_tokens=6, output_tokens=4), StopReason.TOKENS),
        (Budget(usd=0.5), Usage(usd=0.5), StopReason.USD),
        (Budget(usd=0.5), Usage(usd=None), StopReason.USD),
        (Budget(tokens=11, usd=0.5), Usage(input_tokens=10, usd=0.4), None),
        (Budget(), Usage(input_tokens=10**9, usd=None), None),
    ],
)
def test_a_limit_is_reached_by_what_was_spent(
    budget: Budget, usage: Usage, reason: StopReason | None
) -> None:
    """A price that is not known counts as reached: nobody can promise it is below."""
    meter = Meter(budget, clock=lambda: 0.0)
    meter.spend(usage)
    assert meter.exceeded() is reason


def test_steps_and_seconds_are_counted() -> None:
    """Time comes from the clock that was passed in."""
    now = [100.0]
    meter = Meter(Budget(steps=2, seconds=5), clock=lambda: now[0])
    assert meter.exceeded() is None and meter.seconds_left == 5
    meter.steps = 2
    assert meter.exceeded() is StopReason.STEPS
    meter.steps, now[0] = 0, 106.0
    assert meter.exceeded() is StopReason.SECONDS and meter.seconds_left == 0
