"""One worker: the process that runs actions, and while one runs, the checkpoint behind it.

Before an action the process forks. The child is the checkpoint: it waits, and knows all
variables as they were. When the action ends by itself the checkpoint goes; when the
process is killed, or kills itself, the checkpoint takes its place.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from habilis.errors import SandboxError
from habilis.skills.outcome import Outcome
from habilis.skills.sandbox.channel import Channel, ChannelClosed, pair, readable
from habilis.skills.sandbox.gate import Gate
from habilis.skills.sandbox.jail import GATES
from habilis.skills.sandbox.limits import TIERS, Limits
from habilis.skills.sandbox.nursery import Zygote, zygote_for
from habilis.skills.sandbox.quota import Quota
from habilis.skills.sandbox.stops import CUT_SHORT

_START_S = 60.0
_SWITCH_S = 5.0  # for a checkpoint to take over
_GOING_S = 1.0  # for one that was dismissed to be gone


class Process:
    """A worker; it serves after `set_up`. Nothing of it survives `close()`."""

    def __init__(self, zygote: Zygote, *, folder: Path) -> None:
        """Start it. From here on it can be killed.

        Raises:
            OSError: the zygote is gone.
            SandboxError: it did not come up.
        """
        self._lock = threading.Lock()
        self._closed = False
        self._code: int | None = None
        self._zygote, self._folder = zygote, folder.resolve()
        self._gate: Gate | None = None
        self._pidfd = self._spare_pidfd = -1
        self._spare = 0
        self._asked, self._idle = "", True
        ours, theirs = pair()
        self._channel = Channel(ours, attested=True)
        with theirs:
            try:
                self._family = zygote.start(self._folder, (theirs.fileno(),))
            except BaseException:
                self._channel.close()
                raise
        try:
            self._channel.receive(deadline=time.monotonic() + _START_S)
            self.pid = self._channel.sender
            self._pidfd = os.pidfd_open(self.pid)
        except (ChannelClosed, TimeoutError, OSError):
            self.close()
            raise self._no_start() from None

    def set_up(self, setup: Mapping[str, Any], *, limits: Limits, min_tier: str) -> str:
        """Tell it what it needs, wait until it is ready and return its jail's tier.

        Raises:
            SandboxError: it did not come up, and the message holds what it wrote last; or
                its tier is below `min_tier`, and the message says what is missing.
        """
        try:
            _require(min_tier, self._zygote.tier, self._zygote.missing)
            deadline = time.monotonic() + _START_S
            self._channel.send({**setup, "tier": min_tier}, deadline=deadline)
            if GATES in self._zygote.holds:
                quota = Quota(self._folder, grow_bytes=limits.workspace_bytes)
                listener = self._channel.receive_descriptor(deadline=deadline)
                self._gate = Gate(listener, quota=quota)
            ready = self.receive(deadline=deadline)
            _require(min_tier, ready["tier"], ready["missing"])
        except (ChannelClosed, TimeoutError):
            self.close()
            raise self._no_start() from None
        except BaseException:
            self.close()
            raise
        tier: str = ready["tier"]
        return tier

    # Asking

    def ask(self, request: Mapping[str, Any], *, checkpoint: bool, deadline: float) -> None:
        """Send a request; what comes back has to name it. A checkpoint is made if it can be.

        Raises:
            ChannelClosed: it is gone.
            TimeoutError: it did not take the request.
        """
        self._idle = False
        self._drop_spare()
        self._asked = secrets.token_hex(8)
        checkpoint = checkpoint and self._gate is not None
        if self._gate is not None:
            self._gate.begin(fork=self.pid if checkpoint else 0)
        self.send({**request, "id": self._asked, "checkpoint": checkpoint}, deadline=deadline)

    def send(self, message: Mapping[str, Any], *, deadline: float) -> None:
        """Send a message that is no request.

        Raises:
            ChannelClosed: it is gone.
            TimeoutError: it did not take the message.
        """
        if self.died:
            raise ChannelClosed
        self._channel.send(message, deadline=deadline)

    def receive(self, *, deadline: float) -> dict[str, Any]:
        """Wait for what the process has to say, and let it through its gates meanwhile.

        Raises:
            ChannelClosed: it is gone, or said something that answers nothing it was asked.
            TimeoutError: `deadline` passed.
        """
        while True:
            message = self._next(deadline)
            if self._channel.sender == self.pid:
                if "outcome" in message:
                    if message.get("id") != self._asked:
                        raise ChannelClosed
                    self._forget_spare()
                    self._idle = True
                return message
            self._meet_spare(message)

    def waits_after(self, outcome: Outcome) -> bool:
        """Whether the process waits to be ended, and its checkpoint to take over."""
        forked = self._gate is not None and self._gate.forked
        return forked and outcome.kind.value in CUT_SHORT

    def roll_back(self) -> bool:
        """Kill the process and let the checkpoint take its place; False if there is none."""
        self.kill()
        self._code = self._zygote.reap(self._family)
        if self._gate is None or not self._gate.forked:
            return False
        deadline = time.monotonic() + _SWITCH_S
        token = secrets.token_hex(8)
        try:
            while not self._spare:
                self._meet_spare(self._next(deadline, alone=True))
            if self._spare_pidfd < 0:
                return False
            self._channel.forget(self.pid)
            with self._lock:
                os.close(self._pidfd)
                self.pid, self._pidfd = self._spare, self._spare_pidfd
                self._spare, self._spare_pidfd = 0, -1
            self._gate.begin()
            self._channel.send({"do": "resume", "token": token}, deadline=deadline)
            while self._next(deadline).get("resumed") != token:
                pass
            self._idle = True
        except (ChannelClosed, TimeoutError):
            return False
        return True

    def _next(self, deadline: float, *, alone: bool = False) -> dict[str, Any]:
        """Return the next message of whoever sends one."""
        if time.monotonic() >= deadline:
            raise TimeoutError
        watch: dict[int, Callable[[], None]] = {} if alone else {self._pidfd: _gone}
        gate = self._gate
        if gate is not None and gate.listener >= 0 and not alone:
            watch = {gate.listener: gate.answer, **watch}
        return self._channel.receive(deadline=deadline, watch=watch)

    def _meet_spare(self, message: Mapping[str, Any]) -> None:
        """Take note of the checkpoint that says it is there; others do not count."""
        sender = self._channel.sender
        expected = message.get("checkpoint") == self._asked and not self._spare
        if expected and sender not in (0, self.pid):
            self._spare = sender
            with contextlib.suppress(ProcessLookupError):  # it was fast, and is gone
                self._spare_pidfd = os.pidfd_open(sender)

    def _forget_spare(self) -> bool:
        """Give its descriptor back if the checkpoint is gone; whether it is."""
        if self._spare_pidfd >= 0 and not readable(self._spare_pidfd):
            return False
        if self._spare_pidfd >= 0:
            os.close(self._spare_pidfd)
        self._spare_pidfd = -1
        return True

    def _drop_spare(self) -> None:
        """See to it that the checkpoint of the last action is gone, whoever kept it."""
        deadline = time.monotonic() + _SWITCH_S
        while self._gate is not None and self._gate.forked and not self._spare:
            self._meet_spare(self._next(deadline))
        if self._spare_pidfd >= 0 and not readable(self._spare_pidfd, wait_s=_GOING_S):
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._spare_pidfd, signal.SIGKILL)
            readable(self._spare_pidfd, wait_s=_SWITCH_S)
        self._forget_spare()
        self._spare = 0

    # Ending

    @property
    def is_idle(self) -> bool:
        """Whether it has answered what it was asked, or was rolled back from it."""
        return self._idle

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def died(self) -> bool:
        """Whether the process that runs actions is gone."""
        with self._lock:
            return self._closed or readable(self._pidfd)

    @property
    def fate(self) -> str:
        """How the process ended that did so last, in words; after `roll_back` or `close`."""
        if self._code is None:
            return "ended with the process it was started from"
        if self._code < 0:
            return f"ended by signal {signal.Signals(-self._code).name}"
        return f"ended with code {self._code}"

    def kill(self) -> None:
        """Kill the process that runs actions. May be called from any thread, and often."""
        with self._lock:
            if not self._closed and self._pidfd >= 0:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
                readable(self._pidfd, wait_s=_SWITCH_S)

    def close(self) -> None:
        """Kill all of it, wait until it is gone and give its descriptors back."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._code = self._zygote.end(self._family)
            for descriptor in (self._pidfd, self._spare_pidfd):
                if descriptor >= 0:
                    os.close(descriptor)
            if self._gate is not None:
                self._gate.close()
        self._channel.close()

    def _no_start(self) -> SandboxError:
        return SandboxError(f"the worker did not start: {self._zygote.last_words()}")


def start_process(folder: Path, *, hash_seed: int | None, source: str) -> Process:
    """Return a worker of the zygote that suits best what `source` imports.

    Raises:
        SandboxError: there can be no such process.
    """
    try:
        return Process(zygote_for(hash_seed, source=source), folder=folder)
    except OSError:  # the zygote was killed from outside: once more with another
        pass
    try:
        return Process(zygote_for(hash_seed), folder=folder)
    except OSError as error:
        raise SandboxError(f"the worker could not be started: {error}") from error


def _gone() -> None:
    raise ChannelClosed


def _require(wanted: str, tier: str, missing: tuple[str, ...] | list[str]) -> None:
    if TIERS.index(tier) < TIERS.index(wanted):
        raise SandboxError(
            f"the sandbox of this machine is {tier!r}, {wanted!r} is asked for; missing: "
            f"{'; '.join(missing)}. docs/sandbox.md says what that means; "
            f"HABILIS_MIN_TIER={tier} accepts it"
        )
