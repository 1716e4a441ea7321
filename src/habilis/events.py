"""What observers are told while an agent works. Plain data, safe to log as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import ClassVar


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened. `at` is seconds since 1970, UTC."""

    kind: ClassVar[str] = "event"
    at: float
    task_id: str = ""

    def to_json(self) -> dict[str, object]:
        """Return the event as one flat JSON object with its kind first."""
        return {"event": self.kind, **asdict(self)}


@dataclass(frozen=True, kw_only=True)
class TaskStarted(Event):
    """`limits` are the most it may take of steps, seconds, tokens and usd; others have none."""

    kind: ClassVar[str] = "task_started"
    instruction: str
    limits: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SkillsRecalled(Event):
    """`names` are shown to the author; `solved_by` solved the task with no author at all."""

    kind: ClassVar[str] = "skills_recalled"
    names: tuple[str, ...]
    solved_by: str = ""


@dataclass(frozen=True, kw_only=True)
class AuthorAsked(Event):
    """`seconds` is the most that the reply may take, where the author says so."""

    kind: ClassVar[str] = "author_asked"
    author: str
    purpose: str
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class AuthorReplied(Event):
    kind: ClassVar[str] = "author_replied"
    author: str
    text: str
    input_tokens: int
    output_tokens: int
    usd: float | None
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Acted(Event):
    """An action ran; `observation` is the text the author sees next."""

    kind: ClassVar[str] = "acted"
    step: int
    source: str
    outcome: str
    observation: str
    seconds: float
    skills_called: tuple[str, ...]
    tools_called: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AnswerChecked(Event):
    kind: ClassVar[str] = "answer_checked"
    passed: bool
    detail: str


@dataclass(frozen=True, kw_only=True)
class SkillKept(Event):
    kind: ClassVar[str] = "skill_kept"
    name: str
    version: int
    requires: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SkillNotKept(Event):
    """A draft was refused by a check of the gate, or there was nothing to abstract."""

    kind: ClassVar[str] = "skill_not_kept"
    name: str
    check: str
    evidence: str


@dataclass(frozen=True, kw_only=True)
class TaskFinished(Event):
    kind: ClassVar[str] = "task_finished"
    solved: bool | None
    stop_reason: str
    detail: str
    seconds: float
    tokens: int
    usd: float | None
    skills_used: tuple[str, ...]
    skills_made: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Diverged(Event):
    """A resumed task did not go as recorded; from `step` on it is done anew."""

    kind: ClassVar[str] = "diverged"
    step: int
    what: str


@dataclass(frozen=True, kw_only=True)
class Paused(Event):
    """The whole session waits `seconds`, then tries again; 0 where it cannot know how long."""

    kind: ClassVar[str] = "paused"
    reason: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Notice(Event):
    """Something an observer should know: a fallback, a slow start, a retry."""

    kind: ClassVar[str] = "notice"
    text: str
