"""Which checks a proof runs, and how strict each is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from habilis.skills.sandbox.limits import Limits

ALL = (
    "form",
    "steady",
    "alone",
    "cases",
    "use",
    "robustness",
    "novelty",
    "again",
    "sensitivity",
    "mutation",
)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What a draft must show. Leave names out of `checks` to switch those off.

    No call may take longer than `limits.action_s`, no proof longer than `seconds`.
    `inputs` are generated for each proof, `mutants` made at most. A draft is under-tested
    when fewer than `killed` of its mutants show on any input we know or can make.
    `documented_errors` refuses errors that the docstring does not name: off, because a
    quarter of right functions raise them on odd inputs, as many as of wrong ones.
    """

    checks: tuple[str, ...] = ALL
    limits: Limits = Limits(action_s=5.0)
    allow: Sequence[str] = ()
    seconds: float = 60.0
    inputs: int = 24
    mutants: int = 24
    killed: float = 0.4
    documented_errors: bool = False
    seed: int = 0
