from __future__ import annotations

import pytest

from habilis.skills.extract import extract_function, rename


def test_a_function_comes_with_all_it_needs() -> None:
    """Imports are narrowed, helpers made private, later definitions win, the rest stays out."""
    actions = [
        "import re, math\nfrom datetime import date, timedelta\nRATE = 2\nprint('hello')",
        "def double(x):\n    return x * 1",
        "RATE = 3\ndef double(x):\n    return x * RATE  # by the rate",
        'def price(x: float) -> float:\n    """Return the price."""\n'
        "    return math.ceil(double(x))",
        "result = price(2)",
    ]
    source = extract_function(actions, "price")
    assert source == (
        "import math\n\n\nRATE = 3\n\n\n"
        "def _double(x):\n    return x * RATE  # by the rate\n\n\n"
        'def price(x: float) -> float:\n    """Return the price."""\n'
        "    return math.ceil(_double(x))\n"
    )
    scope: dict[str, object] = {}
    exec(source, scope)
    assert scope["price"](2) == 6  # type: ignore[operator]


def test_saved_skills_are_imported() -> None:
    """A name that no action defines and a saved skill has becomes an import of that skill."""
    source = extract_function(
        ["def f(x):\n    return surname(x) + len(x)"], "f", skills=["surname", "len"]
    )
    assert source.startswith("from skills import surname\n")


def test_a_function_that_was_never_defined_is_an_error() -> None:
    """A class or a variable of that name does not count."""
    with pytest.raises(ValueError, match="'f'"):
        extract_function(["f = 1", "not python ("], "f")


def test_renaming_spares_text_and_attributes() -> None:
    """Only definitions and reads of the name change, not strings, keywords or attributes."""
    source = 'def total(x):\n    """total"""\n    return total(x.total, total="total")\n'
    assert rename(source, {"total": "sum_2"}) == (
        'def sum_2(x):\n    """total"""\n    return sum_2(x.total, total="total")\n'
    )


def test_renaming_inside_an_f_string() -> None:
    """Before Python 3.12 such names have no position; the result must still be right."""
    scope: dict[str, object] = {}
    exec(rename('def é(x): return "ä" if x else f"ö{é(1)}{x}"', {"é": "other"}), scope)
    assert scope["other"](0) == "öä0"  # type: ignore[operator]
