"""What a report is made of, read from the journal and the library: plain data, no words yet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from habilis.agent.observe import one_line
from habilis.errors import SessionError
from habilis.memory.library import SkillLibrary
from habilis.memory.usage import Usage
from habilis.skills.skill import Skill


@dataclass(frozen=True, kw_only=True)
class TaskFacts:
    """One finished task; `number` counts from 1 in the order in which they finished."""

    number: int
    id: str
    solved: bool | None  # None: nothing could judge it
    answered: bool
    stop_reason: str
    detail: str
    requests: int
    input_tokens: int
    output_tokens: int
    usd: float | None
    seconds: float
    author_seconds: float
    skills_used: tuple[str, ...]
    skills_made: tuple[str, ...]

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    @property
    def failed(self) -> bool:
        """Judged wrong, or left without an answer."""
        return self.solved is False or not self.answered


@dataclass(frozen=True, kw_only=True)
class SkillFacts:
    """One skill that the session made or called, or that one of those calls."""

    name: str
    description: str
    state: str
    made_here: bool
    task: str  # the instruction it was made for
    requires: tuple[str, ...]
    used_by: int  # tasks of this session that called it


@dataclass(frozen=True, kw_only=True)
class SessionFacts:
    """A session as its report tells it. `count` is 0 where tasks come one by one."""

    name: str
    state: str
    source: str
    started_at: float
    count: int
    tasks: tuple[TaskFacts, ...]
    skills: tuple[SkillFacts, ...]
    others: Mapping[str, Usage] = field(default_factory=dict)  # paid beside these tasks


def read_session(library: SkillLibrary, name: str) -> SessionFacts:
    """Return what the journal and the library know of a session.

    Raises:
        SessionError: there is no session of this name.
    """
    known = library.journal.session(name)
    if known is None:
        names = ", ".join(repr(one_line(row.name, 40)) for row in library.journal.sessions()[:20])
        raise SessionError(f"no session named {name!r}; there are: {names or 'none'}")
    rows = library.journal.finished(name)
    tasks = tuple(
        _task(number, json.loads(text)) for number, text in enumerate(rows.values(), start=1)
    )
    return SessionFacts(
        name=known.name,
        state=known.state,
        source=known.source,
        started_at=known.started_at,
        count=known.count,
        tasks=tasks,
        skills=_skills(library, tasks),
        others=library.journal.other_costs(name),
    )


def _task(number: int, row: Mapping[str, Any]) -> TaskFacts:
    """Read what `Result.to_json` wrote, without making the answer again."""
    return TaskFacts(
        number=number,
        id=row["task_id"],
        solved=row["solved"],
        answered=row["answered"],
        stop_reason=row["stop_reason"],
        detail=row["detail"],
        requests=row["requests"],
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        usd=row["usd"],
        seconds=row["seconds"],
        author_seconds=row["author_seconds"],
        skills_used=tuple(row["skills_used"]),
        skills_made=tuple(row["skills_made"]),
    )


def _skills(library: SkillLibrary, tasks: Iterable[TaskFacts]) -> tuple[SkillFacts, ...]:
    made: dict[str, None] = {}
    used: dict[str, int] = {}
    for task in tasks:
        made |= dict.fromkeys(task.skills_made)
        for name in task.skills_used:
            used[name] = used.get(name, 0) + 1
    known = {skill.name: skill for skill in library.skills()}
    wanted = _with_required([*made, *used], known)
    return tuple(_skill(known[name], made, used) for name in wanted)


def _with_required(names: Iterable[str], known: Mapping[str, Skill]) -> list[str]:
    """Return the names that exist and all that those call, each once, in order."""
    found: dict[str, None] = {}
    left = [name for name in names if name in known][::-1]
    while left:
        name = left.pop()
        if name not in found:
            found[name] = None
            left += [each for each in known[name].requires if each in known][::-1]
    return list(found)


def _skill(skill: Skill, made: Mapping[str, None], used: Mapping[str, int]) -> SkillFacts:
    return SkillFacts(
        name=skill.name,
        description=skill.description,
        state=skill.state.value,
        made_here=skill.name in made,
        task=skill.provenance.task,
        requires=tuple(skill.requires),
        used_by=used.get(skill.name, 0),
    )
