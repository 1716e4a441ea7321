"""The embedded author: writes functions from examples, with no model, no key, no network."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from threading import Event
from typing import Final

from habilis.agent.author import Purpose, Reply, Request, Usage
from habilis.agent.authors.compose.found import Found, NotFound
from habilis.agent.authors.compose.rivals import Dispute
from habilis.agent.authors.compose.synthesise import synthesise
from habilis.agent.example import Example
from habilis.errors import HabilisError

_QUESTIONS: Final = 3


class ComposeAuthor:
    """Answers tasks that have examples by searching for a program that fits them.

    Each reply takes at most `seconds`, less when the request has less time left. What it
    writes has the form of a model's reply: a sentence, then one block of code.

    `others` are inputs without outputs, as the rest of a person's file: evidence for what
    is meant. `parameters` are names for the inputs. `ask` is asked for the one example that
    settles most, up to three times, when the author is not sure; it returns None to go on
    without. `tell` is told what is found.
    """

    name = "compose"

    def __init__(
        self,
        *,
        seconds: float = 3.0,
        others: Sequence[Sequence[object]] = (),
        parameters: Sequence[str] = (),
        ask: Callable[[Dispute], Example | None] | None = None,
        tell: Callable[[Found], None] | None = None,
    ) -> None:
        self.seconds, self._others = seconds, others
        self._parameters, self._ask, self._tell = parameters, ask, tell

    async def reply(self, request: Request) -> Reply:
        """Return a function that fits the task's examples, or why there is none."""
        start = time.monotonic()
        if request.purpose is Purpose.ABSTRACT:
            return _abstract(request)
        if request.purpose is Purpose.PROPOSE:
            return _give_up("the embedded author proposes no tasks: name a model for that")
        if request.purpose is not Purpose.ACT:
            return _give_up("the embedded author cannot mend a function: it has no other reading")
        if not request.task.examples:
            return _give_up("no examples to work from: without a model, a task needs some")
        asked: list[Example] = []
        found = await self._settled(request, asked)
        usage = Usage(seconds=time.monotonic() - start)
        if isinstance(found, NotFound):
            return Reply(text="", usage=usage, gave_up=found.why, notes={"tried": found.tried})
        notes = {"tried": found.tried, "cost": found.cost, "confidence": found.confidence}
        text = _answer(found, len(request.task.examples) + len(asked))
        return Reply(text=text, usage=usage, examples=tuple(asked), notes=notes)

    async def _settled(self, request: Request, asked: list[Example]) -> Found | NotFound:
        """Search, and again with each example that was asked for, which is added to `asked`."""
        found = await self._search(request, request.task.examples)
        for _ in range(_QUESTIONS if self._ask else 0):
            if not isinstance(found, Found) or found.sure or found.dispute is None:
                break
            answer = await asyncio.to_thread(self._ask, found.dispute) if self._ask else None
            if answer is None:
                break
            asked.append(answer)
            found = await self._search(request, [*request.task.examples, *asked])
        if isinstance(found, Found) and self._tell is not None:
            self._tell(found)
        return found

    async def _search(self, request: Request, examples: Sequence[Example]) -> Found | NotFound:
        task, stopped = request.task, Event()
        seconds = self.seconds if request.seconds is None else min(self.seconds, request.seconds)
        search = partial(
            synthesise,
            examples,
            unlabelled=self._others,
            parameters=self._parameters,
            name=task.name or task.id,
            description=task.instruction,
            skills=request.skills,
            call_skill=request.call_skill,
            seconds=seconds,
            stop=stopped.is_set,
            avoid=[step.source for step in request.steps if step.source],
        )
        try:
            return await asyncio.to_thread(search)
        except HabilisError:
            raise  # of the worker that runs skills, not of the search
        except Exception as error:  # noqa: BLE001 - a defect here must not end the session
            return NotFound(why=f"the search broke off: {type(error).__name__}: {error}")
        finally:
            stopped.set()  # a cancelled reply must not leave its thread searching


def _answer(found: Found, count: int) -> str:
    trust = "sure" if found.sure else "not sure"
    said = f"Of {found.tried:,} programs tried, this one fits all {count} examples ({trust})."
    return f"{said}\n\n```python\n{found.source}\n\nfinal_answer({found.name})\n```"


def _abstract(request: Request) -> Reply:
    """A function that solved the task by examples is general already."""
    for step in reversed(request.steps):
        if step.source and step.outcome is not None and step.outcome.ok:
            lines = step.source.rstrip().split("\n")
            kept = [line for line in lines if not line.startswith("final_answer(")]
            source = "\n".join(kept).strip()
            return Reply(text=f"The function is general as it is.\n\n```python\n{source}\n```")
    return _give_up("no step of this task holds a function that ran")


def _give_up(why: str) -> Reply:
    return Reply(text="", gave_up=why)
