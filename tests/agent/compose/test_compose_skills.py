"""Saved skills inside programs, run in the real sandbox."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from habilis.agent.authors.compose.components.skills import signature_types
from habilis.agent.authors.compose.found import Found, NotFound
from habilis.agent.authors.compose.synthesise import synthesise
from habilis.agent.example import Example
from habilis.skills.sandbox.client import Worker
from habilis.skills.skill import Provenance, Skill, read_source

SOURCES = {
    "shout": 'def shout(text: str) -> str:\n    """Shout it."""\n    return text.upper() + "!!"\n',
    "key_of": (
        'def key_of(name: str) -> str:\n    """Give the key of a name."""\n'
        '    return {"Ada": "q7", "Bob": "x1", "Cy": "m4", "Di": "k9"}[name]\n'
    ),
    "odd": 'def odd(thing: object) -> str:\n    """Anything."""\n    return "?"\n',
    "liar": 'def liar(text: str) -> str:\n    """Lie about a key."""\n    return 5\n',
}


def skill(name: str) -> Skill:
    facts = read_source(SOURCES[name])
    return Skill(
        name=name,
        source=SOURCES[name],
        signature=facts.signature,
        description=facts.description,
        provenance=Provenance(task="", author="test", made_at=0.0),
    )


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(load_skill=lambda name: [(name, SOURCES[name])]) as worker:
        yield worker


def find(rows: Sequence[tuple[object, object]], worker: Worker, *names: str) -> Found | NotFound:
    return synthesise(
        [Example(inputs=(value,), output=output) for value, output in rows],
        name="made",
        description="Make the key",
        skills=[skill(name) for name in names],
        call_skill=worker.call,
        seconds=5.0,
    )


def test_a_skill_is_reached_inside_a_composition(worker: Worker) -> None:
    """What only the skill knows is called, imported, and right on new values in the jail."""
    rows = [("Ada Lee", "[q7] Lee"), ("Bob Ray", "[x1] Ray"), ("Cy Orr", "[m4] Orr")]
    found = find(rows, worker, "key_of", "shout")
    assert isinstance(found, Found)
    assert found.skills_used == ("key_of",)
    assert found.source.startswith("from skills import key_of\n")
    outcome = worker.run(found.source + "\nmade('Di Fox')")
    assert outcome.value == "[k9] Fox"


def test_a_skill_is_mapped_over_a_list(worker: Worker) -> None:
    """A skill of one value is also a way through a list."""
    found = find([(["Cy", "Ada"], ["m4", "q7"]), (["Bob"], ["x1"])], worker, "key_of")
    assert isinstance(found, Found)
    assert "key_of(" in found.source and " for " in found.source


def test_a_skill_that_does_it_alone_is_handed_over_as_it_is(worker: Worker) -> None:
    """No copy is written around it."""
    found = find([("Ada", "q7"), ("Bob", "x1")], worker, "key_of")
    assert isinstance(found, Found)
    assert (found.name, found.source) == ("key_of", "from skills import key_of\n")


def test_a_skill_that_breaks_its_types_or_raises_does_no_harm(worker: Worker) -> None:
    """Its values are errors: the search goes on without it."""
    found = find([("Ada Lee", "Lee"), ("Bob Ray", "Ray")], worker, "liar", "odd", "key_of")
    assert isinstance(found, Found)
    assert found.skills_used == ()


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        ("(text: str) -> str", (("str",), "str")),
        ("(xs: list[int], k: int = 2) -> list[int]", (("list[int]",), "list[int]")),
        ("(rows: list[dict[str, float]]) -> float", (("list[dict]",), "float")),
        ("(text) -> str", None),
        ("(text: str)", None),
        ("(*texts: str) -> str", None),
        ("(text: str, *, limit: int) -> str", None),
        ("(frame: DataFrame) -> str", None),
        ("(((", None),
    ],
)
def test_types_are_read_from_signatures(signature: str, expected: object) -> None:
    """A skill whose types are not known is no component."""
    assert signature_types(signature) == expected
