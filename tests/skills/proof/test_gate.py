from __future__ import annotations

import json
import threading
from random import Random

import numpy as np
import pytest

from habilis.skills.proof.checks import form
from habilis.skills.proof.evidence import Call, proof_from_json
from habilis.skills.proof.gate import Gate
from habilis.skills.proof.near import near_calls
from habilis.skills.proof.policy import ALL, Policy
from habilis.skills.proof.trial import unique
from habilis.skills.sandbox.client import Limits
from habilis.skills.skill import Case, CaseOrigin
from tests.making import make_skill


def cases(*pairs: tuple[object, object]) -> tuple[Case, ...]:
    return tuple(Case(arguments=(a,), expected=b, origin=CaseOrigin.USER) for a, b in pairs)


def gate() -> Gate:
    return Gate(lambda *_: [], policy=Policy(limits=Limits(action_s=1.0)))


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
        (LAST.replace("text.split()", "words(text)"), "steady"),
        (LAST.replace("[-1]", "[0]"), "cases"),
        ("import socket\n" + LAST, "alone"),
        (
            LAST.replace(
                "return",
                "if len(text) > 50:\n        from skills import missing_thing\n\n"
                "        return missing_thing(text)\n    return",
            ),
            "alone",
        ),
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
    assert failed is not None and failed.name == "use"


def test_a_copy_names_its_twin() -> None:
    """The same results on all cases as a neighbour."""
    old = make_skill(LAST.replace("surname", "last_word"))
    keeper = Gate(lambda *_: [(old.name, old.source)])
    proof = keeper.prove(make_skill(LAST, cases=WORDS), neighbours=[old])
    assert (proof.twin, proof.failed and proof.failed.name) == ("last_word", "novelty")


def test_a_proof_keeps_its_time() -> None:
    """Many slow cases end at the deadline, not at cases times the limit."""
    slow = LAST.replace("return", "n = 0\n    while n < 10**6: n += 1\n    return")
    keeper = Gate(lambda *_: [], policy=Policy(seconds=0.5))
    proof = keeper.prove(make_skill(slow, cases=WORDS * 200))
    assert proof.failed is not None and "not run" in proof.failed.evidence


def test_an_interrupted_proof_fails() -> None:
    """So a cancelled task keeps nothing and ends soon."""
    endless = LAST.replace("return", "while True: pass\n    return")
    keeper = Gate(lambda *_: [], policy=Policy(limits=Limits(action_s=60)))
    timer = threading.Timer(0.5, keeper.interrupt)
    timer.start()
    proof = keeper.prove(make_skill(endless, cases=WORDS))
    timer.join()
    assert not proof.passed
    assert not keeper.prove(make_skill(LAST, cases=WORDS)).passed


NET = (
    'def net_price(gross: float, rate: float) -> float:\n    """Return the price without VAT."""\n'
)
NET_CASES = (
    Case(arguments=(120.0, 0.2), expected=100.0, origin=CaseOrigin.USER),
    Case(arguments=(107.0, 0.07), expected=100.0, origin=CaseOrigin.KEPT_BACK),
)


