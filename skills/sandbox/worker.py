"""The process that runs sandboxed code: forked from the zygote, locked up, then served.

Nothing here is imported by the package. By the time it answers "ready" the kernel keeps it
to the workspace folder and off everything else, as far as this machine can (`jail`).
"""

from __future__ import annotations

import contextlib
import os
import random
import sys
from pathlib import Path
from typing import Any

from habilis.skills.sandbox.channel import Channel, ChannelClosed
from habilis.skills.sandbox.jail import Jail, Wanted, lock, module_folders
from habilis.skills.sandbox.session import Session

_RECURSION_LIMIT = 3_000  # that of a notebook, which models are used to


def serve(read_fd: int, write_fd: int, folder: str, *, before: Jail) -> None:
    """Serve one host over two pipes until it hangs up. `before` is what the zygote holds."""
    channel = Channel(read_fd, write_fd)
    with contextlib.suppress(ChannelClosed):
        channel.send({"pid": _pid_for_host()})
        setup = channel.receive()
        limits = setup["limits"]
        os.chdir(folder)
        _reseed()
        session = Session(
            ask=lambda question: _ask(channel, question),
            workspace=folder,
            tools=[(name, doc) for name, doc in setup["tools"]],
            allow=setup["allow"],
            printed_chars=limits["printed_chars"],
            value_bytes=limits["value_bytes"],
        )
        sys.setrecursionlimit(_RECURSION_LIMIT)
        _silence_descriptors()
        jail = lock(
            Wanted(
                workspace=folder,
                readable=module_folders(setup["allow"]),
                memory_bytes=limits["memory_bytes"],
                file_bytes=limits["file_bytes"],
                files=setup["tier"] == "weak",
            ),
            before=before,
        )
        channel.send({"ready": True, "tier": jail.tier, "missing": jail.missing})
        while True:
            _serve(channel, session, channel.receive())


def _serve(channel: Channel, session: Session, request: dict[str, Any]) -> None:
    match request["do"]:
        case "define":
            session.define(request["variables"])
            channel.send({"defined": True})
        case "run":
            outcome = session.run(
                request["source"],
                timeout_s=request["timeout_s"],
                policy=request.get("policy", True),
            )
            channel.send({"outcome": outcome, "id": request["id"]})
        case "call":
            for arguments, keywords in request["calls"]:
                outcome = session.call(
                    request["function"], arguments, keywords, timeout_s=request["timeout_s"]
                )
                channel.send({"outcome": outcome, "id": request["id"]})


def _ask(channel: Channel, question: dict[str, Any]) -> dict[str, Any]:
    try:
        channel.send(question)
        return channel.receive()
    except BaseException:
        # Half a message may be on the wire (out of memory, host gone): nothing can follow.
        os._exit(1)


def _pid_for_host() -> int:
    """Return the id by which the host knows us: /proc is its, our own namespace counts anew."""
    with contextlib.suppress(OSError):
        return int(Path("/proc/self").readlink().name)
    return os.getpid()


def _reseed() -> None:
    """Forked processes share the state of every generator of random numbers."""
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()


def _silence_descriptors() -> None:
    """Point standard output and error at nothing: C libraries write to them by number."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    os.close(null)
