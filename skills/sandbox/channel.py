"""Messages between host and worker over a socket that keeps packets apart.

A message is msgpack, cut into packets, of which the first and the last are marked. When
a process dies in the middle of a message, the next one begins with a first packet, so
the rest of its life is not lost with it. The kernel says who sent each packet; what
sandboxed code or a C library prints to standard output cannot get in between.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgpack

from habilis.skills.sandbox.wire import skim

MAX_MESSAGE = 96 * 2**20
_MAX_PARTS = 10_000  # of a worker's message, values not counted
_PACKET = 64_000  # well below what a socket takes at once
_FIRST, _LAST = 1, 2
_CREDENTIALS = struct.Struct("3i")  # process, user, group
_NO_WATCH: Mapping[int, Callable[[], None]] = {}


class ChannelClosed(Exception):
    """The other side is gone, or what it sent is no message."""


class Channel:
    """One end. `sender` is the process that sent the last message, if the kernel tells."""

    def __init__(self, end: socket.socket, *, attested: bool = False) -> None:
        """`attested`: ask the kernel who sends. It has to be set before anybody does."""
        self._end, self._attested = end, attested
        self.sender = 0
        self._begun: dict[int, bytearray] = {}  # by sender: two may write at a time
        if attested:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        end.setblocking(False)

    def send(self, message: Mapping[str, Any], *, deadline: float | None = None) -> None:
        """Send one message whole. `deadline` is on the monotonic clock.

        Raises:
            ChannelClosed: nobody reads any more.
            TimeoutError: the reader did not take it all in time.
        """
        body = memoryview(msgpack.packb(message, unicode_errors="surrogatepass"))
        flags = _FIRST
        while flags & _LAST == 0:
            part, body = body[:_PACKET], body[_PACKET:]
            flags |= 0 if body else _LAST
            self._send_packet(bytes((flags,)) + part, deadline)
            flags &= ~_FIRST

    def receive(
        self,
        *,
        deadline: float | None = None,
        watch: Mapping[int, Callable[[], None]] = _NO_WATCH,
    ) -> dict[str, Any]:
        """Wait for one message. Meanwhile call what `watch` has for a descriptor that is ready.

        Raises:
            ChannelClosed: the other side is gone, or sent something else.
            TimeoutError: `deadline` passed; what came so far is dropped.
        """
        while True:
            packet, sender = self._receive_packet(deadline, watch)
            flags = packet[0]
            if flags & _FIRST:
                self._begun[sender] = bytearray()
            elif sender not in self._begun:
                continue  # the tail of a message that was begun before our time
            begun = self._begun[sender]
            begun += memoryview(packet)[1:]
            if len(begun) > MAX_MESSAGE:
                raise ChannelClosed
            if flags & _LAST:
                self.sender = sender
                return _message(bytes(self._begun.pop(sender)), trusted=not self._attested)

    def forget(self, sender: int) -> None:
        """Drop what a sender that is gone has begun."""
        self._begun.pop(sender, None)

    def send_descriptor(self, descriptor: int) -> None:
        """Give the other side a descriptor of ours."""
        socket.send_fds(self._end, [bytes((_FIRST | _LAST,)) + msgpack.packb({})], [descriptor])

    def receive_descriptor(self, *, deadline: float) -> int:
        """Wait for a descriptor that the other side gives.

        Raises:
            ChannelClosed: the other side is gone, or sent none.
            TimeoutError: `deadline` passed.
        """
        _wait(self._end.fileno(), select.POLLIN, deadline, _NO_WATCH)
        room = socket.CMSG_SPACE(_CREDENTIALS.size) + socket.CMSG_SPACE(4)
        try:
            _, said, _, _ = self._end.recvmsg(_PACKET + 1, room)
        except OSError:
            raise ChannelClosed from None
        for level, kind, data in said:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                return int.from_bytes(data[:4], "little")
        raise ChannelClosed

    def close(self) -> None:
        self._end.close()

    # By number: the jail allows reading and writing, and no call that is for sockets only.

    def _send_packet(self, packet: bytes, deadline: float | None) -> None:
        while True:
            try:
                os.write(self._end.fileno(), packet)
                return
            except BlockingIOError:
                _wait(self._end.fileno(), select.POLLOUT, deadline, _NO_WATCH)
            except OSError:
                raise ChannelClosed from None

    def _receive_packet(
        self, deadline: float | None, watch: Mapping[int, Callable[[], None]]
    ) -> tuple[bytes, int]:
        while True:
            try:
                packet, sender = self._read()
            except BlockingIOError:
                _wait(self._end.fileno(), select.POLLIN, deadline, watch)
                continue
            except OSError:
                raise ChannelClosed from None
            if not packet:
                raise ChannelClosed
            return packet, sender

    def _read(self) -> tuple[bytes, int]:
        if not self._attested:
            return os.read(self._end.fileno(), _PACKET + 1), 0
        # There is room for no descriptor: the kernel drops those that anybody sends.
        packet, said, _, _ = self._end.recvmsg(_PACKET + 1, socket.CMSG_SPACE(_CREDENTIALS.size))
        for level, kind, data in said:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
                return packet, _CREDENTIALS.unpack(data)[0]
        return packet, 0


def pair() -> tuple[socket.socket, socket.socket]:
    """Return two ends for two channels."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def _message(body: bytes, *, trusted: bool) -> dict[str, Any]:
    """Return the message. One of a worker has few parts: values are packed on their own."""
    parts = 0

    def count(part: Any) -> Any:
        nonlocal parts
        parts += len(part) + 1
        if parts > _MAX_PARTS:
            raise ValueError("too many parts")
        return part

    most = MAX_MESSAGE if trusted else _MAX_PARTS
    hook = None if trusted else count
    try:
        skim(body)
        message = msgpack.unpackb(
            body,
            unicode_errors="surrogatepass",
            max_array_len=most,
            max_map_len=most,
            list_hook=hook,
            object_hook=hook,
        )
    except (ValueError, RecursionError, msgpack.UnpackException):  # a WireError is a ValueError
        raise ChannelClosed from None
    if not isinstance(message, dict):
        raise ChannelClosed
    return message


def readable(descriptor: int, *, wait_s: float = 0.0) -> bool:
    """Whether there is something to read, or will be in time. Knows no limit of numbers."""
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    return bool(poller.poll(wait_s * 1000))


def _wait(
    fd: int, event: int, deadline: float | None, watch: Mapping[int, Callable[[], None]]
) -> None:
    poller = select.poll()
    poller.register(fd, event)
    for each in watch:
        poller.register(each, select.POLLIN)
    left_s = None if deadline is None else max(0.0, deadline - time.monotonic())
    ready = poller.poll(None if left_s is None else left_s * 1000 + 1)
    for each, _ in ready:
        if each in watch:
            watch[each]()
    if not ready and deadline is not None and time.monotonic() >= deadline:
        raise TimeoutError
