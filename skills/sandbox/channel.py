"""A pair of pipes that carries JSON messages, each with its length in front.

Used by both sides. It is private to them: what sandboxed code or a C library prints to
standard output cannot get in between.
"""

from __future__ import annotations

import json
import os
import select
import struct
import time
from typing import Any

_LENGTH = struct.Struct(">I")
MAX_FRAME = 256 * 2**20


class ChannelClosed(Exception):
    """The other side is gone, or what it sent is no message."""


class Channel:
    """Sends to one descriptor and receives from another; `close()` closes both."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd, self._write_fd = read_fd, write_fd
        os.set_blocking(read_fd, False)
        os.set_blocking(write_fd, False)
        self._open = True

    def send(self, message: dict[str, Any], *, deadline: float | None = None) -> None:
        """Send one message whole. `deadline` is on the monotonic clock.

        Raises:
            ChannelClosed: nobody reads any more.
            TimeoutError: the reader did not take it all in time.
        """
        body = json.dumps(message, ensure_ascii=True, separators=(",", ":")).encode()
        rest = memoryview(_LENGTH.pack(len(body)) + body)
        while rest:
            try:
                rest = rest[os.write(self._write_fd, rest) :]
            except BlockingIOError:
                _wait(self._write_fd, select.POLLOUT, deadline)
            except OSError:
                raise ChannelClosed from None

    def receive(self, *, deadline: float | None = None) -> dict[str, Any]:
        """Wait for one message.

        Raises:
            ChannelClosed: the other side is gone, or sent something else.
            TimeoutError: `deadline` passed; what came so far is dropped, so the channel
                is of no further use.
        """
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size, deadline))
        if length > MAX_FRAME:
            raise ChannelClosed
        body = self._read(length, deadline)
        try:
            message = json.loads(body)
        except (ValueError, RecursionError):
            raise ChannelClosed from None
        if not isinstance(message, dict):
            raise ChannelClosed
        return message

    def close(self) -> None:
        if self._open:
            self._open = False
            os.close(self._read_fd)
            os.close(self._write_fd)

    def _read(self, count: int, deadline: float | None) -> bytes:
        parts: list[bytes] = []
        while count:
            try:
                part = os.read(self._read_fd, min(count, 2**20))
            except BlockingIOError:
                _wait(self._read_fd, select.POLLIN, deadline)
                continue
            except OSError:
                raise ChannelClosed from None
            if not part:
                raise ChannelClosed
            parts.append(part)
            count -= len(part)
        return b"".join(parts)


def _wait(fd: int, event: int, deadline: float | None) -> None:
    poller = select.poll()
    poller.register(fd, event)
    left_s = None if deadline is None else max(0.0, deadline - time.monotonic())
    if not poller.poll(None if left_s is None else left_s * 1000 + 1) and (
        deadline is not None and time.monotonic() >= deadline
    ):
        raise TimeoutError
