"""Skills that pinned different versions of another skill, in one worker."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from habilis.skills.proof.evidence import Call
from habilis.skills.proof.gate import Gate
from habilis.skills.sandbox.client import Worker
from habilis.skills.sandbox.wire import FunctionRef
from habilis.skills.skill import Provenance, Skill

OLD = ("unit_rate", "RATE = 1\n\ndef unit_rate():\n    return RATE")
NEW = ("unit_rate", "RATE = 2\n\ndef unit_rate():\n    return RATE")
ALPHA = ("alpha", "from skills import unit_rate\n\ndef alpha():\n    return unit_rate()")
BETA = ("beta", "def beta():\n    from skills import unit_rate\n    return unit_rate()")
GAMMA = ("gamma", "import skills\n\ndef gamma():\n    return skills.unit_rate()")
BOTH = (
    "both",
    "from skills import alpha, unit_rate\n\ndef both():\n    return alpha(), unit_rate()",
)
CLOSURES = {
    "unit_rate": [NEW],
    "alpha": [OLD, ALPHA],
    "beta": [NEW, BETA],
    "gamma": [OLD, GAMMA],
    "both": [OLD, ALPHA, NEW, BOTH],
}


def load(name: str, pinned: str = "", /) -> Sequence[tuple[str, str]]:
    return CLOSURES[name]


def test_each_skill_calls_the_version_it_has_pinned() -> None:
    """Whichever is loaded first, and however it takes the other from `skills`."""
    for names in ("alpha, beta, gamma", "gamma, beta, alpha"):
        with Worker(load_skill=load) as worker:
            outcome = worker.run(f"from skills import {names}\nalpha(), beta(), gamma()")
            assert outcome.value == (1, 2, 1)
            assert outcome.skills_called == {"alpha": 1, "beta": 1, "gamma": 1, "unit_rate": 3}


def test_the_sessions_own_code_gets_the_current_version() -> None:
    """A version that came along with another skill is not what the name stands for."""
    with Worker(load_skill=load) as worker:
        worker.run("from skills import alpha, gamma")
        outcome = worker.run("from skills import unit_rate\nimport skills\nalpha(), unit_rate()")
        assert outcome.value == (1, 2)
        assert worker.run("final_answer(skills.unit_rate)").answer == FunctionRef("unit_rate")
        assert worker.call("unit_rate", [()])[0].value == 2


def test_one_skill_may_need_two_versions() -> None:
    """A source calls the last one of a name above it."""
    with Worker(load_skill=load) as worker:
        assert worker.run("from skills import both\nboth()").value == (1, 2)


@pytest.mark.parametrize("names", ["alpha, unit_rate", "unit_rate, alpha"])
def test_a_draft_may_call_what_pinned_an_older_version(names: str) -> None:
    """The gate runs it with the current version and lets the other skill keep its own."""
    source = f"from skills import {names}\n\ndef draft() -> int:\n    return alpha() + unit_rate()"
    draft = Skill(
        name="draft",
        source=source,
        signature="() -> int",
        description="Add.",
        requires=dict.fromkeys(names.split(", "), "pinned"),
        provenance=Provenance(task="add", author="test", made_at=0.0),
    )
    (outcome,) = Gate(load).call(draft, [Call()])
    assert (outcome.value, outcome.error) == (3, "")


def test_a_version_is_loaded_once() -> None:
    """Skills that pinned the same version share it, with what it remembers."""
    seen = ("seen", "_all = []\n\ndef seen(x):\n    _all.append(x)\n    return len(_all)")
    source = "from skills import seen\n\ndef {0}(x):\n    return seen(x)"
    closures = {name: [seen, (name, source.format(name))] for name in ("left", "right")}
    with Worker(load_skill=closures.__getitem__) as worker:
        assert worker.run("from skills import left, right\nleft(1), right(1)").value == (1, 2)


def test_a_new_version_may_call_the_older_one() -> None:
    """A skill that takes its own name from `skills` gets the one above it."""
    newer = "from skills import unit_rate as older\n\ndef unit_rate():\n    return older() + 10"
    with Worker(load_skill=lambda name: [OLD, (name, newer)]) as worker:
        assert worker.call("unit_rate", [()])[0].value == 11
