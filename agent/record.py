"""What is kept of a task's run while it runs. This one keeps nothing; sessions have another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from habilis.agent.author import Author
from habilis.agent.budget import Meter
from habilis.skills.outcome import Outcome
from habilis.skills.skill import Skill

Approve = Callable[[str, Mapping[str, object]], Any]
Tool = Callable[..., object]


class Record:
    """The places at which a run may be written down, or be given what was written down."""

    session: str = ""
    hash_seed: int | None = None  # of the worker; a replay needs sets in the same order

    def begin(self, *, meter: Meter, announce: Callable[..., None]) -> None:
        """Start the run's clock where an earlier attempt left it."""

    def author(self, author: Author) -> Author:
        """Return the author to ask."""
        return author

    def tools(self, tools: Sequence[Tool]) -> Sequence[Tool]:
        """Return the tools to offer."""
        return tools

    def approve(self, approve: Approve | None) -> Approve | None:
        """Return the hook that approves calls of tools."""
        return approve

    def recalled(self, find: Callable[[], list[Skill]]) -> list[Skill]:
        """Return the skills that fit the task."""
        return find()

    async def action(self, source: str, run: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """Return what running an action gave."""
        return await run()
