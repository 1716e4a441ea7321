"""The process that runs sandboxed code. Started by path; never imported by the package.

It has limits of memory and file size, an empty environment, and ends when the process that
started it does. This is no security boundary yet: the code shares this process, and the
kernel does not stop the process from reading files or opening connections.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import signal
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from habilis.skills.sandbox.channel import Channel
    from habilis.skills.sandbox.session import Session

_PACKAGE = "habilis.skills.sandbox"
_RECURSION_LIMIT = 3_000  # that of a notebook, which models are used to
_STACK_BYTES = 64 * 2**20
_OPEN_FILES = 256


def main(read_fd: int, write_fd: int, life_fd: int) -> None:
    """Serve one host over two pipes until it hangs up."""
    _die_with_host(life_fd)
    _stand_in_for_package(Path(__file__).resolve().parent)
    from habilis.skills.sandbox.channel import Channel, ChannelClosed
    from habilis.skills.sandbox.session import Session

    channel = Channel(read_fd, write_fd)
    with contextlib.suppress(ChannelClosed):
        setup = channel.receive()
        limits = setup["limits"]
        session = Session(
            ask=lambda question: _ask(channel, question),
            workspace=str(Path.cwd()),
            tools=[(name, doc) for name, doc in setup["tools"]],
            allow=setup["allow"],
            printed_chars=limits["printed_chars"],
            value_bytes=limits["value_bytes"],
        )
        _limit(memory_bytes=limits["memory_bytes"], file_bytes=limits["file_bytes"])
        _silence_descriptors()
        channel.send({"ready": True})
        while True:
            _serve(channel, session, channel.receive())


def _serve(channel: Channel, session: Session, request: dict[str, Any]) -> None:
    match request["do"]:
        case "define":
            session.define(request["variables"])
            channel.send({"defined": True})
        case "run":
            outcome = session.run(request["source"], timeout_s=request["timeout_s"])
            channel.send({"outcome": outcome})
        case "call":
            for arguments, keywords in request["calls"]:
                outcome = session.call(
                    request["function"], arguments, keywords, timeout_s=request["timeout_s"]
                )
                channel.send({"outcome": outcome})


def _ask(channel: Channel, question: dict[str, Any]) -> dict[str, Any]:
    try:
        channel.send(question)
        return channel.receive()
    except BaseException:
        # Half a message may be on the wire (out of memory, host gone): nothing can follow.
        os._exit(1)


def _stand_in_for_package(folder: Path) -> None:
    """Make our sibling files importable by their full names, and nothing else of habilis.

    The real packages' `__init__` files do not run, and `habilis.errors` does not exist here.
    """
    parts = _PACKAGE.split(".")
    for count in range(1, len(parts) + 1):
        package = types.ModuleType(".".join(parts[:count]))
        package.__path__ = [str(folder)] if count == len(parts) else []
        sys.modules[package.__name__] = package


def _die_with_host(life_fd: int) -> None:
    """Have the kernel kill us when the other end of this pipe closes, whatever we are doing.

    The host never writes to it. Unlike PR_SET_PDEATHSIG this does not depend on the thread
    that started us, and unlike waiting in a thread it works inside a C call.
    """
    fcntl.fcntl(life_fd, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(life_fd, fcntl.F_SETSIG, signal.SIGKILL)
    flags = fcntl.fcntl(life_fd, fcntl.F_GETFL)
    fcntl.fcntl(life_fd, fcntl.F_SETFL, flags | os.O_ASYNC | os.O_NONBLOCK)
    with contextlib.suppress(BlockingIOError):
        if os.read(life_fd, 1) == b"":  # it closed before we asked to be told
            os._exit(1)


def _limit(*, memory_bytes: int, file_bytes: int) -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    _lower(resource.RLIMIT_AS, pages * resource.getpagesize() + memory_bytes)
    _lower(resource.RLIMIT_FSIZE, file_bytes)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_NOFILE, _OPEN_FILES)
    hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
    if hard == resource.RLIM_INFINITY or hard >= _STACK_BYTES:
        resource.setrlimit(resource.RLIMIT_STACK, (_STACK_BYTES, hard))
    sys.setrecursionlimit(_RECURSION_LIMIT)


def _lower(limit: int, value: int) -> None:
    hard = resource.getrlimit(limit)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(limit, (value, value))


def _silence_descriptors() -> None:
    """Point standard output and error at nothing: C libraries write to them by number."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    os.close(null)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
