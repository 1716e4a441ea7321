"""The process that runs sandboxed code: forked from the zygote, locked up, then served.

Nothing here is imported by the package. By the time it answers "ready" the kernel keeps it
to the workspace folder and off everything else, as far as this machine can (`jail`).
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import socket
import sys
from collections.abc import Iterator
from typing import Any

from habilis.skills.sandbox.channel import Channel, ChannelClosed
from habilis.skills.sandbox.checkpoint import make_checkpoint
from habilis.skills.sandbox.jail import Jail, Wanted, lock, module_folders
from habilis.skills.sandbox.session import Session
from habilis.skills.sandbox.stops import CUT_SHORT

_RECURSION_LIMIT = 3_000  # that of a notebook, which models are used to
_numbers = itertools.count()


def serve(descriptor: int, folder: str, *, before: Jail) -> None:
    """Serve one host over a socket until it hangs up. `before` is what the zygote holds."""
    channel = Channel(socket.socket(fileno=descriptor))
    with contextlib.suppress(ChannelClosed):
        channel.send({"born": True})
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
            give=channel.send_descriptor,
        )
        channel.send({"ready": True, "tier": jail.tier, "missing": jail.missing})
        while True:
            request = channel.receive()
            if "do" in request:  # else a reply that nobody waits for any more
                _serve(channel, session, request)


def _serve(channel: Channel, session: Session, request: dict[str, Any]) -> None:
    if request["do"] == "define":
        session.define(request["variables"])
        channel.send({"defined": True})
        return
    checkpoint = None
    if request["checkpoint"]:
        checkpoint = make_checkpoint(channel, request)
        if checkpoint is None:
            return  # we are the checkpoint, and go on from before the action
    left = len(request["calls"]) if "calls" in request else 1
    for outcome in _outcomes(session, request):
        left -= 1
        cut_short = outcome["kind"] in CUT_SHORT
        if checkpoint is not None and left == 0 and not cut_short:
            checkpoint.dismiss()
        channel.send({"outcome": outcome, "id": request["id"]})
        if checkpoint is not None and cut_short:
            return  # the host is about to end this process
    if checkpoint is not None:
        checkpoint.wait()


def _outcomes(session: Session, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    seconds = request["timeout_s"]
    if request["do"] == "run":
        yield session.run(request["source"], timeout_s=seconds, policy=request["policy"])
    else:
        for arguments in request["calls"]:
            yield session.call(request["function"], arguments, timeout_s=seconds)


def _ask(channel: Channel, question: dict[str, Any]) -> dict[str, Any]:
    """Return the host's reply to this question; what came for an earlier one is dropped."""
    number = next(_numbers)
    try:
        channel.send({**question, "number": number})
        while (reply := channel.receive()).get("number") != number:
            pass
        return reply
    except BaseException:
        # Half a message may be on the wire (out of memory, host gone): nothing can follow.
        os._exit(1)


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
