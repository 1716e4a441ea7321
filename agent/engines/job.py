"""What an engine runs: one task of a session, in whatever process it has.

`do_job` may be run twice, by two workers at once, or long after whoever sent it is gone:
tasks are claimed and fenced, so each is finished once.
"""

from __future__ import annotations

import asyncio
import atexit
import hashlib
import platform
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import habilis
from habilis.agent.engines.engine import Tell
from habilis.agent.engines.guest import Guest, not_here
from habilis.agent.engines.parcel import unpack
from habilis.agent.sessions.one_task import do_once
from habilis.errors import LibraryError, SessionError
from habilis.memory.journal_claims import Claim

_IDLE_S = 10.0  # a process without jobs lets go of the library after this
VERSIONS = (habilis.__version__, f"{sys.version_info.major}.{sys.version_info.minor}")


@dataclass(frozen=True, kw_only=True)
class Job:
    """One task to be done for the holder of a session's claim, with all that it takes.

    `versions` are those of habilis and Python where it was packed.
    """

    claim: Claim
    agent: bytes
    task: bytes
    patience_s: float
    library: str  # for people: where it is, as the sender sees it
    tell: Tell | None = None
    versions: tuple[str, ...] = VERSIONS


def do_job(job: Job) -> str:
    """See to it that the task is finished; return its key. The result is in the journal.

    Raises:
        SessionError: this process has another habilis or Python, or another library.
        StopSession: whoever sent the job wants no more, or somebody else has the session.
        HabilisError: as the task raises it.
    """
    if job.versions != VERSIONS:
        theirs, ours = (" on Python ".join(v) for v in (job.versions, VERSIONS))
        raise SessionError(
            f"the engine's worker on {platform.node()} has habilis {ours}, the session habilis "
            f"{theirs}; install the same everywhere, then restart the workers"
        )
    with _guest(job) as guest:
        task = unpack(job.task)
        asyncio.run(do_once(guest.agent, task, guest.running, observer=job.tell))
    return str(task.key)


class _Visit:
    """A guest and how many jobs it has: without any it leaves after a while."""

    def __init__(self, guest: Guest) -> None:
        self.guest, self.jobs = guest, 0
        self.leaving: threading.Timer | None = None


# The sessions that this process does tasks of: a library is opened once for all of them.
_visits: dict[tuple[Claim, str], _Visit] = {}
_lock = threading.Lock()


@contextmanager
def _guest(job: Job) -> Iterator[Guest]:
    key = (job.claim, hashlib.sha256(job.agent).hexdigest())
    with _lock:
        visit = _visits.get(key)
        if visit is None:
            visit = _visits[key] = _Visit(_opened(job))
        visit.jobs += 1
        if visit.leaving is not None:
            visit.leaving.cancel()
    try:
        visit.guest.begin()
        yield visit.guest
    finally:
        with _lock:
            visit.jobs -= 1
            if not visit.jobs:
                visit.leaving = threading.Timer(_IDLE_S, _leave, [key])
                visit.leaving.daemon = True
                visit.leaving.start()


def _opened(job: Job) -> Guest:
    try:
        agent = unpack(job.agent)
    except LibraryError as error:
        raise not_here(job.library) from error
    try:
        return Guest(agent, job.claim, patience_s=job.patience_s, tell=job.tell)
    except BaseException:
        agent.library.close()
        raise


def _leave(key: tuple[Claim, str]) -> None:
    with _lock:
        if key in _visits and not _visits[key].jobs:
            _visits.pop(key).guest.close()


@atexit.register
def close_guests() -> None:
    """Let go of all libraries of this process."""
    with _lock:
        while _visits:
            _visits.popitem()[1].guest.close()
