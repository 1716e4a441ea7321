"""A real Dask cluster of processes on loopback, for tests and benchmarks that end some of them.

with DaskCluster(workers=2, threads=2) as cluster:
    session.run_sync(engine=cluster.url)
    cluster.workers[0].kill()
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Self

_ROOT = Path(__file__).parent.parent
_LOOPBACK = ("--host", "127.0.0.1", "--no-dashboard")


class DaskCluster:
    """One scheduler on port 0 and `workers` without nannies: who is killed stays dead.

    `environment` is that of the workers, beside this process's own. They end by themselves
    when the scheduler is gone.
    """

    def __init__(
        self, *, workers: int = 2, threads: int = 2, environment: Mapping[str, str] | None = None
    ) -> None:
        self._threads, self._environment = threads, dict(environment or {})
        self.workers: list[subprocess.Popen[str]] = []
        self.scheduler, found, drain = _started(
            "dask_scheduler", "--port", "0", *_LOOPBACK, until=r"Scheduler at:\s+tcp://(\S+)"
        )
        self._drains = [drain]
        self.url = f"dask://{found}"
        starting = [threading.Thread(target=self.add_worker) for _ in range(workers)]
        for thread in starting:
            thread.start()
        for thread in starting:
            thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in [*self.workers, self.scheduler]:
            process.kill()
            process.wait()
        for thread in self._drains:
            thread.join()

    def add_worker(self) -> None:
        """Start one more and wait until it serves."""
        process, _, drain = _started(
            "dask_worker",
            self.url.replace("dask://", "tcp://"),
            *("--nthreads", str(self._threads), "--no-nanny", "--death-timeout", "20"),
            *_LOOPBACK,
            until=r"Registered to:\s+(\S+)",
            environment=self._environment,
        )
        self.workers.append(process)
        self._drains.append(drain)


def _started(
    what: str, *arguments: str, until: str, environment: Mapping[str, str] | None = None
) -> tuple[subprocess.Popen[str], str, threading.Thread]:
    """Start a process; return it, what it said that was waited for, and who reads the rest."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{what}", *arguments],
        cwd=_ROOT,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said: list[str] = []
    for line in process.stderr:
        said.append(line)
        if found := re.search(until, line):
            drain = threading.Thread(target=_drain, args=(process,), daemon=True)
            drain.start()
            return process, found[1], drain
    process.wait()
    process.stderr.close()
    raise RuntimeError(f"{what} did not come up: {''.join(said[-20:])}")


def _drain(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    with process.stderr:
        for _ in process.stderr:
            pass
