"""Every attack, through the policy and against the jail alone; new ones are new rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.attacks import Attack, Targets, Verdict, attack_once, read_attacks
from habilis.skills.sandbox.nursery import zygote_for
from tests.skills.sandbox.conftest import Lacking

ATTACKS = read_attacks(Path(__file__).with_name("attacks.jsonl"))
# In the tier "standard" the kernel cannot forbid that a file of the workspace is mapped as
# code. It gains nothing: the process could make the same system calls before.
NEEDS_NAMESPACES = {"raw/library_of_ones_own"}
# These only wait for the host's clock, which no tier changes.
WAIT = {"raw/alarm_off", "raw/deaf_loop", "raw/half_message", "raw/flood"}
OBVIOUS = {
    "raw/read_by_relative_path",
    "raw/delete_outside",
    "raw/make_folder_outside",
    "raw/listen",
    "raw/signal_by_descriptor",
    "raw/spawn",
    "raw/thread",
    "raw/code_from_data",
    "raw/environment",
}


@pytest.fixture(params=["policy and jail", "jail alone"])
def policy(request: pytest.FixtureRequest) -> bool:
    chosen: str = request.param
    return chosen == "policy and jail"


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_no_attack_gets_through(attack: Attack, policy: bool, aim: Targets) -> None:
    """What the row says must not happen does not, and the next action is an honest one."""
    if attack.name in NEEDS_NAMESPACES and zygote_for(None).tier != "full":
        pytest.skip("this machine has no namespaces")
    seen = attack_once(attack, aim, policy=policy)
    assert seen.verdict is not Verdict.GOT_THROUGH, (attack.must_not, seen.evidence)


@pytest.mark.parametrize(
    ("lacks", "tier"), [(["namespaces"], "standard"), (["namespaces", "landlock"], "nofiles")]
)
def test_poorer_machines_hold_too(
    lacks: list[str],
    tier: str,
    aim: Targets,
    lacking: Lacking,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without the policy, in a container that refuses namespaces, and without Landlock."""
    monkeypatch.setenv("HABILIS_MIN_TIER", tier)
    with lacking(*lacks) as zygote:
        assert zygote.tier == tier
        through = [
            (attack.name, seen.evidence)
            for attack in ATTACKS
            if attack.name not in NEEDS_NAMESPACES | WAIT
            for seen in [attack_once(attack, aim, policy=False)]
            if seen.verdict is Verdict.GOT_THROUGH
        ]
    assert through == []


def test_without_a_jail_the_attacks_do_get_through(
    aim: Targets, lacking: Lacking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: it is the jail that stops them, and the targets do show the harm."""
    monkeypatch.setenv("HABILIS_MIN_TIER", "weak")
    with lacking("namespaces", "landlock", "seccomp") as zygote:
        assert zygote.tier == "weak"
        held = {
            attack.name
            for attack in ATTACKS
            if attack.name in OBVIOUS
            if attack_once(attack, aim, policy=False).verdict is not Verdict.GOT_THROUGH
        }
    assert held == {"raw/environment"}, "the environment is empty even so"
