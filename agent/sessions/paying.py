"""A paid call: written down, made, and its answer recorded before it is used."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final, Protocol

from habilis.agent.author import Author, Reply, Request, Usage
from habilis.agent.budget import is_priced
from habilis.errors import AuthorError, LibraryError, ReplyLost
from habilis.memory.journal_steps import Steps
from habilis.memory.step import Place, StepRow, StepState

ASSUMED_OUTPUT: Final = 4_096  # tokens set aside for a reply whose length nothing limits
SETTLING_S: Final = 0.05  # between two looks whether others are settled


class Payer(Protocol):
    """Makes a call and sees to it that it is recorded."""

    async def pay(self, place: Place, author: Author, request: Request, *, most: Usage) -> Reply:
        """Return the reply, which is recorded by then.

        Raises:
            BudgetSpent: the call may cost more than is left.
            ClaimLost: another process is at the task.
            AuthorError: as the author raises it.
        """
        ...

    def joins(self, step: StepRow) -> bool:
        """Tell whether asking again joins this call under way, rather than paying twice."""
        ...


class PayHere:
    """Makes the calls in this process: when it is killed, calls under way are in doubt."""

    def __init__(self, steps: Steps, *, process: str) -> None:
        self._steps, self._process = steps, process

    async def pay(self, place: Place, author: Author, request: Request, *, most: Usage) -> Reply:
        step = await self._begun(place, author.name, most)

        async def end(**ended: Any) -> None:
            self._steps.end_reply(step, **ended)

        return await settled(end, lambda: author.reply(request), most=most)

    def joins(self, step: StepRow) -> bool:
        return False

    async def _begun(self, place: Place, author: str, most: Usage) -> int:
        while True:
            step = self._steps.begin_reply(place, author=author, process=self._process, most=most)
            if step is not None:
                return step
            await asyncio.sleep(SETTLING_S)  # what others have set aside is not settled yet


async def settled(
    end: Callable[..., Awaitable[None]], send: Callable[[], Awaitable[Reply]], *, most: Usage
) -> Reply:
    """Make the call of a step that has begun; `end` records how it ended, before it is used."""
    try:
        reply = await send()
    except AuthorError as error:
        lost = isinstance(error, ReplyLost)
        state = StepState.IN_DOUBT if lost else StepState.FAILED
        await end(state=state, cost=most if lost else Usage())
        raise
    except BaseException:
        await end(state=StepState.IN_DOUBT, cost=most)
        raise
    done = partial(end, state=StepState.DONE, content=reply_text(reply), cost=reply.usage)
    try:
        await done()
    except LibraryError:  # its server was cut off; a step ends once, so it may be said again
        await done()
    return reply


def most_cost(author: Author, request: Request, *, most_input: int) -> Usage:
    """Return the most that a call can cost; what no model is paid for costs nothing."""
    if author.name == "compose":
        return Usage()
    if not is_priced(author):
        return Usage(requests=1)
    output = request.most_output or ASSUMED_OUTPUT
    return Usage(
        requests=1,
        input_tokens=most_input,
        output_tokens=output,
        usd=author.cost_usd(most_input, output),
    )


def reply_text(reply: Reply) -> str:
    """Return a reply as JSON, without its cost."""
    row = {"text": reply.text, "gave_up": reply.gave_up, "notes": dict(reply.notes)}
    return json.dumps(row, ensure_ascii=False, default=str)


def reply_from(text: str, cost: Usage) -> Reply:
    """Read a reply back."""
    row = json.loads(text)
    return Reply(text=row["text"], gave_up=row["gave_up"], notes=row["notes"], usage=cost)
