"""A thread beside the caller's for work that may never end: a user's tool."""

from __future__ import annotations

import contextlib
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
_Job = tuple["Future[Any]", Callable[[], Any]]


class Abandoned(Exception):
    """The work was given up; it may still be going on."""


class Aside:
    """Does one piece of work at a time in a daemon thread that can be left behind.

    It is the same thread until `leave()`: what a tool keeps for its thread, like an open
    SQLite database, can be used again by the next call.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: SimpleQueue[_Job | None] | None = None
        self._waiting: Future[Any] | None = None

    def do(self, work: Callable[[], T], *, stopped: Callable[[], bool]) -> T:
        """Return what the work returns, or raise what it raises.

        Raises:
            Abandoned: `leave()` was called, or `stopped()` said so before the work began.
        """
        done: Future[T] = Future()
        context = contextvars.copy_context()
        with self._lock:
            if stopped():
                raise Abandoned
            if self._jobs is None:
                self._jobs = SimpleQueue()
                threading.Thread(target=_serve, args=(self._jobs,), daemon=True).start()
            self._waiting = done
            self._jobs.put((done, lambda: context.run(work)))
        try:
            return done.result()
        finally:
            if not done.done():  # Ctrl-C: the work goes on without us
                self.leave()

    def leave(self) -> None:
        """Wake the thread that waits in `do`, if one does. May be called from any thread."""
        with self._lock:
            jobs, self._jobs = self._jobs, None
            waiting, self._waiting = self._waiting, None
        if jobs is not None:
            jobs.put(None)
        if waiting is not None:
            with contextlib.suppress(InvalidStateError):
                waiting.set_exception(Abandoned())


def _serve(jobs: SimpleQueue[_Job | None]) -> None:
    while (job := jobs.get()) is not None:
        done, work = job
        # Whatever the work raised belongs to the thread that waits, if it still does.
        with contextlib.suppress(InvalidStateError):
            try:
                value = work()
            except BaseException as error:
                done.set_exception(error)
            else:
                done.set_result(value)
                del value
        del job, done, work