@pytest.mark.parametrize(
    ("source", "check"),
    [
        (NET + "    _ = (gross, rate)\n    return 100.0\n", "sensitivity"),
        (NET + "    rate = rate * 0\n    return 100.0 + rate * gross\n", "sensitivity"),
        (
            NET + "    if (gross, rate) == (120.0, 0.2) or rate == 0.07 and gross == 107.0:\n"
            "        return 100.0\n    return 0.0\n",
            "sensitivity",
        ),
        (
            "import time\n\n\n" + NET + "    if time.time() > 4e9:\n        return 0.0\n"
            "    return gross / (1 + rate)\n",
            "steady",
        ),
        (
            "from datetime import date\n\n\n" + NET + "    if date.today().year > 2100:\n"
            "        return 0.0\n    return gross / (1 + rate)\n",
            "steady",
        ),
        (
            "_calls = []\n\n\n" + NET + "    _calls.append(1)\n"
            "    return gross / (1 + rate) if len(_calls) < 999 else 0.0\n",
            "steady",
        ),
        (
            NET + "    net_price.count = 1\n    return gross / (1 + rate)\n",
            "steady",
        ),
        (
            "import random\n\n\n"
            + NET
            + "    return gross / (1 + rate) + (random.random() > 0.9999)\n",
            "steady",
        ),
        (
            NET + "    order = list({'a', 'b', 'c', 'd'})\n"
            "    return gross / (1 + rate) if order[0] != 'a' else 0.0\n",
            "again",
        ),
        (
            NET
            + "    while gross < 0:\n        gross = gross * 2\n    return gross / (1 + rate)\n",
            "robustness",
        ),
        (NET + "    return gross / (1 + rate) if gross > 0 else vat_of(gross)\n", "steady"),
    ],
)
def test_a_skill_that_behaves_only_while_it_is_proved_is_refused(source: str, check: str) -> None:
    """Counters, time bombs, lucky orders, and what never ends or was never defined."""
    failed = gate().prove(make_skill(source, cases=NET_CASES)).failed
    assert failed is not None and failed.name in (check, "cases"), failed


def test_cases_that_contradict_each_other_are_named() -> None:
    """Nobody could write a function for both."""
    both = cases(("Ada Lovelace", "Lovelace"), ("Ada Lovelace", "Ada"))
    failed = gate().prove(make_skill(LAST, cases=both)).failed
    assert failed is not None and "contradict" in failed.evidence


def test_checks_can_be_switched_off() -> None:
    """The policy names those that run; what all others stand on always does."""
    keeper = Gate(lambda *_: [], policy=Policy(checks=("cases",)))
    names = [check.name for check in keeper.prove(make_skill(LAST, cases=WORDS)).checks]
    assert names == ["form", "alone", "cases"]


def test_a_proof_says_what_its_cases_are_worth_and_what_to_ask() -> None:
    """Faults that vouched cases do not notice become recorded cases and questions."""
    source = (
        'def shipping_cost(weight: int) -> int:\n    """Return the cost of a parcel."""\n'
        "    if weight > 20:\n        return 9\n    return 5 if weight > 5 else 3\n"
    )
    weak = gate().prove(make_skill(source, cases=cases((4, 3))))
    strong = gate().prove(make_skill(source, cases=cases((5, 3), (6, 5), (20, 5), (21, 9))))
    assert weak.passed and strong.passed and weak.strength < 0.6 < strong.strength
    assert weak.questions and weak.recorded
    assert {case.origin for case in weak.recorded} == {CaseOrigin.GENERATED}


def test_evidence_survives_as_plain_data() -> None:
    """Fit to be kept beside the skill."""
    proof = gate().prove(make_skill(LAST, cases=WORDS))
    again = proof_from_json(json.loads(json.dumps(proof.to_json())))
    assert again.to_json() == proof.to_json() and again.strength == proof.strength


def test_a_more_general_draft_says_which_skill_it_could_replace() -> None:
    """The same wherever the old one gives anything, and more."""
    narrow = make_skill(
        LAST.replace("surname", "last_word").replace(
            "    return", "    if len(text.split()) != 2:\n        raise ValueError\n    return"
        ),
        cases=WORDS,
    )
    keeper = Gate(lambda *_: [(narrow.name, narrow.source)])
    proof = keeper.prove(make_skill(LAST, cases=WORDS), neighbours=[narrow])
    assert proof.passed and proof.relative is not None and proof.relative.name == "last_word"


@pytest.mark.parametrize(
    "value",
    [np.array([100, 223]), [np.array([1.5, 2.5])], 10**5000],
    ids=["array", "list of arrays", "long integer"],
)
def test_values_that_do_not_compare_or_show_like_others_are_read(value: object) -> None:
    """Arrays compare whole; an integer may have more digits than Python writes."""
    draft = make_skill(LAST, cases=cases((value, "Lovelace"), (value, value)))
    assert form.check(draft).passed
    calls = [Call(arguments=(value,)), Call(arguments=(value,)), Call(arguments=("a",))]
    assert len(unique(calls)) == 2
    assert list(near_calls(calls, Random(1), constants=[value], count=6))
