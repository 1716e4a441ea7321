from __future__ import annotations

import pytest

from habilis.skills.skill import content_hash, read_source

SOURCE = '''
import re
from skills import surname, initials as short

LIMIT = 3


def _clean(text: str) -> str:
    return text.strip()


def badge(name: str, *, limit: int = LIMIT) -> str:
    """Return the badge line of a visitor.

    More words.
    """
    return _clean(surname(name))[:limit]
'''


def test_reading_a_source_gives_its_facts() -> None:
    """One public function; helpers, constants and imports may stand beside it."""
    facts = read_source(SOURCE)
    assert facts.name == "badge"
    assert facts.signature == "(name: str, *, limit: int=LIMIT) -> str"
    assert facts.description == "Return the badge line of a visitor."
    assert facts.parameters == ("name", "limit")
    assert facts.requires == ("surname", "initials")
    assert facts.typed


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def f(:", "does not parse"),
        ("x = 1", "found none"),
        ("def a(): ...\ndef b(): ...", "found a, b"),
        ("class A: ...", "found none"),
    ],
)
def test_a_source_without_one_public_function_is_refused(source: str, reason: str) -> None:
    """The message names what was found."""
    with pytest.raises(ValueError, match=reason):
        read_source(source)


def test_missing_annotations_are_seen() -> None:
    """Every parameter and the return value must be annotated to count as typed."""
    assert not read_source("def add(a: int, b) -> int:\n    return a + b").typed
    assert not read_source("def add(a: int, b: int):\n    return a + b").typed
    assert not read_source("def add(*items) -> int:\n    return 0").typed


def test_a_version_is_identified_by_source_and_requirements() -> None:
    """The same source over another version of what it calls is another version."""
    assert content_hash("x", {"a": "1"}) == content_hash("x", {"a": "1"})
    assert content_hash("x", {"a": "1"}) != content_hash("x", {"a": "2"})
    assert content_hash("x", {}) != content_hash("y", {})
