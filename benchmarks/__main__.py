"""`python -m benchmarks NAME [--data FOLDER] [--quick] [--peers FOLDER]`.

A short table goes to standard error, one JSON object to standard output. The exit code
is 0 when it ran, whatever the figures say.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.report import Report

DATA: Final = Path(__file__).parent / "data"
NAMES: Final = (
    "compatibility",
    "compose",
    "compose_library",
    "compose_stream",
    "escapes",
    "inside_speed",
    "memory",
    "proof",
    "replay",
    "replies",
    "sandbox",
    "sessions",
    "soak",
    "startup",
)  # modules with run(data, *, peers, quick)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one benchmark and print its report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument(
        "--data", type=Path, default=DATA, help="folder of the data (default: the sample here)"
    )
    parser.add_argument("--quick", action="store_true", help="less data, fewer repetitions")
    parser.add_argument(
        "--peers",
        type=Path,
        default=Path(os.environ.get("HABILIS_PEERS", ".venv-peers")),
        help="environment of the peers, made by `make bench` (default: .venv-peers)",
    )
    given = parser.parse_args(arguments)
    module = importlib.import_module(f"benchmarks.{given.name}")
    report: Report = module.run(given.data, peers=given.peers, quick=given.quick)
    print(report.to_table(), file=sys.stderr)
    print(report.to_json())
    return 0


if __name__ == "__main__":
    sys.exit(main())
