"""Starting a gateway: once per library, on demand, detached from whoever asked for it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from habilis.memory.address import Address

SOCKET: Final = "gateway.sock"
_LOCK, _TURN, _LOG = "gateway.lock", "gateway.turn", "gateway.log"
_IDLE_S = 30.0
IDLE_VARIABLE: Final = "HABILIS_GATEWAY_IDLE_S"
_START_S = 60.0


@contextlib.contextmanager
def socket_path(folder: Path) -> Iterator[str]:
    """Give a short name of the socket: the kernel takes no more than 107 bytes."""
    handle = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{handle}/{SOCKET}"
    finally:
        os.close(handle)


def start_gateway(folder: Path, address: Address) -> None:
    """See to it that a gateway listens in the library's folder. Blocks until it does.

    Of many that want one at once, the first starts it and the others wait for that.

    Raises:
        OSError: none can be started.
        subprocess.SubprocessError: the same.
    """
    turn = os.open(folder / _TURN, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not _listens(folder):
            _spawn(folder, address)
    finally:
        os.close(turn)


def _listens(folder: Path) -> bool:
    try:
        with socket_path(folder) as path, socket.socket(socket.AF_UNIX) as visitor:
            visitor.connect(path)
    except OSError:
        return False
    return True


def _spawn(folder: Path, address: Address) -> None:
    secrets = ("OPENAI_API_KEY", "HABILIS_LIBRARY")  # come with the calls, and through the pipe
    environment = {k: v for k, v in os.environ.items() if k not in secrets}
    paths = [str(Path(p).absolute()) for p in environment.get("PYTHONPATH", "").split(":") if p]
    if paths:
        environment["PYTHONPATH"] = ":".join(paths)
    log = os.open(folder / _LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        subprocess.run(
            [sys.executable, "-P", "-m", "habilis.agent.gateway", str(folder.absolute())],
            check=True,
            cwd="/",
            env=environment,
            input=(address.given if address.on_server else str(folder.absolute())).encode(),
            stdout=subprocess.DEVNULL,
            stderr=log,
            timeout=_START_S,
        )
    finally:
        os.close(log)


def main() -> None:
    """Listen, detach, serve; end at once where another gateway does so already.

    The library's address comes on the standard input: others may read a command line.
    """
    parser = argparse.ArgumentParser(prog="habilis.agent.gateway")
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    address = Address(sys.stdin.read())
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    listening = _listen(folder)
    if os.fork():
        os._exit(0)  # whoever started us goes on; the socket takes calls from now on
    os.setsid()
    _serve(address, listening)


def _serve(address: Address, listening: socket.socket) -> None:
    from habilis.agent.authors.openai import OpenAIAuthor
    from habilis.agent.gateway.server import Gateway

    async def run() -> None:
        gateway = Gateway(
            address,
            idle_s=float(os.environ.get(IDLE_VARIABLE) or _IDLE_S),
            make_author=OpenAIAuthor.from_order,
        )
        await gateway.serve(listening)

    asyncio.run(run())


def _listen(folder: Path) -> socket.socket:
    """Bind the socket so that only its owner may connect; the lock says it is ours to replace."""
    with contextlib.suppress(FileNotFoundError):
        (folder / SOCKET).unlink()
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        with socket_path(folder) as path:
            listening.bind(path)
    finally:
        os.umask(before)
    listening.listen(1024)
    listening.setblocking(False)
    return listening
