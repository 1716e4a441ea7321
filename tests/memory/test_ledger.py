from __future__ import annotations

from dataclasses import replace

import pytest

from habilis import SkillLibrary
from habilis.memory.ledger import Ledger
from habilis.skills.skill import Case, CaseOrigin, Provenance
from tests.making import simple

pytestmark = pytest.mark.on_both_stores

SHOUT = simple("shout", "Return the text in capitals.")


def test_a_skill_never_used(library: SkillLibrary) -> None:
    """All figures are zero and its reliability is even."""
    library.add(SHOUT)
    assert library.ledger("shout") == Ledger() and library.ledger("shout").reliability == 0.5
    assert library.uses("shout") == []


def test_uses_are_kept_one_by_one(library: SkillLibrary) -> None:
    """Each with its version, task, cost and time; the figures add them up."""
    made = Provenance(task="t", author="test", made_at=1.0, seconds=10.0, tokens=900)
    library.add(replace(SHOUT, provenance=made))
    library.record_retrieved(["shout", "not there"])
    library.record_use("shout", helped=True, task="a", seconds=4.0, tokens=100)
    library.record_use("shout", helped=True, task="b", seconds=12.0, tokens=1_000)
    library.record_use("shout", helped=True, task="c", nested=True, seconds=1.0, tokens=1)
    library.record_use("shout", helped=False, task="d", seconds=1.0, tokens=1)
    library.record_use("shout", helped=True)
    figures = library.ledger("shout")
    assert (figures.retrieved, figures.called, figures.helped, figures.failed) == (1, 5, 4, 1)
    assert (figures.seconds_saved, figures.tokens_saved) == (6.0, 800)
    assert figures.reliability == pytest.approx(5 / 7)
    uses = library.uses("shout")
    assert [use.task for use in uses] == ["a", "b", "c", "d", ""]
    assert [use.nested for use in uses] == [False, False, True, False, False]
    assert figures.last_used == uses[-1].at and uses[-1].seconds is None


def test_a_use_belongs_to_a_version(library: SkillLibrary) -> None:
    """The current one, or the one that was named."""
    library.add(SHOUT)
    library.add(simple("shout", "Return the text in capitals.", "return text.upper()"))
    library.record_use("shout", helped=True)
    library.record_use("shout", helped=False, version=1)
    assert [use.version for use in library.uses("shout")] == [2, 1]


def test_each_version_keeps_the_evidence_of_its_proof(library: SkillLibrary) -> None:
    """As it was given, by version; None where there was none."""
    library.add(SHOUT, evidence=[{"check": "cases", "passed": True}])
    library.add(simple("shout", "Return the text in capitals.", "return text.upper()"))
    assert library.evidence("shout", 1) == [{"check": "cases", "passed": True}]
    assert library.evidence("shout") is None
    with pytest.raises(ValueError, match="no version 3"):
        library.evidence("shout", 3)
    with pytest.raises(TypeError):
        library.add(simple("whisper", "Return it."), evidence=object())
    assert "whisper" not in library


def test_who_vouches_and_what_was_in_view_come_back(library: SkillLibrary) -> None:
    """Every origin of a case, and the labels of untrusted text."""
    cases = tuple(Case(arguments=("a",), expected="a", origin=origin) for origin in CaseOrigin)
    seen = Provenance(task="t", author="test", made_at=1.0, untrusted=("orders.csv", "web"))
    library.add(replace(SHOUT, cases=cases, provenance=seen))
    kept = library.get("shout")
    assert [case.origin for case in kept.cases] == list(CaseOrigin)
    assert kept.provenance.untrusted == ("orders.csv", "web")


def test_tags_replace_each_other(library: SkillLibrary) -> None:
    """A skill has the tags it was last given."""
    library.add(SHOUT)
    library.tag("shout", "text", "text", "été")
    assert library.tags("shout") == ("text", "été")
    library.tag("shout")
    assert library.tags("shout") == ()
