"""`habilis session check`: what is wrong with a file of tasks, before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from habilis.agent.cli import options
from habilis.agent.cli.clean import clean_lines
from habilis.agent.cli.screen import print_json
from habilis.agent.task_file import TaskFile, scan_tasks
from habilis.errors import ConfigError


def check(
    tasks: Annotated[Path, typer.Argument(help="JSON Lines: one task a line.")],
    good: Annotated[
        Path | None, typer.Option(help="Write the good lines to this new file.")
    ] = None,
    as_json: options.JsonOption = False,
) -> None:
    """Name every bad line of a task file; with --good, write the others to a file."""
    found = scan_tasks(tasks)
    if good is not None:
        _write(found, tasks, good)
    if as_json:
        print_json(
            {
                "good": len(found.tasks),
                "bad": [
                    {"line": e.line, "column": e.column, "problem": e.problem}
                    for e in found.problems
                ],
            }
        )
    else:
        for error in found.problems:
            column = "" if error.column is None else f", column {error.column}"
            print(clean_lines(f"line {error.line}{column}: {error.problem}"))
        print(f"{len(found.tasks)} good, {len(found.problems)} bad")
        if good is not None:
            print(f"wrote the good lines to {good}")
    if found.problems:
        raise typer.Exit(1)


def _write(found: TaskFile, tasks: Path, good: Path) -> None:
    beside = good.absolute().parent == tasks.absolute().parent
    if not beside and any(task.files for task in found.tasks):
        raise ConfigError(
            f"tasks name files beside {str(tasks)!r}: write {good.name!r} into the same folder"
        )
    try:
        with good.open("x", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{line}\n" for line in found.lines)
    except OSError as error:
        raise ConfigError(
            f"cannot write {str(good)!r}: {error.strerror}; name a file that is not there yet"
        ) from None
