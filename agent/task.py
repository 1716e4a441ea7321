"""What the user wants: an instruction, inputs, examples, and how a result is judged."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from habilis.agent.checks import Check


@dataclass(frozen=True, kw_only=True)
class Example:
    """One row of what a function should do: `function(*inputs) == output`."""

    inputs: tuple[object, ...]
    output: object


@dataclass(frozen=True)
class Task:
    """One thing to do.

    With `examples`, the answer is a function that maps each example's inputs to its
    output; without, the answer is a value. `inputs` become variables of the sandbox;
    `files` are copied into its workspace folder. `checks` judge the answer and are
    never shown to the author. `output_type` is any type pydantic can validate.
    `attempts` is how many answers may be proposed before the task counts as failed.
    """

    instruction: str
    id: str = field(default="", kw_only=True)
    name: str = field(default="", kw_only=True)
    inputs: Mapping[str, object] = field(default_factory=dict, kw_only=True)
    files: tuple[Path, ...] = field(default=(), kw_only=True)
    examples: tuple[Example, ...] = field(default=(), kw_only=True)
    checks: tuple[Check, ...] = field(default=(), kw_only=True)
    tools: tuple[Callable[..., object], ...] = field(default=(), kw_only=True)
    output_type: Any = field(default=None, kw_only=True)
    attempts: int = field(default=3, kw_only=True)

    @property
    def key(self) -> str:
        """The task's id, or a short hash of what the author is shown of it."""
        if self.id:
            return self.id
        shown = [
            self.instruction,
            sorted((name, repr(value)) for name, value in self.inputs.items()),
            [str(path) for path in self.files],
            [(repr(example.inputs), repr(example.output)) for example in self.examples],
        ]
        return hashlib.sha256(json.dumps(shown).encode()).hexdigest()[:12]
