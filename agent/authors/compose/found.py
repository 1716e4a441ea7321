"""What a search gives: a function and how far to trust it, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field

from habilis.agent.authors.compose.confidence import SURE, Signs
from habilis.agent.authors.compose.rivals import Dispute
from habilis.agent.authors.compose.terms import Term


@dataclass(frozen=True, kw_only=True)
class Found:
    """A function that is right on every example.

    `source` is complete. When a saved skill alone does it, `name` is the skill's and the
    source is its import. `confidence` is the chance that it is right beyond the examples,
    `signs` what it is judged by. `dispute` is the example that would settle most, `unsure`
    the positions of the unlabelled inputs on which answers that are as likely differ.
    """

    name: str
    source: str
    tried: int
    cost: float
    seconds: float
    confidence: float
    term: Term = field(repr=False, compare=False)
    skills_used: tuple[str, ...] = ()
    signs: Signs
    dispute: Dispute | None = None
    unsure: tuple[int, ...] = ()

    @property
    def sure(self) -> bool:
        """Whether to rely on it without another example."""
        return self.confidence >= SURE


@dataclass(frozen=True, kw_only=True)
class NotFound:
    """No function fits; `why` is a sentence without a period."""

    why: str
    tried: int = 0
    seconds: float = 0.0
