"""A checkpoint: a forked copy of this process that waits, to go on should this one die.

What it saves is exact, also after a crash in C, and costs a fork. What was written to files
and what tools did is not taken back. Worker side. (Redis saves its
data the same way: a fork is a snapshot that the kernel copies page by page as needed.)
"""

from __future__ import annotations

import errno
import os
import random
import signal
from typing import Any

from habilis.skills.sandbox import kernel
from habilis.skills.sandbox.channel import Channel
from habilis.skills.sandbox.jail import OPEN_FILES

_GAP = 16  # numbers in a row that nothing has open: there is none after them


class Checkpoint:
    """Held by the process that runs an action. `dismiss` it when the action ended by itself."""

    def __init__(self, child: int = 0, life: int = -1) -> None:
        self._child, self._life = child, life

    def dismiss(self) -> None:
        """Let it end."""
        if self._child:
            os.write(self._life, b"x")
            os.close(self._life)

    def wait(self) -> None:
        """Wait until it has ended."""
        if self._child:
            os.waitpid(self._child, 0)


def make_checkpoint(channel: Channel, request: dict[str, Any]) -> Checkpoint | None:
    """Fork. Return None in the checkpoint, and there only if it has to take over.

    The host knows it by the name of the request. It waits for the end of the process that
    runs the action; then, for the host to say that it has seen that end too. Where earlier
    actions used up what a fork needs there is no checkpoint; the host sees that as well.
    """
    try:
        watch, life = os.pipe()
    except OSError:
        return Checkpoint()
    numbers, places = random.getstate(), _places()
    try:
        child = os.fork()
    except OSError:
        os.close(watch)
        os.close(life)
        return Checkpoint()
    if child:
        os.close(watch)
        return Checkpoint(child, life)
    os.close(life)
    channel.send({"checkpoint": request["id"]})
    if os.read(watch, 1):
        os._exit(0)
    os.close(watch)
    # What is still on its way was meant for the other one.
    while (message := channel.receive()).get("do") != "resume":
        pass
    # Only now: its files close before its death is announced, to us by this very signal.
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    random.setstate(numbers)  # Python seeds it anew in every child
    for descriptor, place in places.items():
        os.lseek(descriptor, place, os.SEEK_SET)
    channel.send({"resumed": message["token"]})
    return None


def _places() -> dict[int, int]:
    """Return how far each open file is read or written: parent and child share that."""
    found: dict[int, int] = {}
    descriptor = last = 3
    while descriptor < OPEN_FILES and descriptor - last < _GAP:
        try:
            found[descriptor] = os.lseek(descriptor, 0, os.SEEK_CUR)
            last = descriptor
        except OSError as error:  # no file, or not open: the lowest free number goes first
            last = last if error.errno == errno.EBADF else descriptor
        descriptor += 1
    return found
