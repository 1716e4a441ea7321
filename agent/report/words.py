"""Figures and untrusted text, as a reader of the report sees them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from habilis.agent.observe import one_line
from habilis.agent.report.facts import SessionFacts, TaskFacts

_UNIT = re.compile(r"(?<=\d) (?=(?:[kMG]|s|min|h|d)\b)")  # no line ends between the two
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def line(text: str, limit: int = 160) -> str:
    """Return text of a task, model or skill as one plain line; jinja2 escapes it later."""
    return one_line(text[: 4 * limit], limit)


def count(number: float) -> str:
    """Return 1,234 as it is and larger numbers as 12.3 k or 4.5 M."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if number >= size:
            shown = f"{number / (1e3 if unit == 'k' else size):,.1f}"
            return f"{shown.removesuffix('.0')} {unit}"
    return f"{number:,.0f}" if number >= 10 or number == int(number) else f"{number:.1f}"


def duration(seconds: float) -> str:
    """Return 0.4 s, 12 s, 3 min 20 s, 2 h 10 min or 3 d 4 h."""
    if seconds < _MINUTE:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    for large, small, names in (
        (_MINUTE, 1, ("min", "s")),
        (_HOUR, _MINUTE, ("h", "min")),
        (_DAY, _HOUR, ("d", "h")),
    ):
        if seconds < large * (_DAY if large == _DAY else 24 if large == _HOUR else 60):
            return f"{int(seconds // large)} {names[0]} {int(seconds % large // small)} {names[1]}"
    return f"{seconds / _DAY:,.0f} d"


def money(usd: float | None) -> str:
    """Return US dollars, with more digits where there is little."""
    if usd is None:
        return "price not known"
    return f"${usd:,.2f}" if usd >= 0.1 or usd == 0 else f"${usd:.4f}"


def date(at: float) -> str:
    """Return a moment in UTC, to the minute."""
    return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")


def plural(number: int, noun: str) -> str:
    """Return "1 task", "2 tasks"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def reason(stop_reason: str) -> str:
    """Return why a task ended, in words."""
    return {
        "answered": "answered, but judged wrong",
        "recalled": "a saved skill answered, but was judged wrong",
        "gave_up": "the author gave up",
        "failed_checks": "every answer allowed was judged wrong",
        "unusable_replies": "the replies held nothing usable",
        "repeated": "the same action again and again",
        "steps": "out of steps",
        "seconds": "out of time",
        "tokens": "out of tokens",
        "usd": "out of money",
    }.get(stop_reason, line(stop_reason.replace("_", " "), 60))


def total_usd(tasks: Sequence[TaskFacts]) -> float | None:
    """Return what tasks cost, None as soon as one price is not known."""
    prices = [task.usd for task in tasks]
    return None if None in prices else sum(price or 0.0 for price in prices)


def headline(facts: SessionFacts) -> str:
    """Say in one sentence what came out."""
    tasks = facts.tasks
    if not tasks:
        return "No task is finished yet."
    judged = [task for task in tasks if task.solved is not None]
    solved = sum(task.solved is True for task in tasks)
    unjudged = sum(task.solved is None and task.answered for task in tasks)
    of = plural(len(tasks), "task")
    if judged:
        text, rest = f"{solved:,} of {of} solved", f"{unjudged:,} answered without a check"
    else:
        text, rest = f"{unjudged:,} of {of} answered, none with a check", ""
    notes = [rest] if rest and unjudged else []
    if facts.count > len(tasks):
        text += " so far"
        notes.append(f"{facts.count - len(tasks):,} to go")
    text += f" ({', '.join(notes)})" if notes else ""
    return _UNIT.sub("\u00a0", f"{text}, {_skills(tasks)}, for {_price(tasks)}.")


def _skills(tasks: Sequence[TaskFacts]) -> str:
    made = len({name for task in tasks for name in task.skills_made})
    reused = sum(bool(task.skills_used) for task in tasks)
    new = plural(made, "new skill") if made else "no new skill"
    calls = f"saved skills called in {plural(reused, 'task')}" if reused else "none called again"
    return f"with {new} and {calls}"


def _price(tasks: Sequence[TaskFacts]) -> str:
    tokens, usd = sum(task.tokens for task in tasks), total_usd(tasks)
    spent = f"{count(tokens)} tokens" if tokens else "no tokens"
    if tokens:
        spent += f" ({money(usd)})"
    return f"{spent} and {duration(sum(task.seconds for task in tasks))} of work"
