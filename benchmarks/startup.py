"""How long `import habilis` takes, beside `import smolagents`, in fresh processes by turns."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import Report, Row

_RUNS, _QUICK_RUNS = 15, 5


def run(data: Path, *, peers: Path, quick: bool) -> Report:
    """Return one row: median wall time in ms of starting Python and importing the package."""
    peer = peers / "bin" / "python"
    runs = _QUICK_RUNS if quick else _RUNS
    ours_ms: list[float] = []
    peer_ms: list[float] = []
    with tempfile.TemporaryDirectory() as cache:
        for turn in range(runs + 1):
            measured = turn > 0  # the first run fills the cache of compiled modules
            ours = _import_ms(Path(sys.executable), "habilis", cache=cache)
            ours_ms += [ours] if measured else []
            if peer.exists():
                theirs = _import_ms(peer, "smolagents", cache=cache)
                peer_ms += [theirs] if measured else []
    note = f"peer not measured: no {peer}; `make bench NAME=startup` makes it, --peers names one"
    row = Row(
        name="import habilis over import smolagents",
        ours=statistics.median(ours_ms),
        peer=statistics.median(peer_ms) if peer_ms else None,
        goal="<= 0.15",
        unit="ms",
        n=runs,
        note="" if peer_ms else note,
    )
    return Report(benchmark="startup", rows=[row])


def _import_ms(python: Path, package: str, *, cache: str) -> float:
    """Return the wall time of one fresh process.

    Raises:
        subprocess.CalledProcessError: the package cannot be imported there.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    environment["PYTHONPYCACHEPREFIX"] = cache
    started = time.perf_counter()
    subprocess.run(
        [str(python.absolute()), "-c", f"import {package}"], env=environment, cwd=cache, check=True
    )
    return 1000 * (time.perf_counter() - started)
