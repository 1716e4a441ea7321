"""The exchange with one author about one task: asks, pays, remembers, keeps to the budget."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from habilis.agent.author import Author, CallSkill, Message, Purpose, Reply, Request, Step
from habilis.agent.budget import Meter, StopReason
from habilis.agent.context import Context, DoesNotFit
from habilis.agent.task import Task
from habilis.errors import ContextTooLong
from habilis.events import AuthorAsked, AuthorReplied, Event, Notice
from habilis.skills.skill import Skill

Emit = Callable[[Event], None]


class Stopped(Exception):
    """The task cannot go on: a limit is reached or the author gave up."""

    def __init__(self, reason: StopReason, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


class Announcer:
    """Stamps events with the time and the task and hands them to the observer."""

    def __init__(self, emit: Emit, *, task_id: str, clock: Callable[[], float]) -> None:
        self._emit, self._task_id, self._clock = emit, task_id, clock

    def __call__(self, kind: type[Event], **fields: Any) -> None:
        self._emit(kind(at=self._clock(), task_id=self._task_id, **fields))


class Dialogue:
    """What has been said so far, and the way to get the next reply.

    `messages` and `steps` only grow; of them `context` gives what an author is sent.
    `skills` are the recalled ones, best first.
    """

    def __init__(
        self,
        author: Author,
        task: Task,
        *,
        meter: Meter,
        announce: Announcer,
        messages: Sequence[Message],
        skills: Sequence[Skill],
        call_skill: CallSkill,
        context: Context,
    ) -> None:
        self.author, self.task, self.meter, self.announce = author, task, meter, announce
        self.messages, self.steps = list(messages), list[Step]()
        self._skills, self._call_skill = tuple(skills), call_skill
        self._shown = replace(task, checks=())  # how it is judged is kept back
        self._context = context

    @property
    def sources(self) -> tuple[str, ...]:
        """The actions that ran, in order."""
        return tuple(step.source for step in self.steps if step.source)

    @property
    def tools_called(self) -> tuple[str, ...]:
        """The user's tools whose results the author has seen."""
        outcomes = [step.outcome for step in self.steps if step.outcome is not None]
        return tuple(dict.fromkeys(call.name for outcome in outcomes for call in outcome.calls))

    def forget_after(self, text: str) -> None:
        """Keep only this much of the author's last reply in the conversation."""
        self.messages[-1] = Message(role="assistant", content=text)

    def say(self, content: str) -> None:
        """Add what the author is told next; some servers want users and models to alternate."""
        if self.messages and self.messages[-1].role == "user":
            content = f"{self.messages.pop().content}\n{content}"
        self.messages.append(Message(role="user", content=content))

    def remember(self, step: Step) -> None:
        self.steps.append(step)
        if step.observation:
            self.say(step.observation)

    async def ask(self, purpose: Purpose) -> Reply:
        """Pay for one reply and add it to the messages.

        Raises:
            Stopped: a limit is reached, or the author gave up.
            AuthorError: the endpoint failed for good.
        """
        reply = await self._paid(self.author, purpose, self.messages)
        self.messages.append(Message(role="assistant", content=reply.text))
        self.meter.count(self.messages, reply.usage)
        return reply

    async def ask_aside(
        self, author: Author, purpose: Purpose, messages: Sequence[Message]
    ) -> Reply:
        """Pay for a reply outside this conversation: `author` sees these messages alone.

        Raises:
            Stopped: a limit is reached, or the author gave up.
            AuthorError: the endpoint failed for good.
        """
        return await self._paid(author, purpose, messages)

    async def _paid(self, author: Author, purpose: Purpose, messages: Sequence[Message]) -> Reply:
        reached = self.meter.exceeded()
        if reached:
            raise Stopped(reached, self.meter.explain(reached))
        main = messages is self.messages
        room = self.meter.room(messages, getattr(author, "inner", author), counted=main)
        reached = self.meter.full(room)
        if reached:
            raise Stopped(reached, self.meter.explain(reached))
        seconds = getattr(author, "seconds", None)
        self.announce(AuthorAsked, author=author.name, purpose=purpose.value, seconds=seconds)
        reply = await self._reply(author, purpose, messages, room)
        self.meter.spend(reply.usage)
        if reply.examples:
            self.task = replace(self.task, examples=(*self.task.examples, *reply.examples))
        self.announce(
            AuthorReplied,
            author=author.name,
            text=reply.text,
            input_tokens=reply.usage.input_tokens,
            output_tokens=reply.usage.output_tokens,
            usd=reply.usage.usd,
            seconds=reply.usage.seconds,
        )
        if reply.gave_up:
            raise Stopped(StopReason.GAVE_UP, reply.gave_up)
        return reply

    async def _reply(
        self, author: Author, purpose: Purpose, messages: Sequence[Message], room: int | None
    ) -> Reply:
        """Ask with what fits; where the model takes less than was thought, with less again."""
        while True:
            request = replace(await self._request(purpose, messages), most_output=room)
            own_time = getattr(author, "keeps_time", False)  # it may pause, which is free
            limit_s = None if own_time else self.meter.seconds_left
            try:
                return await asyncio.wait_for(author.reply(request), timeout=limit_s)
            except TimeoutError:
                detail = f"{author.name} had not replied in time"
                raise Stopped(StopReason.SECONDS, detail) from None
            except ContextTooLong as error:
                aside = messages is not self.messages
                if aside or not self._context.narrow(request.messages):
                    raise Stopped(StopReason.GAVE_UP, str(error)) from None

    async def _request(self, purpose: Purpose, messages: Sequence[Message]) -> Request:
        cuts = self._context.cuts
        fitted = tuple(messages)
        if messages is self.messages:  # what is asked aside is short
            try:
                fitted = await self._context.fitted(messages, self.steps)
            except DoesNotFit as error:
                raise Stopped(StopReason.GAVE_UP, str(error)) from None
        if self._context.cuts != cuts:
            shortened, summed = self._context.cuts
            text = (
                f"the window is full: {shortened} old steps shortened, {summed} of them summed up"
            )
            self.announce(Notice, text=text)
        return Request(
            purpose=purpose,
            task=self._shown,
            messages=fitted,
            skills=self._skills,
            steps=tuple(self.steps),
            seconds=self.meter.seconds_left,
            call_skill=self._call_skill,
        )
