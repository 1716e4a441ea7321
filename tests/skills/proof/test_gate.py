from __future__ import annotations

import threading

import pytest

from habilis.skills.proof.gate import Gate
from habilis.skills.proof.policy import ALL, Policy
from habilis.skills.sandbox.client import Limits
from habilis.skills.skill import Case, CaseOrigin
from tests.making import make_skill


def cases(*pairs: tuple[object, object]) -> tuple[Case, ...]:
    return tuple(Case(arguments=(a,), expected=b, origin=CaseOrigin.USER) for a, b in pairs)


def gate() -> Gate:
    return Gate(lambda name: [], policy=Policy(limits=Limits(action_s=1.0)))


WORDS = cases(("Ada Lovelace", "Lovelace"), ("Alan Turing", "Turing"))
LAST = (
    'def surname(text: str) -> str:\n    """Return the last word."""\n    return text.split()[-1]\n'
)


def test_a_sound_skill_passes_every_check() -> None:
    """Each check is named and says what it saw."""
    proof = gate().prove(make_skill(LAST, cases=WORDS))
    names = [check.name for check in proof.checks]
    assert proof.passed and names == list(ALL)
    assert all(check.evidence for check in proof.checks)


@pytest.mark.parametrize(
    ("source", "check"),
    [
        (LAST.replace('    """Return the last word."""\n', ""), "form"),
        (LAST.replace(" -> str", ""), "form"),
        (LAST.replace("surname", "solve"), "form"),
        (LAST.replace("surname", "sorted"), "form"),
        (LAST.replace("surname", "skills"), "form"),
        ('def answer_constant() -> int:\n    """Return 42."""\n    return 42\n', "form"),
        (LAST.replace("text.split()", "words(text)"), "cases"),
        (LAST.replace("[-1]", "[0]"), "cases"),
        ("import socket\n" + LAST, "alone"),
        (LAST.replace("return", "while True: pass\n    return"), "cases"),
        (
            '_it = iter(["Lovelace", "Turing"])\n\n\n'
            'def surname(text: str) -> str:\n    """Return a name."""\n'
            '    return next(_it) if text else ""\n',
            "steady",
        ),
        (LAST.replace("[-1]", '[-1] + str(hash("x") % 2 or "")'), "steady"),
    ],
)
def test_what_does_not_hold_is_refused_by_its_check(source: str, check: str) -> None:
    """The first check that fails ends the proof."""
    failed = gate().prove(make_skill(source, cases=WORDS)).failed
    assert failed is not None and failed.name == check, failed


def test_no_cases_and_no_word_from_the_task() -> None:
    """What only the draft says of itself proves nothing."""
    failed = gate().prove(make_skill(LAST)).failed
    assert failed is not None and failed.name == "cases"
    own = (Case(arguments=("a b",), expected="b", origin=CaseOrigin.RECORDED),)
    failed = gate().prove(make_skill(LAST, cases=own)).failed
    assert failed is not None and failed.name == "vouched"


def test_a_copy_names_its_twin() -> None:
    """The same results on all cases as a neighbour."""
    old = make_skill(LAST.replace("surname", "last_word"))
    keeper = Gate(lambda name: [(old.name, old.source)])
    proof = keeper.prove(make_skill(LAST, cases=WORDS), neighbours=[old])
    assert (proof.twin, proof.failed and proof.failed.name) == ("last_word", "novelty")


def test_a_proof_keeps_its_time() -> None:
    """Many slow cases end at the deadline, not at cases times the limit."""
    slow = LAST.replace("return", "n = 0\n    while n < 10**6: n += 1\n    return")
    keeper = Gate(lambda name: [], policy=Policy(seconds=0.5))
    proof = keeper.prove(make_skill(slow, cases=WORDS * 200))
    assert proof.failed is not None and "not run" in proof.failed.evidence


def test_an_interrupted_proof_fails() -> None:
    """So a cancelled task keeps nothing and ends soon."""
    endless = LAST.replace("return", "while True: pass\n    return")
    keeper = Gate(lambda name: [], policy=Policy(limits=Limits(action_s=60)))
    timer = threading.Timer(0.5, keeper.interrupt)
    timer.start()
    proof = keeper.prove(make_skill(endless, cases=WORDS))
    timer.join()
    assert not proof.passed
    assert not keeper.prove(make_skill(LAST, cases=WORDS)).passed
