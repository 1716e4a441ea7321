"""The warm process that workers are forked from. Started by path, once per host process.

It starts with an empty environment, so there is nothing of the host to inherit, imports
the sandbox once, enters namespaces of its own where that is allowed, lets the canary try a
locked-up child, and then forks a child for each worker. It runs no code of others itself.
In a namespace it is process 1: when it ends, however it ends, all its workers end.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import importlib
import itertools
import json
import os
import select
import signal
import socket
import sys
import types
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from habilis.skills.sandbox.jail import Jail

_PACKAGE = "habilis.skills.sandbox"
_MESSAGE_BYTES = 2**16
_QUIET_S = 0.05  # the first worker should not wait for imports it may not need


def main(control_fd: int, life_fd: int, ahead: list[str]) -> None:
    """Serve the host on a socket that keeps messages apart, until it hangs up."""
    _die_with_host(life_fd)
    _stand_in_for_package(Path(__file__).resolve().parent)
    from habilis.skills.sandbox.allowed import TABLE
    from habilis.skills.sandbox.families import Families
    from habilis.skills.sandbox.jail import prepare
    from habilis.skills.sandbox.trial import tried_jail
    from habilis.skills.sandbox.worker import serve

    held = _enter_namespaces(control_fd)
    with socket.socket(fileno=control_fd) as control:
        _warm(ahead)
        prepare()
        gc.freeze()  # a collection in a child would copy every page it looks at
        held, tried = tried_jail(held)
        control.send(json.dumps(tried).encode())
        os.chdir("/")
        warm = [name for name in TABLE if name.partition(".")[0] in sys.stdlib_module_names]
        families = Families()
        while True:
            request, descriptors = _next_request(control, warm)
            if request["do"] == "start":
                child = os.fork()
                if child == 0:
                    _become_worker(descriptors)
                    serve(descriptors[0], request["folder"], before=held)
                    os._exit(0)
                families.add(child)
                _close_all(descriptors)
                _reply(control, request, child=child)
            elif request["do"] == "reap":
                _reply(control, request, code=families.reap(request["child"]))
            else:
                _reply(control, request, code=families.end(request["child"]))


def _reply(control: socket.socket, request: dict[str, Any], **reply: int | None) -> None:
    control.send(json.dumps({**reply, "number": request["number"]}).encode())


def _close_all(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _next_request(control: socket.socket, warm: list[str]) -> tuple[dict[str, Any], list[int]]:
    """Wait for the host; import ahead what the code may use while there is time."""
    while warm and not select.select([control], [], [], _QUIET_S)[0]:
        _warm([warm.pop()])
    message, descriptors, _, _ = socket.recv_fds(control, _MESSAGE_BYTES, 8)
    if not message:
        os._exit(0)
    request: dict[str, Any] = json.loads(message)
    return request, descriptors


def _warm(names: Iterable[str]) -> None:
    for name in names:
        with contextlib.suppress(Exception):  # not installed, or broken: code will be told
            importlib.import_module(name)


def _become_worker(keep: list[int]) -> None:
    os.setpgid(0, 0)
    edges = [2, *sorted(keep), os.sysconf("SC_OPEN_MAX")]
    for low, high in itertools.pairwise(edges):
        os.closerange(low + 1, high)


def _enter_namespaces(control_fd: int) -> Jail:
    """Go into namespaces of our own, where users may; the outer process only waits.

    All is tried in a child first: half a namespace could not be left again.
    """
    from habilis.skills.sandbox import kernel
    from habilis.skills.sandbox.jail import NAMESPACES, Jail
    from habilis.skills.sandbox.trial import in_child

    def enter() -> dict[str, Any]:
        user, group = os.getuid(), os.getgid()
        kernel.unshare(
            kernel.CLONE_NEWUSER
            | kernel.CLONE_NEWPID
            | kernel.CLONE_NEWNET
            | kernel.CLONE_NEWIPC
            | kernel.CLONE_NEWNS
        )
        with contextlib.suppress(OSError):  # old kernels have no such file
            Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
        kernel.keep_mounts_private()
        return {}

    def try_all() -> dict[str, Any]:
        enter()
        kernel.mount_without_programs(str(Path.cwd()))
        return {}

    tried = in_child(try_all)
    if "error" in tried:
        jail = Jail(holds=(), missing=(f"namespaces: {tried['error']}",))
    else:
        enter()
        inner = os.fork()
        if inner:
            os.close(control_fd)
            os.waitpid(inner, 0)
            os._exit(0)
        jail = Jail(holds=(NAMESPACES,))
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)  # only now: it takes away our own /proc files
    return jail


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


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
