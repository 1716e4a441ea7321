"""The tables of a report: failures by reason, costs, skills; long lists are cut and say so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from habilis.agent.report.facts import SkillFacts, TaskFacts
from habilis.agent.report.words import count, duration, line, money, plural, reason, total_usd
from habilis.memory.usage import Usage

MOST_ROWS = 100
_MOST_GROUPS, _MOST_DETAILS, _MOST_IDS, _DEAREST = 20, 6, 5, 8
_NUMBERS = re.compile(r"\d[\d.,]*")


@dataclass(frozen=True, kw_only=True)
class Detail:
    """What several tasks were told when they failed, but for the numbers in it."""

    text: str
    number: int
    ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Failures:
    """The failed tasks of one reason. `more` are further details not shown."""

    reason: str
    number: int
    share: float  # of all failed tasks
    details: tuple[Detail, ...]
    more: int


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A label and its figure; `note` says what it means."""

    label: str
    value: str
    note: str = ""


def failures(tasks: Sequence[TaskFacts]) -> tuple[Failures, ...]:
    """Return the failed tasks by reason, the most frequent first."""
    failed = [task for task in tasks if task.failed]
    groups = _grouped((task.stop_reason, task) for task in failed)
    return tuple(
        _failures(stop_reason, group, len(failed)) for stop_reason, group in groups[:_MOST_GROUPS]
    )


def _failures(stop_reason: str, tasks: Sequence[TaskFacts], total: int) -> Failures:
    groups = _grouped((_NUMBERS.sub("#", line(task.detail, 300)), task) for task in tasks)
    details = tuple(
        Detail(
            text=line(group[0].detail, 300) or "no further word",
            number=len(group),
            ids=tuple(line(task.id, 40) for task in group[:_MOST_IDS]),
        )
        for _, group in groups[:_MOST_DETAILS]
    )
    return Failures(
        reason=reason(stop_reason),
        number=len(tasks),
        share=len(tasks) / total,
        details=details,
        more=max(0, len(groups) - _MOST_DETAILS),
    )


def _grouped(rows: Iterable[tuple[str, TaskFacts]]) -> list[tuple[str, list[TaskFacts]]]:
    groups: dict[str, list[TaskFacts]] = {}
    for key, task in rows:
        groups.setdefault(key, []).append(task)
    return sorted(groups.items(), key=lambda item: -len(item[1]))


def costs(tasks: Sequence[TaskFacts], others: Mapping[str, Usage]) -> tuple[Fact, ...]:
    """Return what the session's tasks cost, and what it paid beside them, each with its unit."""
    seconds = sum(task.seconds for task in tasks)
    author = sum(task.author_seconds for task in tasks)
    free = sum(task.requests == 0 for task in tasks)
    priced = [task for task in tasks if task.usd is not None]
    note = ""
    if len(priced) < len(tasks):
        known = money(total_usd(priced))
        note = f"{known} in the {plural(len(priced), 'task')} whose price is known"
    return (
        Fact(label="Money", value=money(total_usd(tasks)), note=note),
        Fact(label="Tokens read", value=count(sum(task.input_tokens for task in tasks))),
        Fact(label="Tokens written", value=count(sum(task.output_tokens for task in tasks))),
        Fact(
            label="Requests",
            value=count(sum(task.requests for task in tasks)),
            note=f"none at all for {plural(free, 'task')}" if free else "",
        ),
        Fact(
            label="Time",
            value=duration(seconds),
            note=f"{duration(author)} of it waiting for the author",
        ),
        *(
            Fact(
                label=what.capitalize(),
                value=f"{count(usage.tokens)} tokens",
                note=f"{money(usage.usd)}, beside the tasks",
            )
            for what, usage in others.items()
        ),
    )


def dearest(tasks: Sequence[TaskFacts]) -> tuple[TaskFacts, ...]:
    """Return the tasks that cost most, in money where it is known, else in tokens."""
    spent = [task for task in tasks if task.tokens]
    return tuple(sorted(spent, key=lambda t: (-(t.usd or 0.0), -t.tokens))[:_DEAREST])


def skill_rows(skills: Sequence[SkillFacts]) -> tuple[SkillFacts, ...]:
    """Return the skills to list: those called most come first."""
    ordered = sorted(skills, key=lambda skill: (-skill.used_by, not skill.made_here, skill.name))
    return tuple(ordered[:MOST_ROWS])
