"""The agent as users hold it: built once, used for many tasks, with no state of its own."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from habilis.agent.author import Author
from habilis.agent.budget import Budget, StopReason
from habilis.agent.curriculum import Curriculum
from habilis.agent.dialogue import Announcer, Emit
from habilis.agent.event_log import EventLog
from habilis.agent.given import (
    checked,
    checked_library,
    checked_modules,
    checked_tools,
    refuse_inside_a_loop,
)
from habilis.agent.loop import run_task
from habilis.agent.record import Record
from habilis.agent.result import Result
from habilis.agent.session import Session
from habilis.agent.setting import Setting
from habilis.agent.sharing import share_after
from habilis.agent.task import Task
from habilis.agent.task_making import Checks, Examples, make_task
from habilis.agent.tokens import window_of
from habilis.errors import ConfigError, LimitReached
from habilis.events import Event
from habilis.memory.address import Address
from habilis.memory.library import SkillLibrary
from habilis.skills.proof.policy import Policy
from habilis.skills.sandbox.client import Limits

_LIMITS = {StopReason.STEPS, StopReason.SECONDS, StopReason.TOKENS, StopReason.USD}


class Agent:
    """Solves tasks by writing Python, and keeps what it proves.

    `author` is "openai:MODEL" (any OpenAI-compatible endpoint), "compose" (the embedded
    synthesiser: tasks by examples, no model, no network), an `Author`, or None: a model
    if HABILIS_MODEL is set, else "compose". `library` is a SkillLibrary, a folder, or
    None to keep nothing. `tools` are plain typed functions; they run on the host when
    sandboxed code calls them, after `approve(name, arguments)` said yes. `allow` names
    further modules that sandboxed code may import. `context_tokens` is what the model takes
    at once, where it is not known (see `tokens.window_of`). `observer` is told every event.
    `proof` says what a skill must show to be kept, `tester` who writes independent cases
    for it (a model: itself, in a conversation of its own; else nobody). `hold_untrusted`
    keeps skills made in view of untrusted text from becoming active without a person.

    Raises:
        ConfigError: a setting makes no sense.
        LibraryError: the library cannot be used.
    """

    def __init__(
        self,
        author: str | Author | None = None,
        *,
        library: SkillLibrary | Address | str | Path | None = None,
        tools: Iterable[Callable[..., object]] = (),
        approve: Callable[[str, Mapping[str, object]], bool] | None = None,
        budget: Budget | None = None,
        instructions: str = "",
        learn: bool = True,
        allow: Iterable[str] = (),
        limits: Limits | None = None,
        context_tokens: int | None = None,
        raise_on_limit: bool = False,
        observer: Callable[[Event], None] | None = None,
        clock: Callable[[], float] = time.time,
        proof: Policy = Policy(),
        tester: str | Author | None = None,
        hold_untrusted: bool = False,
    ) -> None:
        library = checked_library(library)
        self._owned = SkillLibrary(library) if isinstance(library, Address | str | Path) else None
        if not isinstance(library, SkillLibrary):
            library = self._owned
        writer = make_author(author)
        if tester is None and getattr(writer, "is_model", False):
            tester = writer
        self.setting = Setting(
            author=writer,
            policy=proof,
            tester=None if tester is None else make_author(tester),
            hold_untrusted=hold_untrusted,
            library=library,
            budget=checked(budget or Budget(), Budget, "budget"),
            tools=checked_tools(tools),
            approve=approve,
            allow=checked_modules(allow),
            limits=checked(limits or Limits(), Limits, "limits"),
            instructions=instructions,
            learn=learn,
            window_tokens=window_of(writer.name, context_tokens),
            clock=clock,
        )
        self._raise_on_limit, self.observer = raise_on_limit, observer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the library if this agent opened it. May be called twice."""
        if self._owned is not None:
            self._owned.close()

    def __getstate__(self) -> dict[str, object]:
        """Return it as another process can make it again; whoever observes it stays here."""
        return {**vars(self), "_owned": None, "observer": None}

    @property
    def library(self) -> SkillLibrary | None:
        return self.setting.library

    @property
    def author(self) -> Author:
        return self.setting.author

    async def run(
        self,
        task: Task | str,
        *,
        inputs: Mapping[str, object] | None = None,
        files: Sequence[str | Path] = (),
        examples: Examples = (),
        checks: Checks = (),
        output_type: Any = None,
        session: str = "",
        observer: Callable[[Event], None] | None = None,
    ) -> Result:
        """Work on one task and return what it came to, also when a limit was reached.

        `examples` are ((input, ...), output) pairs. With a `session` name the result is
        journaled in the library; the same task of the same session is not done again.

        Raises:
            TaskError: the task cannot be started.
            AuthorError: the author's endpoint failed for good.
            LimitReached: a limit was reached and the agent has `raise_on_limit=True`.
        """
        task = make_task(
            task,
            inputs=inputs,
            files=files,
            examples=examples,
            checks=checks,
            output_type=output_type,
        )
        if session:
            return await self.session(session).run_one(task, observer=observer)
        return await self.run_task(task, observer=observer)

    def run_sync(
        self,
        task: Task | str,
        *,
        inputs: Mapping[str, object] | None = None,
        files: Sequence[str | Path] = (),
        examples: Examples = (),
        checks: Checks = (),
        output_type: Any = None,
        session: str = "",
        observer: Callable[[Event], None] | None = None,
    ) -> Result:
        """Do what `run` does, for callers without an event loop."""
        refuse_inside_a_loop("agent.run(...)")
        return asyncio.run(
            self.run(
                task,
                inputs=inputs,
                files=files,
                examples=examples,
                checks=checks,
                output_type=output_type,
                session=session,
                observer=observer,
            )
        )

    async def events(
        self, task: Task | str, *, session: str = "", **given: Any
    ) -> AsyncIterator[Event | Result]:
        """Yield typed events while the task runs; the last item is the `Result`.

        Takes what `run` takes.
        """
        queue: asyncio.Queue[Event] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def tell(event: Event) -> None:
            loop.call_soon_threadsafe(queue.put_nowait, event)

        running = asyncio.create_task(self.run(task, session=session, observer=tell, **given))
        try:
            while not running.done() or not queue.empty():
                getter = asyncio.create_task(queue.get())
                await asyncio.wait({getter, running}, return_when=asyncio.FIRST_COMPLETED)
                if getter.done():
                    yield getter.result()
                else:
                    getter.cancel()
                    await asyncio.sleep(0)  # lets the last events reach the queue
            yield await running
        finally:
            running.cancel()

    def session(
        self,
        name: str,
        tasks: Iterable[Task] | Curriculum = (),
        *,
        budget: Budget | None = None,
        patience_s: float = 0.0,
    ) -> Session:
        """Return the durable session of this name over `tasks`.

        A generator is asked for a task when one is to begin, and a curriculum's are proposed
        by the agent's author. A session that is resumed gets the same tasks again.

        `budget` limits all its runs together, beside the agent's own, which limits each
        task. `patience_s` is how long an endpoint may be away before the session gives up.

        Raises:
            SessionError: the agent has no library to keep the journal in, or the name
                stands for other tasks.
        """
        return Session(self, name, tasks, budget=budget, patience_s=patience_s)

    async def run_task(
        self,
        task: Task,
        *,
        observer: Callable[[Event], None] | None = None,
        record: Record | None = None,
    ) -> Result:
        """Work on one task; what a session has of it is in `record`."""
        library = self.setting.library
        if library is not None:
            library.warm()
        emit = self._emitter(observer)
        result = await run_task(task, self.setting, emit=emit, record=record or Record())
        if self._raise_on_limit and result.stop_reason in _LIMITS:
            raise LimitReached(result.stop_reason.value, f"after {result.seconds:.1f} s")
        return result

    async def share(self, session: str, *, observer: Callable[[Event], None] | None = None) -> None:
        """Make skills of what a session's skills have in common; `Session.run` calls it."""
        emit, clock = self._emitter(observer), self.setting.clock
        await share_after(session, self.setting, announce=Announcer(emit, task_id="", clock=clock))

    def _emitter(self, observer: Callable[[Event], None] | None) -> Emit:
        library = self.setting.library
        log = EventLog(library.path / "events.jsonl") if library is not None else None
        observers = [tell for tell in (log, self.observer, observer) if tell is not None]

        def emit(event: Event) -> None:
            for tell in observers:
                tell(event)

        return emit


def make_author(author: str | Author | None) -> Author:
    """Return the author that a setting names; nothing is connected to yet.

    Raises:
        AuthorUnavailable: the model's endpoint needs a key that is not set.
        ConfigError: there is no such author.
    """
    if author is None:
        model = os.environ.get("HABILIS_MODEL", "")
        author = f"openai:{model}" if model else "compose"
    if not isinstance(author, str):
        return author
    provider, _, model = author.partition(":")
    if provider == "openai" and model:
        from habilis.agent.authors.openai import OpenAIAuthor

        return OpenAIAuthor(model)
    if author == "compose":
        from habilis.agent.authors.compose.author import ComposeAuthor

        return ComposeAuthor()
    raise ConfigError(f'no author {author!r}: write "compose", "openai:MODEL" or give an Author')
