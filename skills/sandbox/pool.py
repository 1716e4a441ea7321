"""Workers started ahead of their use: a proof takes one and never gives it back.

While one proof runs, the worker for the next comes up beside it. Each is as fresh as any
other: nothing has run in it, and it ends with the proof it was taken for.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from habilis.errors import SandboxError
from habilis.skills.sandbox.client import Worker
from habilis.skills.sandbox.limits import Limits
from habilis.skills.sandbox.nursery import wants_packages

LoadSkill = Callable[[str], Sequence[tuple[str, str]]]


@dataclass(frozen=True)
class _Kind:
    pid: int
    limits: Limits
    allow: tuple[str, ...]
    hash_seed: int | None


class _Ready:
    """A worker that is being started, and who loads skills for it once it is taken."""

    def __init__(self, kind: _Kind) -> None:
        self._load: LoadSkill | None = None
        self.worker = Worker(
            load_skill=self._loaded,
            limits=kind.limits,
            allow=kind.allow,
            hash_seed=kind.hash_seed,
            checkpoints=False,
        )
        self._thread = threading.Thread(target=self._start, daemon=True)
        self._thread.start()

    def taken(self, load_skill: LoadSkill) -> Worker:
        self._thread.join()
        self._load = load_skill
        return self.worker

    def _start(self) -> None:
        with contextlib.suppress(SandboxError):  # it is told to whoever uses it first
            self.worker.start()

    def _loaded(self, name: str) -> Sequence[tuple[str, str]]:
        assert self._load is not None
        return self._load(name)


# Like the zygotes, the workers that wait are this process's own.
_ready: dict[_Kind, _Ready] = {}
_lock = threading.Lock()


def fresh_worker(
    *,
    load_skill: LoadSkill,
    source: str = "",
    limits: Limits = Limits(),
    allow: Sequence[str] = (),
    hash_seed: int | None = None,
) -> Worker:
    """Return a worker for one proof, without checkpoints; the caller closes it.

    `source` is what will run in it: where that imports large packages, the worker comes
    from a process that has them imported, on first use.
    """
    if wants_packages(source):
        return Worker(
            load_skill=load_skill,
            limits=limits,
            allow=allow,
            hash_seed=hash_seed,
            checkpoints=False,
        )
    kind = _Kind(os.getpid(), limits, tuple(allow), hash_seed)
    with _lock:
        found = _ready.pop(kind, None) or _Ready(kind)
        worker = found.taken(load_skill)
        _ready[kind] = _Ready(kind)
    return worker


@atexit.register
def close_ready() -> None:
    """End the workers that wait; the next proof starts a new one."""
    with _lock:
        for kind in [kind for kind in _ready if kind.pid == os.getpid()]:
            _ready.pop(kind).taken(lambda _: ()).close()
