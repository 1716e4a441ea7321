from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    ("arguments", "rows"),
    [
        (["replies"], 3),
        (["replay", "--quick"], 4),
        (["startup", "--quick", "--peers", "nowhere"], 1),
        (["escapes", "--quick"], 2),
        (["memory", "--quick"], 19),
        (["proof", "--quick"], 16),
        (["soak", "--quick"], 4),
        (["compose", "--quick", "--data", "nowhere"], 1),
        (["replies", "--data", "nowhere"], 3),
        (["replay", "--data", "nowhere"], 4),
    ],
)
def test_a_benchmark_prints_one_json_object(arguments: list[str], rows: int) -> None:
    """The one format on standard output, a table on standard error, always exit code 0."""
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert set(report) >= {"benchmark", "machine", "rows"} and len(report["rows"]) == rows
    keys = {"name", "ours", "peer", "ratio", "goal", "met", "unit", "n"}
    assert all(keys <= set(row) for row in report["rows"])
