from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.session_kills import run_kills

pytestmark = pytest.mark.on_both_stores

KILLS = int(os.environ.get("HABILIS_KILLS", "0"))  # 100 is the long version


@pytest.mark.parametrize("parallel", [1, 8])
def test_kill_9_pays_nothing_twice_and_loses_nothing(
    parallel: int, tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's count is the ledger's; each task and skill is there once and is right."""
    monkeypatch.setenv("HABILIS_GATEWAY_IDLE_S", "5")
    found = run_kills(
        tmp_path,
        count=2 * KILLS or 8,
        kills=KILLS or 3,
        parallel=parallel,
        latency_s=0.2,
        longest_s=1.0,
        address=address,
    )
    assert found.kills or KILLS == 0
    assert (found.lost, found.wrong, found.skills_lost, found.doubled) == (0, 0, 0, 0)
    assert (found.paid_twice, found.in_doubt, found.problems) == (0, 0, ())
    assert found.tokens == found.server_tokens


def test_with_the_gateway_killed_every_repeated_call_is_in_doubt(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What may have been paid twice is listed and counted, never silent."""
    monkeypatch.setenv("HABILIS_GATEWAY_IDLE_S", "5")
    found = run_kills(
        tmp_path,
        count=2 * KILLS or 8,
        kills=KILLS or 2,
        parallel=8,
        latency_s=0.2,
        longest_s=1.0,
        address=address,
        gateway_too=True,
    )
    assert (found.lost, found.wrong, found.skills_lost, found.doubled) == (0, 0, 0, 0)
    assert found.unlisted == 0 and found.tokens >= found.server_tokens
