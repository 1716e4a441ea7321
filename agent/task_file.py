"""Tasks from files of JSON Lines: bad lines are named, the others can be had."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from habilis.agent.checks import Check, Expected, KeptBack
from habilis.agent.example import Example, example_of, width_problem
from habilis.agent.json_lines import decoded, parse_json, raw_lines
from habilis.agent.json_text import JsonText, written
from habilis.agent.task import Task
from habilis.agent.workspace import check_files
from habilis.errors import TaskError, TaskFileError
from habilis.skills.compare import shorten
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
    if not found.tasks and problem.startswith("this is no JSON"):
        problem += '; a file of tasks has an object a line, as in {"instruction": "..."}'
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
                where = JsonText(text=line, path=path, line=number)
                raise where.error(f"{double} {seen[task.key]}; give it another", "id")
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
    return _Line(line, path, number).task()


class _Line:
    """One line of a task file: its fields, looked at one by one."""

    def __init__(self, line: str, path: Path, number: int) -> None:
        self._folder = path.parent
        self._error = JsonText(text=line, path=path, line=number).error
        self._row = parse_json(line, path, number, finite=True)

    def task(self) -> Task:
        """Return the task.

        Raises:
            TaskFileError: a field is unknown, missing or of a wrong kind.
        """
        row = self._row
        if not isinstance(row, dict):
            raise self._error('a task is a JSON object, as in {"instruction": "..."}')
        for key in row:
            if key not in _FIELDS:
                near = difflib.get_close_matches(key, _FIELDS, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(_FIELDS)}"
                raise self._error(f"unknown field {key!r}{hint}", key)
        instruction = row.get("instruction")
        if not isinstance(instruction, str) or _is_blank(instruction):
            problem = "a task needs a text 'instruction': say in a sentence what you want"
            raise self._error(problem, "instruction")
        examples = self._examples("examples")
        return Task(
            instruction,
            id=self._id(),
            name=self._text(row.get("name", ""), "'name' must be a text", "name"),
            inputs=self._inputs(),
            files=self._files(),
            examples=examples,
            checks=self._checks(examples),
            attempts=self._attempts(),
        )

    def _id(self) -> str:
        given = self._row.get("id", "")
        whole = isinstance(given, int) and not isinstance(given, bool)
        return str(given) if whole else self._text(given, "'id' is a text or a whole number", "id")

    def _text(self, value: object, what: str, *place: str | int) -> str:
        if not isinstance(value, str):
            raise self._error(f"{what}, not {written(value)}", *place)
        return value

    def _files(self) -> tuple[Path, ...]:
        names = self._list("files", "paths")
        files = list[Path]()
        for place, name in enumerate(names):
            file = self._folder / self._text(name, "a file is a text", "files", place)
            try:
                check_files([file])
            except (TaskError, ValueError) as error:  # a path may hold what no path can
                raise self._error(str(error), "files", place) from None
            files.append(file)
        return tuple(files)

    def _checks(self, examples: tuple[Example, ...]) -> tuple[Check, ...]:
        kept_back = self._examples("checks", *examples[:1])
        checks: list[Check] = [KeptBack(kept_back)] if kept_back else []
        if "expected" in self._row:
            checks.append(Expected(self._row["expected"]))
        return tuple(checks)

    def _attempts(self) -> int:
        attempts = self._row.get("attempts", 3)
        if not isinstance(attempts, int) or isinstance(attempts, bool) or attempts < 1:
            problem = f"'attempts' must be a whole number above 0, not {written(attempts)}"
            raise self._error(problem, "attempts")
        return attempts

    def _examples(self, key: str, *before: Example) -> tuple[Example, ...]:
        """Return the rows of a field; all of a task have as many inputs as its first one."""
        examples = list[Example]()
        for place, row in enumerate(self._list(key, "[[input, ...], output]")):
            what, example = f"{key}[{place}]", example_of(row)
            if example is None:
                problem = f"{what} must be [[input, ...], output], not {written(row)}"
                raise self._error(problem, key, place)
            examples.append(example)
            if problem := width_problem(example, (*before, *examples)[0]):
                raise self._error(f"{what} has {problem}", key, place)
        return tuple(examples)

    def _list(self, key: str, of: str) -> list[Any]:
        value = self._row.get(key, [])
        if not isinstance(value, list):
            raise self._error(f"{key!r} must be a list of {of}, not {written(value)}", key)
        return value

    def _inputs(self) -> dict[str, Any]:
        value = self._row.get("inputs", {})
        if not isinstance(value, dict):
            raise self._error("'inputs' must be an object whose keys are variable names", "inputs")
        for name, given in value.items():
            try:
                encoded_input(name, given, tools=())
            except TaskError as error:
                raise self._error(str(error), "inputs", name) from None
        return value


def _is_blank(text: str) -> bool:
    return not any(c.isprintable() and not c.isspace() for c in text)
