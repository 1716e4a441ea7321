"""A task out of what callers give: a Task as it is, or a sentence and its particulars."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from habilis.agent.checks import Check, as_checks
from habilis.agent.example import Example, as_examples
from habilis.agent.task import Task
from habilis.errors import ConfigError, TaskError

Examples: TypeAlias = Sequence[Example | tuple[Sequence[object], object]]
OneCheck: TypeAlias = Check | Callable[[Any], object]
Checks: TypeAlias = OneCheck | Sequence[OneCheck]


def make_task(
    task: Task | str,
    *,
    inputs: Mapping[str, object] | None,
    files: Sequence[str | Path],
    examples: Examples,
    checks: Checks,
    output_type: Any,
) -> Task:
    """Return the task to run.

    Raises:
        TaskError: particulars were given beside a Task, or one of them makes no sense.
        ConfigError: pydantic cannot validate the output type.
    """
    if isinstance(task, Task):
        if inputs or files or examples or checks or output_type is not None:
            raise TaskError("give inputs, files, examples and checks in the Task itself")
        _check_output_type(task.output_type)
        return task
    _check_output_type(output_type)
    return Task(
        task,
        inputs={} if inputs is None else inputs,
        files=[Path(file) for file in ([files] if isinstance(files, str | Path) else files)],
        examples=as_examples(examples),
        checks=as_checks(checks),
        output_type=output_type,
    )


def _check_output_type(output_type: Any) -> None:
    if output_type is None:
        return
    from pydantic import PydanticUndefinedAnnotation, PydanticUserError, TypeAdapter

    try:
        TypeAdapter(output_type).rebuild(raise_errors=True, force=True)
    except (PydanticUserError, PydanticUndefinedAnnotation, TypeError) as error:
        reason = str(error).split("\n")[0]
        raise ConfigError(
            f"output_type={output_type!r} is nothing pydantic can validate ({reason}); use a "
            "pydantic model, a dataclass or a type such as list[int]"
        ) from None
