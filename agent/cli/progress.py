"""How far tasks are, summed up from events: plain figures, nothing is drawn here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from habilis.events import (
    Acted,
    AnswerChecked,
    AuthorAsked,
    AuthorReplied,
    Event,
    SkillKept,
    SkillsRecalled,
    TaskFinished,
    TaskStarted,
)


@dataclass(frozen=True, kw_only=True)
class TaskProgress:
    """A task under way. `usd` is None when a reply had no known price.

    `reply_by` is when the author's search will be over, where there is one.
    """

    task_id: str
    started_at: float
    limits: Mapping[str, float] = field(default_factory=dict)
    doing: str = "begins"
    steps: int = 0
    tokens: int = 0
    usd: float | None = 0.0
    used: tuple[str, ...] = ()
    made: int = 0
    reply_by: float | None = None

    def left(self, now: float) -> dict[str, float]:
        """Return what is left of each limit, never below 0; an unknown price has none left."""
        usd = self.limits.get("usd", 0.0) if self.usd is None else self.usd
        spent = {
            "steps": float(self.steps),
            "tokens": float(self.tokens),
            "usd": usd,
            "seconds": now - self.started_at,
        }
        return {
            name: max(0.0, self.limits[name] - spent[name]) for name in spent if name in self.limits
        }


@dataclass(frozen=True, kw_only=True)
class Progress:
    """All tasks so far. `total` is 0 where it is not known how many there will be.

    `limits` are those of all tasks together, from `started_at` on; a session that goes on
    begins with what it has spent, the `seconds` among it.
    """

    total: int = 0
    limits: Mapping[str, float] = field(default_factory=dict)
    started_at: float = 0.0
    steps: int = 0
    seconds: float = 0.0
    done: int = 0
    solved: int = 0
    tokens: int = 0
    usd: float | None = 0.0
    made: int = 0
    reused: int = 0  # finished tasks that called saved skills
    running: Mapping[str, TaskProgress] = field(default_factory=dict)

    def after(self, event: Event) -> Progress:
        """Return the progress once this event has happened."""
        match event:
            case TaskStarted():
                task = TaskProgress(task_id=event.task_id, started_at=event.at, limits=event.limits)
                return self._with(task)
            case TaskFinished():
                return self._finished(event)
        current = self.running.get(event.task_id)
        return self if current is None else self._with(_after(current, event))

    def spent(self, now: float) -> dict[str, float | None]:
        """Return what all tasks have spent, those under way among them."""
        running = self.running.values()
        prices = [self.usd, *(task.usd for task in running)]
        return {
            "tokens": self.tokens + sum(task.tokens for task in running),
            "usd": None if None in prices else sum(price or 0.0 for price in prices),
            "steps": self.steps + sum(task.steps for task in running),
            "seconds": self.seconds + max(0.0, now - self.started_at),
        }

    def left(self, now: float) -> float | None:
        """Return the share left of the limit nearest to its end; None where there is none."""
        spent = self.spent(now)
        shares = [
            0.0 if (used := spent[name]) is None else max(0.0, 1 - used / most)
            for name, most in self.limits.items()
        ]
        return min(shares, default=None)

    def _with(self, task: TaskProgress) -> Progress:
        return replace(self, running={**self.running, task.task_id: task})

    def _finished(self, event: TaskFinished) -> Progress:
        running = {key: task for key, task in self.running.items() if key != event.task_id}
        ended = self.running.get(event.task_id)
        return replace(
            self,
            done=self.done + 1,
            steps=self.steps + (ended.steps if ended is not None else 0),
            solved=self.solved + (event.solved is True),
            tokens=self.tokens + event.tokens,
            usd=_sum(self.usd, event.usd),
            made=self.made + len(event.skills_made),
            reused=self.reused + bool(event.skills_used),
            running=running,
        )


def _after(task: TaskProgress, event: Event) -> TaskProgress:
    task = replace(task, reply_by=None)
    match event:
        case SkillsRecalled(names=names) if names:
            return replace(task, doing="has recalled skills")
        case AuthorAsked(purpose="act", seconds=float() as seconds):
            return replace(task, doing="searches", reply_by=event.at + seconds)
        case AuthorAsked():
            words = {
                "act": "waits for the author",
                "abstract": "makes a skill",
                "repair": "mends a skill",
                "test": "has a skill tested",
            }
            return replace(task, doing=words.get(event.purpose, event.purpose))
        case AuthorReplied():
            tokens = task.tokens + event.input_tokens + event.output_tokens
            return replace(task, doing="runs code", tokens=tokens, usd=_sum(task.usd, event.usd))
        case Acted():
            used = tuple(dict.fromkeys((*task.used, *event.skills_called)))
            return replace(task, doing="looks at what came back", steps=event.step, used=used)
        case AnswerChecked():
            return replace(task, doing="has its answer" if event.passed else "was not right")
        case SkillKept():
            return replace(task, doing="kept a skill", made=task.made + 1)
    return task


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other
