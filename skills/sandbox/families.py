"""The processes of each worker, as the zygote keeps them: the first and its checkpoints."""

from __future__ import annotations

import contextlib
import os
import signal

from habilis.skills.sandbox import kernel


class Families:
    """The workers, each with the checkpoints that took its place: a process group apiece.

    A checkpoint whose process is gone becomes our child, being the nearest process that
    takes in orphans. We alone wait for them, so their numbers are not given to others.
    """

    def __init__(self) -> None:
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
        self._codes: dict[int, int | None] = {}
        self._empty: set[int] = set()  # of which nobody is left: the number may be another's

    def add(self, first: int) -> None:
        """Take in a child that was just forked."""
        with contextlib.suppress(OSError):  # it does so itself, and either may come first
            os.setpgid(first, first)
        self._codes[first] = None

    def reap(self, first: int) -> int | None:
        """Return how the one ended that died last; None if nobody did."""
        try:
            while first in self._codes and first not in self._empty:
                ended, status = os.waitpid(-first, os.WNOHANG)
                if ended == 0:
                    break
                self._codes[first] = os.waitstatus_to_exitcode(status)
        except ChildProcessError:
            self._empty.add(first)
        return self._codes.get(first)

    def end(self, first: int) -> int | None:
        """Kill those that are left, wait for them, and return how the one before them ended."""
        code = self.reap(first)
        if first in self._codes and first not in self._empty:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(first, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                while True:
                    ended = os.waitstatus_to_exitcode(os.waitpid(-first, 0)[1])
                    code = ended if code is None else code
        self._codes.pop(first, None)
        self._empty.discard(first)
        return code
