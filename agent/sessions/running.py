"""What the tasks of one running session share: its name, its clock, its stop and its pause."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from habilis.errors import AuthorError, EndpointBusy, HabilisError
from habilis.events import Event, Paused
from habilis.memory.journal import Journal

_LOOK_S = 0.2  # how often a pause looks whether the session is to stop
_FIRST_S, _LONGEST_S = 1.0, 60.0


class StopSession(HabilisError):
    """The session is to end now; the task under way goes on when it is resumed."""


class Running:
    """One run of a session. Its tasks may run in several threads, each with its own loop.

    When the endpoint is away or limits the rate, all tasks wait: the first to find out
    says how long, and the others do not ask. `patience_s` is how long it may stay away.
    Where it does tasks for another process, that one `counts_time`.
    """

    def __init__(
        self,
        journal: Journal,
        name: str,
        *,
        patience_s: float,
        tell: Callable[[Event], None],
        clock: Callable[[], float] = time.time,
        counts_time: bool = True,
    ) -> None:
        self.journal, self.name, self.tell, self._clock = journal, name, tell, clock
        self.stopping = threading.Event()
        self._patience_s, self._counts_time = patience_s, counts_time
        self.abandoned = False  # steps under way are not waited for any more
        self._at_work: dict[asyncio.Task[Any], asyncio.AbstractEventLoop] = {}
        self._lock = threading.Lock()
        self._lapped = time.monotonic()
        self._away_since: float | None = None
        self._until, self._tries = 0.0, 0

    def lap(self) -> float:
        """Return the seconds since this was last asked: each second is counted once."""
        with self._lock:
            before, self._lapped = self._lapped, time.monotonic()
            return self._lapped - before if self._counts_time else 0.0

    def stop(self, *, grace_s: float | None = None) -> None:
        """End after the steps under way; those that take longer than `grace_s` are cut off."""
        self.stopping.set()
        if grace_s is not None:
            timer = threading.Timer(grace_s, self._abandon)
            timer.daemon = True
            timer.start()

    def _abandon(self) -> None:
        with self._lock:
            self.abandoned = True
            for task, loop in self._at_work.items():
                loop.call_soon_threadsafe(task.cancel)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Run a task's work so that it can be cut off.

        Raises:
            StopSession: it was.
        """
        task = asyncio.current_task()
        assert task is not None
        with self._lock:
            self._at_work[task] = asyncio.get_running_loop()
        try:
            yield
        except asyncio.CancelledError:
            if not self.abandoned:
                raise
            task.uncancel()
            raise StopSession from None
        finally:
            with self._lock:
                del self._at_work[task]

    def check(self) -> None:
        """Raise when the session is to end.

        Raises:
            StopSession: it is.
        """
        if self.stopping.is_set():
            raise StopSession

    async def wait(self) -> float:
        """Wait until the pause is over; return how long that took.

        Raises:
            StopSession: the session is to end.
        """
        started = time.monotonic()
        while True:
            self.check()
            left = self._until - time.monotonic()
            if left <= 0:
                return time.monotonic() - started
            await asyncio.sleep(min(left, _LOOK_S))

    def pause(self, error: AuthorError) -> None:
        """Let all tasks wait for the endpoint, longer each time.

        Raises:
            AuthorError: the one given, when patience is at an end.
        """
        with self._lock:
            now = time.monotonic()
            if now < self._until:
                return  # another task has found out, too
            self._away_since = now if self._away_since is None else self._away_since
            wished = error.retry_after_s if isinstance(error, EndpointBusy) else None
            delay_s = wished or min(_LONGEST_S, _FIRST_S * 2**self._tries)
            if now + delay_s - self._away_since > self._patience_s:
                raise error
            self._tries += 1
            self._until = now + delay_s
        self.journal.say_waiting(self.name, str(error))
        self.tell(Paused(at=self._clock(), reason=str(error), seconds=delay_s))

    def answered(self) -> None:
        """Say that the endpoint is there again."""
        with self._lock:
            if self._away_since is None:
                return
            self._away_since, self._until, self._tries = None, 0.0, 0
        self.journal.say_waiting(self.name, "")
