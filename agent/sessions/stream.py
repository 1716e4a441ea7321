"""A session's tasks, one at a time: from a list, from any iterable, or proposed on the way."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence

from habilis.agent.curriculum import Curriculum, Tried
from habilis.agent.result import Result
from habilis.agent.task import Task
from habilis.errors import SessionError
from habilis.memory.journal import Journal, SessionRow
from habilis.skills.compare import shorten, show

_NAMED = 5  # tasks of a kind, in a message
Done = Callable[[], Mapping[str, Result]]
Propose = Callable[[Curriculum, Sequence[Tried]], Awaitable[Task | None]]


class TaskStream:
    """Gives the tasks of a session in order, as often as it is run.

    `tasks` are those known so far, of a list all. `fingerprint` tells the tasks of one
    session from another's, as far as they are known before. `count` is how many there are
    at most, 0 where nobody knows.

    Raises:
        SessionError: two tasks have one id.
    """

    def __init__(self, tasks: Iterable[Task] | Curriculum, *, session: str) -> None:
        self._session = session
        self.tasks: list[Task] = []
        self._keys: set[str] = set()
        self._fingerprints: dict[str, str] = {}  # of a list
        self._more: Iterator[Task] = iter(())
        self._curriculum = tasks if isinstance(tasks, Curriculum) else None
        self._given = 0
        self._lost: SessionError | None = None  # a generator that raised gives no more
        if isinstance(tasks, Curriculum):
            self.fingerprint, self.count = _hash(f"curriculum\n{tasks.goal}"), tasks.most
        elif isinstance(tasks, Sequence):
            for task in tasks:
                self._add(task)
                self._fingerprints[task.key] = task.fingerprint
            text = "\n".join(self._fingerprints.values())
            self.fingerprint, self.count = _hash(text) if tasks else "", len(tasks)
        elif isinstance(tasks, Iterable):
            self.fingerprint, self.count = _hash("stream"), 0
            self._more = iter(tasks)
        else:
            raise SessionError(f"{show(tasks, 80)} gives no tasks: write a list or a generator")

    def begin(self, journal: Journal, *, source: str, settings: str) -> None:
        """Begin with the first task again; the journal has a session of this name from now on.

        Raises:
            SessionError: the session's name stands for other tasks.
        """
        self._given = 0
        known = journal.session(self._session)
        if known is not None and known.fingerprint not in ("", self.fingerprint):
            raise SessionError(self._others(known, journal))
        journal.make_session(
            self._session,
            fingerprint=self.fingerprint,
            count=self.count,
            source=source,
            settings=settings,
        )
        if self._fingerprints and (known is None or not known.fingerprint):
            journal.tasks.remember(self._session, self._fingerprints)

    def _others(self, known: SessionRow, journal: Journal) -> str:
        """Say that these are not the tasks the session was started with, and which differ."""
        now = self._fingerprints
        found = journal.tasks.differences(self._session, now) if now else {}
        what = "; ".join(f"{what}: {_some(keys)}" for what, keys in found.items())
        goal = json.loads(known.settings).get("goal")
        where = f"the goal {goal!r}" if goal else known.source or "Python"
        return (
            f"session {self._session!r} was started with other tasks, from {where}"
            f"{f' ({what})' if what else ''}: give the same ones to go on, or choose another name"
        )

    async def next(self, done: Done, propose: Propose) -> Task | None:
        """Return the next task; None when there is no other. `done()` gives the results so far."""
        if self._given == len(self.tasks):
            task = await self._another(done, propose)
            if task is None:
                return None
            self._add(task)
        self._given += 1
        return self.tasks[self._given - 1]

    async def _another(self, done: Done, propose: Propose) -> Task | None:
        if self._lost is not None:
            raise self._lost
        if self._curriculum is None:
            try:
                return next(self._more, None)
            except Exception as error:
                text = f"the tasks of session {self._session!r} broke off: {error!r}"
                self._lost = SessionError(f"{text}; give them again to go on")
                raise self._lost from error
        if len(self.tasks) >= self._curriculum.most:
            return None
        results = done()
        tried = [Tried(task=task, result=results.get(task.key)) for task in self.tasks]
        return await propose(self._curriculum, tried)

    def _add(self, task: Task) -> None:
        if not isinstance(task, Task):
            raise SessionError(
                f"{show(task, 80)} is no Task: write Task(...), or read_tasks(FILE) for a file"
            )
        if task.key in self._keys:
            raise SessionError(f"two tasks of session {self._session!r} have the id {task.key!r}")
        self._keys.add(task.key)
        self.tasks.append(task)


def _some(keys: Sequence[str]) -> str:
    named = ", ".join(shorten(repr(key), 60) for key in keys[:_NAMED])
    return named if len(keys) <= _NAMED else f"{named} and {len(keys) - _NAMED:,} more"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:32]
