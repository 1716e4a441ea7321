from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.power_cuts import cut_power, record, run_cuts
from benchmarks.session_driver import NAME, library, tasks
from benchmarks.session_kills import ROOT

CUTS = int(os.environ.get("HABILIS_CUTS", "30"))  # 400 is the long version


def traces() -> bool:
    """Tell whether strace is there and may be used."""
    if shutil.which("strace") is None:
        return False
    command = ["strace", "-f", "-o", "/dev/null", "true"]
    return subprocess.run(command, capture_output=True).returncode == 0


pytestmark = pytest.mark.skipif(not traces(), reason="power cuts need strace, and leave to use it")


def test_a_power_cut_loses_nothing_acknowledged() -> None:
    """Replies, skills and results that were told are there, the sums fit, the file is sound."""
    found = run_cuts(count=8, cuts=CUTS, parallel=2)
    assert found.acknowledged >= 8 * 4 and found.syncs > 60
    assert (found.lost, found.uneven, found.damaged) == (0, 0, 0)


def test_what_waits_less_for_the_disk_does_lose() -> None:
    """The simulation finds what it looks for: with synchronous=NORMAL commits are lost."""
    assert run_cuts(count=4, cuts=10, parallel=1, synchronous="NORMAL").lost > 0


def test_a_session_goes_on_after_a_power_cut(tmp_path: Path) -> None:
    """What is left is a library like any other: all tasks get done."""
    acts = record(tmp_path, count=4, parallel=2)
    folder = tmp_path / "cut"
    folder.mkdir()
    said = cut_power(acts[: len(acts) * 2 // 3], folder, random.Random(1))
    assert said
    command = [sys.executable, "-m", "benchmarks.power_driver", str(folder), "4", "2"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    with library(folder) as shelf:
        assert shelf.journal.finished_keys(NAME) == {task.key for task in tasks(4)}
        assert shelf.check() == []
