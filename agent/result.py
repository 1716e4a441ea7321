"""What a task came to, and how it is written to the journal and read back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from habilis.agent.author import Step, Usage
from habilis.agent.budget import StopReason
from habilis.skills.outcome import NOTHING
from habilis.skills.sandbox.wire import decode, encode


@dataclass(frozen=True, kw_only=True)
class Result:
    """The outcome of one task.

    `solved` is what the checks say, None when the task had none. `output` is the
    answer, validated against the task's `output_type`; None when there is none (see
    `answered`). For a task by examples it is the source of the function. `steps` is
    the trajectory; it is empty in a result read back from a session.
    """

    task_id: str
    output: object = None
    answer: object = NOTHING
    solved: bool | None = None
    stop_reason: StopReason
    detail: str = ""
    function: str = ""  # the name of the function that answers a task by examples
    usage: Usage = Usage()
    seconds: float = 0.0
    skills_shown: tuple[str, ...] = ()
    skills_used: tuple[str, ...] = ()
    skills_made: tuple[str, ...] = ()
    steps: tuple[Step, ...] = field(default=(), repr=False)
    session: str = ""

    @property
    def answered(self) -> bool:
        return self.answer is not NOTHING

    @property
    def cost(self) -> float | None:
        """US dollars, None where the model's price is not known."""
        return self.usage.usd

    def to_json(self) -> str:
        """Return one line of JSON; `output` is left out where `answer` gives it back."""
        usage = self.usage
        return json.dumps(
            {
                "task_id": self.task_id,
                "answer": encode(self.answer) if self.answered else None,
                "answered": self.answered,
                "output": encode(self.output),
                "solved": self.solved,
                "stop_reason": self.stop_reason.value,
                "detail": self.detail,
                "function": self.function,
                "requests": usage.requests,
                "input_tokens": usage.input_tokens,
                "output_tokens": usage.output_tokens,
                "usd": usage.usd,
                "author_seconds": usage.seconds,
                "seconds": self.seconds,
                "skills_shown": self.skills_shown,
                "skills_used": self.skills_used,
                "skills_made": self.skills_made,
                "session": self.session,
            },
            ensure_ascii=False,
        )


def result_from_json(text: str, output_type: Any = None) -> Result:
    """Read a result back from the journal, without its trajectory.

    An output of the task's own type is made again from the answer.
    """
    row = json.loads(text)
    answer = decode(row["answer"]) if row["answered"] else NOTHING
    output = decode(row["output"])
    if output_type is not None and output is not None:
        from pydantic import TypeAdapter

        output = TypeAdapter(output_type).validate_python(answer)
    return Result(
        task_id=row["task_id"],
        answer=answer,
        output=output,
        solved=row["solved"],
        stop_reason=StopReason(row["stop_reason"]),
        detail=row["detail"],
        function=row["function"],
        usage=Usage(
            requests=row["requests"],
            input_tokens=row["input_tokens"],
            output_tokens=row["output_tokens"],
            usd=row["usd"],
            seconds=row["author_seconds"],
        ),
        seconds=row["seconds"],
        skills_shown=tuple(row["skills_shown"]),
        skills_used=tuple(row["skills_used"]),
        skills_made=tuple(row["skills_made"]),
        session=row["session"],
    )
