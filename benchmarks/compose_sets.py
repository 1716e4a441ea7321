"""Sets of tasks by example: one JSON object a line with `id`, `examples` and perhaps `test`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from habilis.agent.example import Example


@dataclass(frozen=True, kw_only=True)
class Task:
    """What the author is shown of a task, and what its answer is judged by."""

    id: str
    shown: tuple[Example, ...]
    kept_back: tuple[Example, ...]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How many examples of a set are shown (None: all) and what is aimed at, in per cent."""

    shown: int | None
    goal: float
    fit: bool = False  # the goal is about fitting what is shown


RULES: Final = {
    "sygus89": Rule(shown=None, goal=100, fit=True),
    "prose": Rule(shown=3, goal=75),
    "bustle38": Rule(shown=None, goal=90),
    "sygus108": Rule(shown=4, goal=92),
    "dreamcoder": Rule(shown=8, goal=94),
    "rule250": Rule(shown=8, goal=84),
}


def find_sets(folder: Path) -> dict[str, list[Task]]:
    """Return the tasks of every known set in a folder, or in its folder `by_example`."""
    inside = folder / "by_example"
    folder = inside if inside.is_dir() else folder
    paths = {name: folder / f"{name}.jsonl" for name in RULES}
    return {name: read_set(path, RULES[name]) for name, path in paths.items() if path.exists()}


def read_set(path: Path, rule: Rule) -> list[Task]:
    """Return the tasks of one file; equal examples count once."""
    lines = path.read_text(encoding="utf-8").split("\n")
    return [_task(json.loads(line), rule) for line in lines if line.strip()]


def _task(row: dict[str, Any], rule: Rule) -> Task:
    examples = _distinct(row["examples"])
    count = len(examples) if rule.shown is None else min(rule.shown, max(1, len(examples) - 1))
    shown = examples[:count]
    rest = [e for e in _distinct(row.get("test") or []) if e not in shown]
    return Task(id=row["id"], shown=shown, kept_back=(*examples[count:], *rest))


def _distinct(rows: Sequence[Any]) -> tuple[Example, ...]:
    examples = {repr(inputs): Example(inputs=tuple(inputs), output=o) for inputs, o in rows}
    return tuple(examples.values())
