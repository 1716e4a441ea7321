"""Tasks from files of JSON Lines: bad lines are named, the others can be had."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from habilis.agent.checks import Check, Expected, KeptBack
from habilis.agent.example import Example
from habilis.agent.example_file import example_of
from habilis.agent.json_lines import decoded, parse_json, raw_lines
from habilis.agent.task import Task
from habilis.agent.workspace import check_files
from habilis.errors import TaskError, TaskFileError
from habilis.skills.compare import shorten, show
from habilis.skills.sandbox.inputs import encoded_input

_FIELDS = (
    "id",
    "name",
    "instruction",
    "inputs",
    "files",
    "examples",
    "checks",
    "expected",
    "attempts",
)
_NAMED = 10  # bad lines, after the first


@dataclass(frozen=True, kw_only=True)
class TaskFile:
    """What a file of tasks holds: the good lines as tasks and as they stand, and the bad ones."""

    tasks: tuple[Task, ...]
    lines: tuple[str, ...]
    problems: tuple[TaskFileError, ...]


def read_tasks(path: str | Path) -> list[Task]:
    """Read one task a line.

    A line is an object with `instruction` and, as wanted, `id`, `name`, `inputs` (an
    object), `files` (paths beside the task file), `examples` and `checks` (lists of
    [[input, ...], output]), `expected` (a value) and `attempts`. Empty lines are skipped.

    Raises:
        TaskFileError: a line is bad; its line and column are named, and what else is bad.
        InputFileError: the file itself cannot be read.
    """
    found = scan_tasks(path)
    if not found.problems:
        return list(found.tasks)
    first, *others = found.problems
    problem = first.problem
    if others:
        numbers = ", ".join(str(error.line) for error in others[:_NAMED])
        numbers += ", ..." if len(others) > _NAMED else ""
        problem += f"; {len(others)} more bad: line{'s' if len(others) > 1 else ''} {numbers}"
    if found.tasks:
        problem += f"; {len(found.tasks)} good: `habilis session check` can write them to a file"
    raise TaskFileError(problem, path=first.path, line=first.line, column=first.column)


def scan_tasks(path: str | Path) -> TaskFile:
    """Read what can be read; a bad line does not hide the others.

    Raises:
        TaskFileError: the file holds nothing at all.
        InputFileError: the file itself cannot be read.
    """
    path = Path(path)
    tasks, lines, problems = list[Task](), list[str](), list[TaskFileError]()
    seen: dict[str, int] = {}
    for number, raw in raw_lines(path):
        try:
            line = decoded(raw, path, number)
            if not line.strip():
                continue
            task = task_of(line, path, number)
            if task.key in seen:
                double = f"task id {shorten(repr(task.key), 80)} is already the one of line"
                raise TaskFileError(f"{double} {seen[task.key]}", path=path, line=number)
        except TaskFileError as error:
            problems.append(error)
            continue
        seen[task.key] = number
        tasks.append(task)
        lines.append(line)
    if not tasks and not problems:
        raise TaskFileError("the file holds no task", path=path, line=1)
    return TaskFile(tasks=tuple(tasks), lines=tuple(lines), problems=tuple(problems))


def task_of(line: str, path: Path, number: int) -> Task:
    """Return the task that a line of JSON holds.

    Raises:
        TaskFileError: it holds none; line and column are named.
    """
    row = parse_json(line, path, number)
    if not isinstance(row, dict):
        raise TaskFileError("a task is a JSON object", path=path, line=number)
    for key in row:
        if key not in _FIELDS:
            near = difflib.get_close_matches(key, _FIELDS, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(_FIELDS)}"
            column = line.find(json.dumps(key)) + 1
            raise TaskFileError(
                f"unknown field {key!r}{hint}", path=path, line=number, column=max(column, 1)
            )
    instruction = row.get("instruction")
    if not isinstance(instruction, str) or _is_blank(instruction):
        raise TaskFileError("a task needs a text 'instruction'", path=path, line=number)
    return Task(
        instruction,
        id=_id(row, path, number),
        name=_text(row.get("name", ""), "'name'", path, number),
        inputs=_inputs(row, path, number),
        files=_files(row, path, number),
        examples=_examples(row, "examples", path, number),
        checks=_checks(row, path, number),
        attempts=_attempts(row, path, number),
    )


def _is_blank(text: str) -> bool:
    return not any(c.isprintable() and not c.isspace() for c in text)


def _id(row: Mapping[str, Any], path: Path, number: int) -> str:
    given = row.get("id", "")
    whole = isinstance(given, int) and not isinstance(given, bool)
    return str(given) if whole else _text(given, "'id'", path, number)


def _text(value: object, what: str, path: Path, number: int) -> str:
    if not isinstance(value, str):
        raise TaskFileError(f"{what} must be a text, not {show(value, 60)}", path=path, line=number)
    return value


def _files(row: Mapping[str, Any], path: Path, number: int) -> tuple[Path, ...]:
    names = [_text(n, "each of 'files'", path, number) for n in _list(row, "files", path, number)]
    files = tuple(path.parent / name for name in names)
    try:
        check_files(files)
    except (TaskError, ValueError) as error:  # a path may hold what no path can
        raise TaskFileError(str(error), path=path, line=number) from None
    return files


def _checks(row: Mapping[str, Any], path: Path, number: int) -> tuple[Check, ...]:
    kept_back = _examples(row, "checks", path, number)
    checks: list[Check] = [KeptBack(kept_back)] if kept_back else []
    if "expected" in row:
        checks.append(Expected(row["expected"]))
    return tuple(checks)


def _attempts(row: Mapping[str, Any], path: Path, number: int) -> int:
    attempts = row.get("attempts", 3)
    if not isinstance(attempts, int) or isinstance(attempts, bool) or attempts < 1:
        raise TaskFileError(
            f"attempts={attempts!r} is no whole number above 0", path=path, line=number
        )
    return attempts


def _examples(row: Mapping[str, Any], key: str, path: Path, number: int) -> tuple[Example, ...]:
    rows = _list(row, key, path, number)
    return tuple(example_of(r, path, number, f"{key}[{i}]") for i, r in enumerate(rows))


def _list(row: Mapping[str, Any], key: str, path: Path, number: int) -> list[Any]:
    value = row.get(key, [])
    if not isinstance(value, list):
        raise TaskFileError(f"{key!r} must be a list", path=path, line=number)
    return value


def _inputs(row: Mapping[str, Any], path: Path, number: int) -> dict[str, Any]:
    value = row.get("inputs", {})
    if not isinstance(value, dict):
        raise TaskFileError(
            "'inputs' must be an object whose keys are variable names", path=path, line=number
        )
    try:
        for name, given in value.items():
            encoded_input(name, given, tools=())
    except TaskError as error:
        raise TaskFileError(str(error), path=path, line=number) from None
    return value
