"""What a proof says: one frozen value for each check, fit to be kept beside the skill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from habilis.skills.compare import show
from habilis.skills.sandbox.wire import WireError, dumps
from habilis.skills.skill import Case


class Kinship(StrEnum):
    """How a draft behaves beside a skill that we have."""

    EQUAL = "equal"  # the same wherever the draft gives anything
    MORE_GENERAL = "more_general"  # the same wherever the skill gives anything, and more


@dataclass(frozen=True, kw_only=True)
class Relative:
    """The skill that a draft is a copy of, or that it could replace."""

    name: str
    kinship: Kinship


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """One named check: whether it holds, what was seen, and the figures behind it."""

    name: str
    passed: bool
    evidence: str
    figures: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "passed": self.passed,
            "evidence": self.evidence,
            "figures": dict(self.figures),
            "seconds": round(self.seconds, 4),
        }


@dataclass(frozen=True, kw_only=True)
class Call:
    """One set of arguments, without a result: all that a worker is ever told of a case."""

    arguments: tuple[object, ...] = ()
    keywords: Mapping[str, object] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """A text that two calls share when their inputs are the same, of whatever type."""
        inputs = (self.arguments, sorted(self.keywords.items()))
        try:
            return dumps(inputs)
        except WireError:  # too large to cross: nor will it reach a worker
            return show(inputs)


@dataclass(frozen=True, kw_only=True)
class Proof:
    """All checks that ran, cheapest first; the first that fails ends the proof.

    `relative` is the active skill that the draft copies or could replace. `recorded` are
    calls with the draft's own results, which keep its behaviour though nobody vouches for
    it. `questions` are inputs whose true result would tell most, best first.
    """

    checks: tuple[CheckResult, ...]
    relative: Relative | None = None
    recorded: tuple[Case, ...] = ()
    questions: tuple[Call, ...] = ()

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)

    @property
    def failed(self) -> CheckResult | None:
        return next((check for check in self.checks if not check.passed), None)

    @property
    def twin(self) -> str:
        """The skill that a refused draft is a copy of, else empty."""
        copied = self.relative is not None and self.relative.kinship is Kinship.EQUAL
        return self.relative.name if self.relative and copied else ""

    @property
    def strength(self) -> float:
        """The share of telling mutants that vouched cases refuse, 0 to 1; 0 if not measured."""
        return next((c.figures["strength"] for c in self.checks if "strength" in c.figures), 0.0)

    def to_json(self) -> list[dict[str, Any]]:
        """Return the evidence as plain data: one object a check."""
        return [check.to_json() for check in self.checks]


def proof_from_json(rows: Sequence[Mapping[str, Any]]) -> Proof:
    """Read what `Proof.to_json` wrote."""
    return Proof(checks=tuple(CheckResult(**row) for row in rows))
