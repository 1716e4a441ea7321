"""What the user wants: an instruction, inputs, examples, and how a result is judged."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from habilis.agent.checks import Check, as_checks
from habilis.agent.example import as_examples
from habilis.errors import TaskError
from habilis.memory.store import storable
from habilis.skills.compare import show
from habilis.skills.sandbox.wire import dumps


@dataclass(frozen=True)
class Task:
    """One thing to do.

    With `examples`, rows of ([input, ...], output), the answer is a function that maps
    inputs to output; without, the answer is a value. `inputs` become variables of the
    sandbox; `files` are copied into its workspace folder. `checks` (a Check, a function
    that tells right from wrong, or a list of those) judge the answer and are never shown
    to the author. `output_type` is any type pydantic can validate.
    `attempts` is how many answers may be proposed before the task counts as failed. A task
    that a model `proposed` is judged by its examples, but they vouch for no skill.
    """

    instruction: str
    id: str = field(default="", kw_only=True)
    name: str = field(default="", kw_only=True)
    inputs: Mapping[str, object] = field(default_factory=dict, kw_only=True)
    files: Sequence[Path] = field(default=(), kw_only=True)
    examples: Sequence[Any] = field(default=(), kw_only=True)
    checks: Any = field(default=(), kw_only=True)
    tools: tuple[Callable[..., object], ...] = field(default=(), kw_only=True)
    output_type: Any = field(default=None, kw_only=True)
    attempts: int = field(default=3, kw_only=True)
    proposed: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "examples", as_examples(self.examples))
        object.__setattr__(self, "checks", as_checks(self.checks))
        given: Any = self.files
        files = (given,) if isinstance(given, str | Path) else given
        object.__setattr__(self, "files", tuple(map(Path, files)))
        if not isinstance(self.instruction, str) or not self.instruction.strip():
            raise TaskError("a task needs an instruction: say in a sentence what you want")
        if not isinstance(self.inputs, Mapping):
            raise TaskError(
                f"inputs={show(self.inputs, 80)} must name its values, as in {{'year': 2024}}"
            )
        object.__setattr__(self, "inputs", dict(self.inputs))
        if not isinstance(self.attempts, int) or self.attempts < 1:
            raise TaskError(f"attempts={self.attempts!r} makes no sense: allow at least one")

    @cached_property
    def key(self) -> str:
        """The task's id, or a short hash of all that makes it this task, files included.

        An id names a task for good: a session does not look further.
        """
        if self.id:
            return storable(self.id)
        return self.fingerprint[:12]

    @cached_property
    def fingerprint(self) -> str:
        """A hash of what is asked and how it is judged; the same in every process."""
        parts = [
            self.id,
            self.instruction,
            _stable(dict(self.inputs)),
            [[file.name, _digest(file)] for file in self.files],
            [[_stable(e.inputs), _stable(e.output)] for e in self.examples],
            [_stable_check(check) for check in self.checks],
            repr(self.output_type),
        ]
        text = json.dumps(parts, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def _stable(value: object) -> str:
    """Write a value so that equal ones are written alike: sets have no order of their own."""
    if isinstance(value, dict):
        return f"{{{','.join(sorted(f'{_stable(k)}:{_stable(v)}' for k, v in value.items()))}}}"
    if isinstance(value, set | frozenset):
        return f"set({','.join(sorted(map(_stable, value)))})"
    if isinstance(value, list | tuple):
        return f"{type(value).__name__}({','.join(map(_stable, value))})"
    return dumps(value)


def _stable_check(check: Check) -> str:
    fields = vars(check) if hasattr(check, "__dict__") else {}
    shown = {
        name: getattr(v, "__qualname__", None) or show(v, 10_000) for name, v in fields.items()
    }
    return f"{type(check).__qualname__}{sorted(shown.items())}"


def _digest(file: Path) -> str:
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError:
        return ""  # it is named when the task starts
