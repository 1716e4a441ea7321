"""What sandboxed code may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

TIERS: Final = ("weak", "nofiles", "standard", "full")  # of the jail, worst first


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one action may use. Memory counts beyond what the worker itself has mapped."""

    action_s: float = 30.0
    memory_bytes: int = 2 * 2**30
    printed_chars: int = 20_000
    value_bytes: int = 8 * 2**20
    file_bytes: int = 64 * 2**20
