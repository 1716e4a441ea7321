from __future__ import annotations

import pytest

from habilis.agent.draft import needed, read_draft

BLOCK = '''
import math


def area(width: float, height: float = 1.0) -> float:
    """Return the area."""
    return width * height


assert area(2, 3) == 6
assert 6.28 == round(area(2, height=3.1415), 2)
assert math.isclose(area(1.5), 1.5)
assert abs(area(2, 2) - 4.0) < 1e-6
assert area(width, 3) == 6
assert isinstance(area(1), float)
print(area(2, 3))
area(9, 9)
'''


def test_asserts_become_claims_and_the_rest_a_source() -> None:
    """Claims are the asserts with literal arguments; prints and example calls are left out."""
    draft = read_draft(BLOCK)
    assert [(c.arguments, dict(c.keywords), c.stated) for c in draft.claims] == [
        ((2, 3), {}, 6),
        ((2,), {"height": 3.1415}, 6.28),
        ((1.5,), {}, 1.5),
        ((2, 2), {}, 4.0),
    ]
    assert "print" not in draft.source and "assert" not in draft.source
    assert draft.source.startswith("import math")


@pytest.mark.parametrize(
    ("stated", "value", "agrees"),
    [
        ("33.33", 33.333333, True),
        ("33.33", 33.34, False),
        ("5000", 5000.0, True),
        ("0.5", 0.5, True),
        ("'a'", "a", True),
        ("[1, 2]", [1, 2], True),
        ("33.33", "33.33", False),
        ("1e-3", 0.001, True),
    ],
)
def test_a_claim_is_as_precise_as_it_was_written(stated: str, value: object, agrees: bool) -> None:
    """A stated 33.33 covers 33.333, a stated 5000 does not cover 5000.4."""
    claim = read_draft(f"def f(x): ...\nassert f(1) == {stated}").claims[0]
    assert claim.agrees(value) is agrees


def test_code_that_does_not_parse_is_named() -> None:
    """The reason goes back to the author."""
    with pytest.raises(ValueError, match="does not parse"):
        read_draft("def f(:")


def test_saved_skills_that_a_mended_function_calls_are_imported() -> None:
    """While a task runs they are there already, so authors leave the import out."""
    code = 'def shout(text: str) -> str:\n    """Shout."""\n    return first_word(text).upper()\n'
    assert needed(code, ["first_word", "shout"]).startswith("from skills import first_word\n")
    assert needed("x = 1\n", ["first_word"]) == "x = 1\n"
