"""A real Ray cluster on loopback, for tests and benchmarks that end parts of it.

with RayCluster(workers=4) as cluster:
    session.run_sync(engine=cluster.url)
    cluster.kill()
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

_ROOT = Path(__file__).parent.parent
_ALONE = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # what makes it listen on loopback alone
    "RAY_AUTH_MODE": "disabled",
    "RAY_USAGE_STATS_ENABLED": "0",
}
_LONGEST_S = 30.0
_START = (
    *(sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"),
    *("--include-dashboard=false", "--object-store-memory=80000000"),
    *("--port=0", "--dashboard-agent-listen-port=0", "--min-worker-port=0", "--max-worker-port=0"),
)


class RayCluster:
    """A head that runs `workers` tasks at a time, each in a process of its own.

    `environment` is that of the workers, beside this process's own.
    """

    def __init__(self, *, workers: int = 2, environment: Mapping[str, str] | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True)
        port, folder = _free_port(), [f"--temp-dir={self._folder.name}"]
        path = os.pathsep.join([str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        self.url = f"ray://127.0.0.1:{port}"
        self.head = subprocess.Popen(
            [*_START, f"--num-cpus={workers}", f"--ray-client-server-port={port}", *folder],
            cwd=_ROOT,
            env={**os.environ, **_ALONE, "PYTHONPATH": path, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.head.stdout is not None
        said: list[str] = []
        for line in self.head.stdout:
            said.append(line)
            if "runtime started" in line and _answers(port):
                return
        self.kill()
        raise RuntimeError(f"Ray did not come up: {''.join(said[-20:])}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.kill()
        self._folder.cleanup()

    def kill(self) -> None:
        """End the head; what it has started ends with it."""
        self.head.kill()
        self.head.wait()
        if self.head.stdout is not None:
            self.head.stdout.close()

    def at_work(self) -> list[int]:
        """Return the processes that are at a task."""
        command = ["ps", "-eo", "pid=,ppid=,args="]
        shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        rows = [line.split(maxsplit=2) for line in shown.splitlines()]
        ours = {str(self.head.pid)}
        for pid, parent, _ in rows * 2:  # the head's children, and theirs
            if parent in ours:
                ours.add(pid)
        return [int(pid) for pid, _, args in rows if pid in ours and args.startswith("ray::do_job")]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    """Wait for the client server, which comes up some time after Ray has said that all is up."""
    until = time.monotonic() + _LONGEST_S
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return True
        time.sleep(0.05)
    return False
