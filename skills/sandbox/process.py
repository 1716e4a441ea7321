"""One worker process: forked from a zygote, locked up, killed as a whole group."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
import time
from pathlib import Path
from typing import Any

from habilis.errors import SandboxError
from habilis.skills.sandbox.channel import Channel, ChannelClosed
from habilis.skills.sandbox.limits import TIERS
from habilis.skills.sandbox.nursery import zygote_for

_START_S = 60.0


class Process:
    """A worker process; it serves after `set_up`. Nothing of it survives `close()`."""

    def __init__(self, *, folder: Path, hash_seed: int | None) -> None:
        """Start it. From here on it can be killed.

        Raises:
            SandboxError: there can be no such process.
        """
        self._lock = threading.Lock()
        self._closed = False
        self._code: int | None = None
        self._pidfd = -1
        folder = folder.resolve()
        self._zygote = zygote_for(hash_seed)
        try:
            self._start(folder)
        except OSError:  # the zygote was killed from outside: once more with another
            self._zygote.close()
            self._zygote = zygote_for(hash_seed)
            try:
                self._start(folder)
            except OSError as error:
                raise SandboxError(f"the worker could not be started: {error}") from error
        try:
            self.pid: int = self._receive(time.monotonic() + _START_S)["pid"]
            self._pidfd = os.pidfd_open(self.pid)
        except BaseException:
            self.close()
            raise

    def set_up(self, setup: dict[str, Any], *, min_tier: str) -> str:
        """Tell it what it needs, wait until it is ready and return its jail's tier.

        Raises:
            SandboxError: it did not come up, and the message holds what it wrote last; or
                its tier is below `min_tier`, and the message says what is missing.
        """
        try:
            _require(min_tier, self._zygote.tier, self._zygote.missing)
            deadline = time.monotonic() + _START_S
            self._send(setup | {"tier": min_tier}, deadline)
            ready = self._receive(deadline)
            _require(min_tier, ready["tier"], ready["missing"])
        except BaseException:
            self.close()
            raise
        tier: str = ready["tier"]
        return tier

    def _start(self, folder: Path) -> None:
        request_read, request_write = os.pipe()
        reply_read, reply_write = os.pipe()
        channel = Channel(reply_read, request_write)
        try:
            self._child = self._zygote.start(folder, (request_read, reply_write))
        except BaseException:
            channel.close()
            raise
        finally:
            os.close(request_read)
            os.close(reply_write)
        self.channel = channel

    def _send(self, message: dict[str, Any], deadline: float) -> None:
        try:
            self.channel.send(message, deadline=deadline)
        except (ChannelClosed, TimeoutError):
            raise self._no_start() from None

    def _receive(self, deadline: float) -> dict[str, Any]:
        try:
            return self.channel.receive(deadline=deadline)
        except (ChannelClosed, TimeoutError):
            raise self._no_start() from None

    def _no_start(self) -> SandboxError:
        return SandboxError(f"the worker did not start: {self._zygote.last_words()}")

    @property
    def died(self) -> bool:
        """Whether it is gone. Its id stays ours: the zygote waits for it in `close`."""
        with self._lock:
            return self._closed or bool(select.select([self._pidfd], [], [], 0)[0])

    @property
    def fate(self) -> str:
        """How it ended, in words; after `close()`."""
        if self._code is None:
            return "ended with the process it was started from"
        if self._code < 0:
            return f"ended by signal {signal.Signals(-self._code).name}"
        return f"ended with code {self._code}"

    def kill(self) -> None:
        """End it and all its children. May be called from any thread, any number of times."""
        with self._lock:
            if not self._closed and self._pidfd >= 0:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def close(self) -> None:
        """Kill it, wait until it is gone and give its descriptors back."""
        self.kill()
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._code = self._zygote.end(self._child)
            if self._pidfd >= 0:
                os.close(self._pidfd)
        self.channel.close()


def _require(wanted: str, tier: str, missing: tuple[str, ...] | list[str]) -> None:
    if TIERS.index(tier) < TIERS.index(wanted):
        raise SandboxError(
            f"the sandbox of this machine is {tier!r}, {wanted!r} is asked for; missing: "
            f"{'; '.join(missing)}. docs/sandbox.md says what that means; "
            f"HABILIS_MIN_TIER={tier} accepts it"
        )
