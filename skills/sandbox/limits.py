"""What sandboxed code may use."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from habilis.errors import ConfigError

TIERS: Final = ("weak", "nofiles", "standard", "full")  # of the jail, worst first


def known_tier(name: str | None) -> str:
    """Return the tier asked for: None means what HABILIS_MIN_TIER says, else "standard".

    Raises:
        ConfigError: there is no such tier.
    """
    name = name or os.environ.get("HABILIS_MIN_TIER") or "standard"
    if name not in TIERS:
        raise ConfigError(f"no tier {name!r}; tiers are {', '.join(TIERS)}")
    return name


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one action may use.

    `action_s`: seconds. `memory_bytes`: beyond what the worker itself has mapped.
    `printed_chars`: of what it prints; the middle of more is cut, ten times as much ends it.
    `value_bytes`: of a value that crosses; a larger one stays where it is. `file_bytes`: of
    each file. `workspace_bytes`: by which all files of the workspace together may grow.

    Raises:
        ConfigError: one of them is no positive number.
    """

    action_s: float = 30.0
    memory_bytes: int = 2 * 2**30
    printed_chars: int = 20_000
    value_bytes: int = 8 * 2**20
    file_bytes: int = 64 * 2**20
    workspace_bytes: int = 2**30

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not 0 < value < 2**62:
                raise ConfigError(f"Limits({name}=...) is a positive number, not {value!r}")
