"""Attacks on the sandbox, each run twice: through the policy, and against the jail alone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from benchmarks.attacks import Seen, Verdict, attack_once, read_attacks, targets
from benchmarks.report import Report, Row
from habilis.skills.sandbox.client import Worker

ATTACKS = Path(__file__).parent.parent / "tests/skills/sandbox/escapes/attacks.jsonl"


def run(data: Path, *, peers: Path, quick: bool) -> Report:
    """Return how many got through, both ways; `data` is a file of attacks.

    Without the policy a row not meant for the jail alone (its name does not begin with
    "raw/") is judged by what it did to the targets: what it calls a success may be
    ordinary Python then.
    """
    attacks = read_attacks(ATTACKS if data.is_dir() else data)[:: 5 if quick else 1]
    with Worker() as worker:
        tier = worker.run("0").tier
    rows, causes = [], Counter[str]()
    with targets() as aim:
        for policy in (True, False):
            where = "policy and jail" if policy else "jail alone"
            seen = [attack_once(attack, aim, policy=policy) for attack in attacks]
            causes.update(f"{where}: {each.verdict.value}" for each in seen)
            through = [each for each in seen if each.verdict is Verdict.GOT_THROUGH]
            rows.append(_row(f"got through {where}", through, len(seen), tier))
    return Report(benchmark="escapes", rows=rows, causes=causes)


def _row(name: str, through: list[Seen], count: int, tier: str) -> Row:
    named = "; ".join(f"{seen.attack.name} ({seen.evidence})" for seen in through)
    return Row(
        name=name,
        ours=len(through),
        peer=None,
        goal="<= 0",
        goal_is_about="ours",
        unit="",
        n=count,
        note=f"tier {tier}" + (f"; {named}" if named else ""),
    )
