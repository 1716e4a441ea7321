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
    """What one action may use. Memory counts beyond what the worker itself has mapped."""

    action_s: float = 30.0
    memory_bytes: int = 2 * 2**30
    printed_chars: int = 20_000
    value_bytes: int = 8 * 2**20
    file_bytes: int = 64 * 2**20  # each
    workspace_bytes: int = 2**30  # by which all files together may grow
