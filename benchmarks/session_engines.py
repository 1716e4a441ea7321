"""Whole tasks side by side: how much of all cores they use, in threads and on Dask workers.

`python -m benchmarks.session_engines FOLDER URL TASKS PARALLEL [ENGINE]` is one run, in a
process of its own, beside the server of the model; it prints its seconds.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from benchmarks.dask_cluster import DaskCluster
from benchmarks.model_server import ModelServer
from benchmarks.report import Row, own_row
from benchmarks.session_driver import library, reply, tasks
from habilis import Agent, OpenAIAuthor

_ROOT = Path(__file__).parent.parent
_LATENCY_S = 1.0  # of a reply of a few dozen tokens
_THREADS = 4  # tasks side by side for each core
_LONGEST_S = 600.0
_KEY = {"OPENAI_API_KEY": "k"}


def efficiency_rows(*, quick: bool) -> list[Row]:
    """Return tasks a second on all cores over as many times those on one."""
    cores = os.cpu_count() or 1
    turns, each = (1, 8) if quick else (3, 24)
    rows = []
    for kind in ("threads", "Dask workers"):
        if kind != "threads" and find_spec("distributed") is None:
            rows.append(_row(kind, None, n=0, note="pip install 'habilis[dask]'"))
            continue
        found = [_rate(kind, cores, each) / (cores * _rate(kind, 1, each)) for _ in range(turns)]
        rows.append(_row(kind, 100 * statistics.median(found), n=turns * each * (cores + 1)))
    return rows


def _row(kind: str, ours: float | None, *, n: int, note: str = "") -> Row:
    name = f"whole tasks side by side on all cores, {kind}: efficiency"
    return own_row(name, ours, goal=">= 85", unit="%", n=n, note=note)


def _rate(kind: str, cores: int, each: int) -> float:
    """Return the tasks a second with `_THREADS` side by side for each of so many cores."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ModelServer(reply, latency_s=_LATENCY_S) as server,
        _engine(kind, cores) as engine,
    ):
        command = [sys.executable, "-m", "benchmarks.session_engines", f"{folder}/library"]
        command += [server.url, str(each * cores), str(_THREADS * cores), *engine]
        done = subprocess.run(
            command,
            cwd=_ROOT,
            env={**os.environ, **_KEY},
            check=True,
            capture_output=True,
            text=True,
            timeout=_LONGEST_S,
        )
    return each * cores / float(done.stdout)


@contextmanager
def _engine(kind: str, workers: int) -> Iterator[list[str]]:
    if kind == "threads":
        yield []
        return
    with DaskCluster(workers=workers, threads=_THREADS, environment=_KEY) as cluster:
        yield [cluster.url]


def main() -> None:
    """Run the tasks once to warm up all processes, and a second time against the clock."""
    folder, url, count, parallel = Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:5])
    engine = "".join(sys.argv[5:6])
    with library(folder) as shelf:
        agent = Agent(OpenAIAuthor("m", base_url=url), library=shelf, tools=[count_seats])
        for session, many in (("warm", 2 * parallel), ("timed", count)):
            started = time.perf_counter()
            agent.session(session, tasks(many)).run_sync(parallel=parallel, engine=engine)
    print(time.perf_counter() - started)


def count_seats(table: int) -> int:
    """Return the seats at a table."""
    return table * 3


if __name__ == "__main__":
    main()
