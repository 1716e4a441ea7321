"""Tries what must not work, in a throw-away locked-up process: effects count, not promises.

A jail that reports a layer which then lets one of these through is not used at all.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import resource
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from habilis.skills.sandbox.jail import Jail
from habilis.skills.sandbox.kernel import CLONE_NEWUSER, unshare

_REFUSED = (OSError, ValueError, RuntimeError, MemoryError)


def got_through(jail: Jail) -> list[str]:
    """Return what was not refused although `jail` says that the layer for it holds."""
    tries: dict[str, Callable[[], object]] = {"exceed memory": lambda: bytearray(1 << 46)}
    if jail.tier != "weak":
        tries |= _CALLS
    if jail.tier != "weak" or "landlock" in jail.holds:
        tries |= _FILES
    return [name for name, attempt in tries.items() if _works(attempt)]


def _works(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except _REFUSED:
        return False
    return True


def _write_outside() -> None:
    # The name is its own: two hosts may try at the same time.
    path = Path("/tmp", f"habilis-canary-{os.getpid()}-{os.urandom(4).hex()}")
    path.touch()
    path.unlink()


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _map(protection: int) -> None:
    mmap.mmap(-1, mmap.PAGESIZE, prot=protection).close()


def _trace_parent() -> None:
    if ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0) != 0:
        raise OSError("refused")


_FILES: dict[str, Callable[[], object]] = {
    "read a file outside": lambda: os.close(os.open("/etc/passwd", os.O_RDONLY)),
    "list the root folder": lambda: os.listdir("/"),  # noqa: PTH208 - the call itself is meant
    "read an environment": lambda: os.close(os.open("/proc/self/environ", os.O_RDONLY)),
    "write a file outside": _write_outside,
}
_CALLS: dict[str, Callable[[], object]] = {
    "open a TCP socket": lambda: socket.socket(socket.AF_INET).close(),
    "open a UDP socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close(),
    "open a local socket": lambda: socket.socket(socket.AF_UNIX).close(),
    "start a process": _fork,
    "start a program": lambda: os.execv(sys.executable, [sys.executable, "-c", ""]),
    "start a thread": lambda: threading.Thread(target=int).start(),
    "signal another process": lambda: os.kill(os.getppid(), 0),
    "trace another process": _trace_parent,
    "leave its session": os.setsid,
    "make namespaces": lambda: unshare(CLONE_NEWUSER),
    "raise a limit": lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)),
    "make code from data": lambda: _map(mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC),
    "map empty code": lambda: _map(mmap.PROT_READ | mmap.PROT_EXEC),
}
