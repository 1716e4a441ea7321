from __future__ import annotations

import pytest

from habilis.skills.extract import extract_function
from habilis.skills.rename import rename


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


def run(source: str, name: str, *arguments: object) -> object:
    scope: dict[str, object] = {}
    exec(source, scope)
    return scope[name](*arguments)  # type: ignore[operator]


def test_parameters_are_no_globals() -> None:
    """A variable of the action that is named like a parameter stays out."""
    actions = [
        "text = open('big.csv').read()\nx = 1",
        "def last(text: str) -> str:\n    x = text.split()\n    return x[-1]",
    ]
    assert extract_function(actions, "last") == actions[1] + "\n"


def test_statements_that_change_a_needed_name_come_along() -> None:
    """Tables filled in a loop, lists extended, items set, methods that change."""
    actions = [
        "T = {}\nfor i, c in enumerate('abc'):\n    T[c] = i\nprint(T)",
        "T['z'] = 25\nA = [1]\nA += [2]\nA.append(3)",
        "def place(c: str) -> int:\n    return T[c] + len(A)",
    ]
    source = extract_function(actions, "place")
    assert run(source, "place", "z") == 28 and run(source, "place", "b") == 4
    assert "print" not in source


def test_private_names_never_clash() -> None:
    """A helper whose private name exists, or that is also a parameter, does no harm."""
    actions = [
        "def _clean(s): return s.strip()\ndef clean(s): return _clean(s).lower()",
        "def name_of(s: str) -> str:\n    return clean(s)",
    ]
    assert run(extract_function(actions, "name_of"), "name_of", " A ") == "a"
    actions = [
        "def key(x): return -x",
        "def ordered(xs: list, key=key) -> list:\n    return sorted(xs, key=key)",
    ]
    assert run(extract_function(actions, "ordered"), "ordered", [1, 3, 2]) == [3, 2, 1]


def test_two_statements_on_one_line_are_cut_apart() -> None:
    """Only the needed one is taken."""
    actions = [
        "import re; PAT = re.compile('a+'); junk = 1/1",
        "def f(s: str) -> bool: return bool(PAT.match(s))",
    ]
    source = extract_function(actions, "f")
    assert run(source, "f", "aa") is True and "junk" not in source
