"""The host's word at the gates: which forks and which files of a worker are let through.

The kernel stops the worker at the call, tells us its process, and waits for the answer
(seccomp user notification). What is decided here does not depend on memory that the
worker could change meanwhile: a fork by who asks, a file by how much has been written.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import struct

from habilis.skills.sandbox.kernel import MACHINE
from habilis.skills.sandbox.quota import Quota
from habilis.skills.sandbox.syscalls import by_argument

_RECEIVE, _ANSWER = 0xC0502100, 0xC0182101
_QUESTION = struct.Struct("=QIIiIQ6Q")  # id, process, flags, call, architecture, place, arguments
_REPLY = struct.Struct("=QqiI")  # id, value, error, flags
_GO_ON = 1


class Gate:
    """Answers for one worker. `forked` says whether the fork that was expected took place."""

    def __init__(self, listener: int, *, quota: Quota) -> None:
        """It owns the descriptor `listener`."""
        self.listener, self._quota = listener, quota
        self._may_fork = 0
        self.forked = False
        self._clone = by_argument(MACHINE)["clone"]

    def begin(self, *, fork: int = 0) -> None:
        """An action begins: let the process `fork` fork once, if one is given."""
        self._may_fork, self.forked = fork, False
        self._quota.begin()

    def answer(self) -> None:
        """Answer the call that waits. One that is killed meanwhile needs no answer."""
        question = bytearray(_QUESTION.size)
        with contextlib.suppress(FileNotFoundError):
            fcntl.ioctl(self.listener, _RECEIVE, question)
            key, pid, _, call, *_ = _QUESTION.unpack(question)
            error = self._judge(pid, call)
            try:
                self._reply(key, error)
            except FileNotFoundError:
                raise
            except OSError:  # a kernel that cannot let calls go on
                self._reply(key, errno.EPERM)

    def _reply(self, key: int, error: int) -> None:
        reply = _REPLY.pack(key, 0, -error, 0 if error else _GO_ON)
        fcntl.ioctl(self.listener, _ANSWER, reply)

    def close(self) -> None:
        if self.listener >= 0:
            os.close(self.listener)
            self.listener = -1

    def _judge(self, pid: int, call: int) -> int:
        if call == self._clone:
            if pid != self._may_fork:
                return errno.EPERM
            self._may_fork, self.forked = 0, True
            return 0
        return 0 if self._quota.admits_one() else errno.EDQUOT
