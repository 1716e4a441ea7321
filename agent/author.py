"""The Author protocol: a request in, a reply out, its cost with units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from habilis.agent.example import Example
from habilis.agent.task import Task
from habilis.memory.usage import Usage as Usage
from habilis.skills.outcome import Outcome
from habilis.skills.skill import Skill


class Purpose(StrEnum):
    """What the author is asked for."""

    ACT = "act"  # the next action, or the answer
    ABSTRACT = "abstract"  # a reusable function out of a solved task
    REPAIR = "repair"  # the same function, mended after the gate refused it
    TEST = "test"  # cases for a function whose body it does not see
    PROPOSE = "propose"  # the next task on the way to a goal


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message of a chat: role is "system", "user" or "assistant"."""

    role: str
    content: str


@dataclass(frozen=True, kw_only=True)
class Step:
    """One turn of a trajectory: what the author wrote, what ran, what came back.

    `source` is empty when the reply held no usable code (then `outcome` is None).
    `observation` is the text the author is shown next.
    """

    reply: str
    source: str = ""
    outcome: Outcome | None = None
    observation: str = ""


@dataclass(frozen=True, kw_only=True)
class Request:
    """Everything an author may work from.

    A model reads `messages`, which say it all in words; an embedded author reads
    the data. `task` comes without its checks: how an answer is judged is not for
    authors. `skills` are the recalled ones, best first. `seconds` is the time left and
    `most_output` how many tokens the reply may have; None when there is no limit.
    `call_skill` runs a saved skill in the jail on many argument tuples at once and gives
    one outcome for each.
    """

    purpose: Purpose
    task: Task
    messages: Sequence[Message]
    skills: Sequence[Skill] = ()
    steps: Sequence[Step] = ()
    seconds: float | None = None
    most_output: int | None = None
    call_skill: CallSkill | None = None


class CallSkill(Protocol):
    """Run the skill `name` in the jail on each tuple of positional arguments."""

    def __call__(
        self, name: str, arguments: Sequence[tuple[object, ...]], /
    ) -> Sequence[Outcome]: ...


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What an author wrote, in the same words a model would use: prose and fenced code.

    `gave_up` is why the author cannot go on; the task then ends unsolved. `examples` are
    further ones that the user has given on being asked: they join the task's.
    """

    text: str
    usage: Usage = Usage()
    gave_up: str = ""
    examples: Sequence[Example] = ()
    notes: Mapping[str, object] = field(default_factory=dict)


class Author(Protocol):
    """Writes actions and skills. One author may serve many tasks at once."""

    @property
    def name(self) -> str: ...

    async def reply(self, request: Request) -> Reply:
        """Return the next reply.

        Raises:
            AuthorError: the endpoint failed for good.
        """
        ...
