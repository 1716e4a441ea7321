"""What a task and a session may take, as it is typed: a number above 0, or `none`."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer

from habilis.agent.budget import Budget
from habilis.errors import ConfigError


@dataclass(frozen=True)
class Limit:
    """A limit that was named; `most` is None where it is to be none."""

    most: float | None

    def __str__(self) -> str:
        return "none" if self.most is None else f"{self.most}"


STEPS: Final = Limit(20)


def named(**limits: Limit | None) -> dict[str, Any]:
    """Return the limits that were named, as a budget takes them."""
    return {name: limit.most for name, limit in limits.items() if limit is not None}


def budget_of(**limits: Limit | None) -> Budget:
    """Return the budget of the limits that were named."""
    return Budget(**named(**limits))


def _reads(field: str, number: Callable[[str], float], kind: str) -> Callable[[object], Limit]:
    """Return what reads a limit of a budget; click says which option it is."""

    def limit(given: object) -> Limit:
        text = str(given).strip()
        if text.lower() == "none":
            return Limit(None)
        try:
            found = number(text)
            Budget(**{field: found})  # type: ignore[arg-type]
        except (ValueError, ConfigError):
            raise typer.BadParameter(
                f"{text!r} is no limit: write a {kind} above 0 and below 10 ** 15, or none"
            ) from None
        return Limit(found)

    return limit


def _patience(given: object) -> float:
    seconds = math.nan
    with contextlib.suppress(ValueError):
        seconds = float(str(given))
    if not 0 <= seconds < math.inf:
        raise typer.BadParameter(f"{str(given)!r}: write a number of seconds, 0 or more")
    return seconds


_STEPS: Final = _reads("steps", int, "whole number")
_TOKENS: Final = _reads("tokens", int, "whole number")
_SECONDS: Final = _reads("seconds", float, "number")
_USD: Final = _reads("usd", float, "number")
_WHOLE, _NUMBER = "INTEGER|none", "NUMBER|none"

StepsOption = Annotated[
    Limit, typer.Option(parser=_STEPS, metavar=_WHOLE, help="Actions a task may take.")
]
SecondsOption = Annotated[
    Limit | None,
    typer.Option(parser=_SECONDS, metavar=_NUMBER, help="Wall time a task may take."),
]
TokensOption = Annotated[
    Limit | None, typer.Option(parser=_TOKENS, metavar=_WHOLE, help="Tokens a task may take.")
]
UsdOption = Annotated[
    Limit | None, typer.Option(parser=_USD, metavar=_NUMBER, help="US dollars a task may cost.")
]
AllTokensOption = Annotated[
    Limit | None, typer.Option(parser=_TOKENS, metavar=_WHOLE, help="Tokens the session may take.")
]
AllUsdOption = Annotated[
    Limit | None,
    typer.Option(parser=_USD, metavar=_NUMBER, help="US dollars the session may cost."),
]
AllStepsOption = Annotated[
    Limit | None, typer.Option(parser=_STEPS, metavar=_WHOLE, help="Actions the session may take.")
]
AllSecondsOption = Annotated[
    Limit | None,
    typer.Option(parser=_SECONDS, metavar=_NUMBER, help="Seconds the session may run."),
]
PatienceOption = Annotated[
    float | None,
    typer.Option(
        parser=_patience,
        metavar="SECONDS",
        help="How long an endpoint may be away before giving up; an hour.",
    ),
]
