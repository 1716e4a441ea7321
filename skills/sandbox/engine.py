"""A worker's process over time: started when it is needed, replaced when it is lost."""

from __future__ import annotations

import contextlib
import math
import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

from habilis.errors import SandboxError
from habilis.skills.outcome import Outcome, OutcomeKind
from habilis.skills.sandbox.channel import ChannelClosed
from habilis.skills.sandbox.folder import Folder
from habilis.skills.sandbox.follow import follow
from habilis.skills.sandbox.host import Host
from habilis.skills.sandbox.limits import Limits
from habilis.skills.sandbox.process import Process, start_process
from habilis.skills.sandbox.reading import broken_outcome

_GRACE_S, _DEFINE_S = 1.0, 60.0
_MOST_S = 10**6  # of one action: more is a mistake


class Engine:
    """Runs requests in a process. One thread at a time, but for `interrupt`."""

    def __init__(
        self,
        host: Host,
        folder: Folder,
        *,
        allow: tuple[str, ...],
        limits: Limits,
        hash_seed: int | None,
        min_tier: str,
        checkpoints: bool,
    ) -> None:
        self._host, self._folder, self._allow = host, folder, allow
        self._limits, self._hash_seed, self._min_tier = limits, hash_seed, min_tier
        self._checkpoints, self._tier = checkpoints, ""
        self._variables: dict[str, bytes] = {}
        self._process: Process | None = None
        self._starting = threading.Lock()  # held while it is open whether there is a process
        self._busy = False
        self._owner = os.getpid()
        self._fate_unsaid = ""  # of a process that was lost when nobody could be told
        self.interrupted = False

    @property
    def pid(self) -> int | None:
        process = self._process
        return None if process is None else process.pid

    def define(self, variables: Mapping[str, bytes]) -> None:
        """Make these variables now, and again in every process to come."""
        self._variables |= variables
        if self._process is not None and not self._process.died:
            self._send_variables(self._process, variables)

    def start(self, source: str = "") -> Process:
        """Return the running process, started if there is none, to suit `source`.

        Raises:
            ChannelClosed: it was interrupted.
            SandboxError: it cannot be started, or belongs to another process of ours.
        """
        if os.getpid() != self._owner:
            raise SandboxError("this worker belongs to the process it was made in; make one here")
        if self._process is not None:
            return self._process
        limits = self._limits
        setup = {"tools": self._host.tool_cards(), "allow": self._allow, "limits": asdict(limits)}
        folder = self._folder.path
        with self._starting:
            if self.interrupted:
                raise ChannelClosed
            process = self._process = start_process(
                folder, hash_seed=self._hash_seed, source=source
            )
        try:
            self._tier = process.set_up(setup, limits=limits, min_tier=self._min_tier)
            if self._variables:
                self._send_variables(process, self._variables)
        except BaseException as error:
            self.discard()
            if self.interrupted and isinstance(error, SandboxError):
                raise ChannelClosed from None
            raise
        return process

    def ask(self, request: Mapping[str, Any], seconds: float, *, source: str) -> Outcome | None:
        """Have the process take a request; return an outcome only if it cannot.

        Raises:
            SandboxError: as for `start`.
            ValueError: this is no time limit.
        """
        if not (math.isfinite(seconds) and 0 < seconds <= _MOST_S):
            raise ValueError(f"timeout_s is between 0 and {_MOST_S:,} seconds, not {seconds!r}")
        deadline = time.monotonic() + seconds + _GRACE_S
        timed = {**request, "timeout_s": seconds}
        if self._fate_unsaid:
            return self._lost()
        with self._kept_in_mind():
            try:
                process = self.start(source)
                if self.interrupted or process.died:
                    return self._lost()
                process.ask(timed, checkpoint=self._checkpoints, deadline=deadline)
            except (ChannelClosed, TimeoutError):
                return self._lost()
        return None

    def follow(self, seconds: float) -> Outcome:
        """Return what the process makes of what it was asked; forget it if that ended it."""
        process = self._process
        assert process is not None
        with self._kept_in_mind():
            outcome = follow(
                process,
                self._host,
                limits=self._limits,
                timeout_s=seconds,
                stopped=lambda: self.interrupted,
            )
        if process.closed:
            self._process = None
        return replace(outcome, tier=self._tier)

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """What an `interrupt` from another thread is about."""
        self._busy = True
        try:
            yield
        finally:
            self._busy = self.interrupted = False

    def interrupt(self) -> None:
        """End what is under way, or else the next request before it begins. From any thread."""
        with self._starting:
            self.interrupted = True
            process = self._process if self._busy else None
        if process is not None:
            process.kill()
        self._host.leave()

    def discard(self) -> str:
        """Give the process up; return how it ended."""
        process, self._process = self._process, None
        if process is None or os.getpid() != self._owner:
            return ""
        process.close()
        return process.fate

    @contextlib.contextmanager
    def _kept_in_mind(self) -> Iterator[None]:
        """Remember a process that an error of the caller's took, to say so next time."""
        had = self._process is not None
        try:
            yield
        except BaseException:
            process = self._process
            if had and (process is None or process.closed or not process.is_idle):
                self._fate_unsaid = self.discard() or "ended"
            raise

    def _lost(self) -> Outcome:
        if self.interrupted:
            text = "WorkerKilled: interrupted before this could run"
            alive = self._process is not None and not self._process.died
            lost = not alive and bool(self.discard())
            return replace(broken_outcome(OutcomeKind.KILLED, text), variables_lost=lost)
        fate, self._fate_unsaid = self._fate_unsaid or self.discard(), ""
        text = f"WorkerLost: the worker {fate} before this could run"
        return replace(broken_outcome(OutcomeKind.LOST, text), variables_lost=True)

    def _send_variables(self, process: Process, variables: Mapping[str, bytes]) -> None:
        deadline = time.monotonic() + _DEFINE_S
        try:
            process.send({"do": "define", "variables": variables}, deadline=deadline)
            process.receive(deadline=deadline)
        except (ChannelClosed, TimeoutError):
            self.discard()
            raise SandboxError("the worker ended while it took its variables") from None
