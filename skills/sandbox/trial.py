"""Trying the jail in a throw-away child before anything is run in it. Zygote side."""

from __future__ import annotations

import json
import os
import select
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from habilis.skills.sandbox.canary import got_through
from habilis.skills.sandbox.gate import Gate
from habilis.skills.sandbox.jail import GATES, Jail, Wanted, lock
from habilis.skills.sandbox.quota import Quota

_FILE_BYTES = 2**20


def tried_jail(held: Jail) -> tuple[Jail, dict[str, Any]]:
    """Lock up a throw-away child, let the canary try it, and return what it saw.

    Gates are tried with it: where they fail it goes without, and that is `missing`.
    """
    gated = replace(held, holds=(*held.holds, GATES))
    tried = _in_trial(gated)
    if "error" in tried:
        held = replace(held, missing=(*held.missing, f"{GATES}: {tried['error']}"))
        return held, _in_trial(held)
    return gated, tried


def _in_trial(held: Jail) -> dict[str, Any]:
    ours, theirs = socket.socketpair()

    def attempt() -> dict[str, Any]:
        folder = str(Path.cwd())
        wanted = Wanted(workspace=folder, memory_bytes=2**30, file_bytes=_FILE_BYTES, files=False)
        jail = lock(wanted, before=held, give=give)
        if GATES in jail.holds:
            child = os.fork()  # as a checkpoint does; the canary's own is one too many
            if child == 0:
                os._exit(0)
            os.waitpid(child, 0)
        through = got_through(jail)
        return {"holds": jail.holds, "tier": jail.tier, "missing": jail.missing, "through": through}

    def give(listener: int) -> None:
        socket.send_fds(theirs, [b"g"], [listener])

    def open_gate(child: int) -> Gate:
        _, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
        gate = Gate(descriptors[0], quota=Quota(Path.cwd(), grow_bytes=2**30))
        gate.begin(fork=child)
        return gate

    with ours, theirs:
        return in_child(attempt, ours, open_gate)


def in_child(
    attempt: Callable[[], dict[str, Any]],
    gates: socket.socket | None = None,
    open_gate: Callable[[int], Gate] | None = None,
) -> dict[str, Any]:
    """Run this in a child that then ends, and return what it returned or its error.

    What it asks at its gates is answered, should it send their descriptor on `gates`.
    """
    read_fd, write_fd = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            seen = attempt()
        except BaseException as error:  # the edge of the child
            seen = {"error": getattr(error, "strerror", "") or str(error) or type(error).__name__}
        os.write(write_fd, json.dumps(seen).encode())
        os._exit(0)
    os.close(write_fd)
    gate: Gate | None = None
    while True:
        waiting: list[Any] = [read_fd, gate.listener if gate else gates]
        ready = select.select([each for each in waiting if each is not None], [], [])[0]
        if read_fd in ready:
            break
        if gate is not None:
            gate.answer()
        elif open_gate is not None:
            gate = open_gate(child)
    if gate is not None:
        gate.close()
    with os.fdopen(read_fd, "rb") as answer:
        text = answer.read()
    _, status = os.waitpid(child, 0)
    if not text:
        return {"error": f"the trial ended with status {status}"}
    answered: dict[str, Any] = json.loads(text)
    return answered
