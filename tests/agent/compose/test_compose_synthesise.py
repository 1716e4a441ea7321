"""Each way to an answer, on small tasks; what is run is the source that is given out."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from itertools import count

import pytest

from habilis.agent.authors.compose.found import Found, NotFound
from habilis.agent.authors.compose.synthesise import synthesise
from habilis.agent.example import Example
from habilis.skills.compare import same
from habilis.skills.skill import read_source

Rows = Sequence[tuple[tuple[object, ...], object]]

TEXT: dict[str, Rows] = {
    "last word": [(("Ada Lovelace",), "Lovelace"), (("Alan Mathison Turing",), "Turing")],
    "joined parts": [(("Ada", "Lovelace"), "L., Ada"), (("Alan", "Turing"), "T., Alan")],
    "digits": [(("(555) 123-4567",), "555-123-4567"), (("555.987.6543",), "555-987-6543")],
    "date": [(("03/05/2024",), "2024-03-05"), (("12/31/1999",), "1999-12-31")],
    "unicode": [(("ÉMILE zola",), "émile ZOLA"), (("ŽOFIE čapek",), "žofie ČAPEK")],
    "braces": [(("a b",), "{a} % b"), (("cc d",), "{cc} % d")],
    "quotes": [(('say "hi" now',), "it's hi"), (('a "b c" d',), "it's b c")],
    "missing": [(("x", "a"), "x"), ((None, "b"), "b"), (("y", "c"), "y"), ((None, "d"), "d")],
}
NUMBERS: dict[str, Rows] = {
    "span": [(("43",), "40-59"), (("25",), "20-39"), (("61",), "60-79")],
    "half up": [(("0.25",), "0.3"), (("1.349",), "1.3"), (("2",), "2.0"), (("0.45",), "0.5")],
    "arithmetic": [((3, 4), 14), ((1, 1), 4), ((10, 2), 24)],
    "price": [(("$1,234.50",), 1234.5), (("$7.25",), 7.25)],
    "rounded": [((2.345,), "2.35 EUR"), ((1200.0,), "1200.00 EUR"), ((0.5,), "0.50 EUR")],
    "even": [((2,), True), ((7,), False), ((10,), True), ((11,), False), ((4,), True)],
}
LISTS: dict[str, Rows] = {
    "map": [(([1, 5, 2],), [3, 11, 5]), (([10, 0],), [21, 1])],
    "filter": [(([1, 2, 3, 4],), [2, 4]), (([7, 9],), []), (([6, 5],), [6])],
    "texts": [((["b c", "a d"],), ["C", "D"]), ((["x y", "u v", "p q"],), ["Y", "V", "Q"])],
    "repeated": [
        (([2, 30, 14],), [30, 30, 30, 14]),
        (([21, 7],), [21, 21]),
        (([3, 10, 40],), [10, 40, 40, 40, 40]),
    ],
    "in turns": [
        (([4, 1],), [1, 1, 4, 1]),
        (([7, 7, 5],), [5, 1, 7, 2]),
        (([9],), [9, 1]),
        (([3, 3, 3, 8, 8],), [3, 3, 8, 2]),
    ],
    "item by item": [(([7, 6, 9],), [16, 12, 16]), (([1, 2],), [3, 3]), (([4],), [8])],
    "empty part": [(([],), [9, 2]), (([5, 6],), [9, 2, 5, 6]), (([1],), [9, 2, 1])],
    "one result": [(([n],), [4, 2]) for n in range(7)],
    "sorted": [(([3, 1, 2],), [3, 2, 1]), (([5, 9],), [9, 5])],
    "rows": [
        (([{"n": "pen", "p": 2.0}, {"n": "cup", "p": 5.0}],), "cup"),
        (([{"n": "hat", "p": 9.0}, {"n": "rug", "p": 4.0}],), "hat"),
        (([{"n": "a", "p": 1.0}, {"n": "b", "p": 3.0}, {"n": "c", "p": 2.0}],), "b"),
    ],
    "totals": [
        (([{"p": 2.0, "c": 3}, {"p": 5.0, "c": 1}],), 11.0),
        (([{"p": 1.5, "c": 2}],), 3.0),
    ],
}


def find(rows: Rows, *, seconds: float = 3.0, **more: object) -> Found | NotFound:
    examples = [Example(inputs=inputs, output=output) for inputs, output in rows]
    settings: dict[str, object] = {"name": "made", "description": "make it", **more}
    return synthesise(examples, seconds=seconds, **settings)  # type: ignore[arg-type]


def run(found: Found | NotFound) -> Callable[..., object]:
    assert isinstance(found, Found), found
    names: dict[str, object] = {}
    exec(found.source, names)
    function = names[found.name]
    assert callable(function)
    return function


def outcome(found: Found | NotFound, value: object) -> object:
    try:
        return run(found)(value)
    except (IndexError, ValueError, AttributeError) as error:  # what it raises counts, too
        return type(error)


@pytest.mark.parametrize(
    "rows", [pytest.param(v, id=k) for k, v in (TEXT | NUMBERS | LISTS).items()]
)
def test_the_source_that_is_found_is_right_on_its_examples(rows: Rows) -> None:
    """The text given out, run by itself, maps each input to its output."""
    found = find(rows)
    function = run(found)
    for inputs, output in rows:
        assert same(function(*inputs), output)
    assert isinstance(found, Found)
    facts = read_source(found.source)
    assert facts.typed and facts.description == "Make it."
    assert 0.0 <= found.confidence <= 1.0 and found.tried > 0


def test_what_is_found_holds_beyond_the_examples() -> None:
    """Of the programs that fit, the cheapest is an ordinary reading of the examples."""
    assert run(find(TEXT["last word"]))("Grace Hopper") == "Hopper"
    assert run(find(LISTS["map"]))([7]) == [15]
    assert run(find(TEXT["date"]))("01/02/2003") == "2003-01-02"


def test_a_condition_becomes_an_early_return() -> None:
    """A split of the examples is an `if` with a return, not a nested expression."""
    rows = [((word,), "number" if word.isdigit() else "word") for word in ("12", "ab", "7", "xyz")]
    found = find(rows)
    assert isinstance(found, Found)
    assert "    if " in found.source and " if " not in found.source.split("return")[1]
    assert run(found)("404") == "number"


def test_a_wrong_guess_on_few_examples_is_mended_with_the_others() -> None:
    """The search starts from a few examples; one that it misses joins them."""
    rows = [
        ((text,), text.count("-")) for text in ("a-", "a-b-", "b-a", "--a-", "a-b-a-b", "b", "-")
    ]
    assert run(find(rows))("x-y--z") == 3


def test_another_program_is_given_when_the_first_is_refused() -> None:
    """It differs from what is to be avoided in what it does, not in its spelling only."""
    rows: Rows = [(("ab cd",), "cd"), (("ef gh",), "gh")]
    first = find(rows)
    assert isinstance(first, Found)
    second = find(rows, avoid=[first.source])
    assert isinstance(second, NotFound) or any(
        outcome(first, text) != outcome(second, text) for text in ("one", "a b c", "ab cd ")
    )


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([], "there are no examples"),
        ([((), 1)], "no inputs"),
        ([((1,), 1), ((1, 2), 3)], "different numbers of inputs"),
        ([((1,), 1), (("a",), 2)], "input 1 are of types"),
        ([((1,), 1), ((2,), "b")], "outputs are of types"),
        ([((1,), None), ((2,), None)], "every output is None"),
        ([((1,), 1), ((2,), 5), ((1,), 2)], "examples 1 and 3 contradict"),
        ([((True,), 1), ((1,), 2)], "input 1 are of types"),
        ([(({1, 2},), 1)], "input 1 are of types"),
    ],
)
def test_examples_that_cannot_be_worked_from_are_refused_with_the_reason(
    rows: Rows, why: str
) -> None:
    """Nothing is searched for; the reason names the example or the input."""
    found = find(rows)
    assert isinstance(found, NotFound)
    assert why in found.why


def test_text_that_would_end_a_docstring_does_no_harm() -> None:
    """Descriptions and examples are data: whatever they hold, the source parses and is right."""
    quotes = '"' * 3
    rows: Rows = [((f"a{quotes}\n\\",), f"{quotes}\n\\"), ((f"b{quotes}'\\",), f"{quotes}'\\")]
    found = find(rows, description=f"end {quotes} \\ here")
    assert run(found)("xyz") == "yz"
    assert run(find([(("x" * 5000,), "x"), (("y" * 5000,), "y")]))("zw") == "z"


def test_a_list_of_the_results_is_no_answer() -> None:
    """Examples without a rule end unsolved, not in a program that repeats them."""
    rows = [(("Ada",), "7Q4-ZX"), (("Grace",), "M02-KD"), (("Alan",), "93R-VB")]
    looks = count()  # at the clock: what is tried does not depend on the machine
    found = find(rows, seconds=3000, timer=lambda: float(next(looks)))
    assert isinstance(found, NotFound)
    assert "tried" in found.why and found.tried > 1000


def test_the_search_ends_when_it_is_told_to() -> None:
    """`stop` is asked in the innermost loop: a long limit does not hold it."""
    asked: list[None] = []

    def stop() -> bool:
        asked.append(None)
        return len(asked) > 20

    found = find([((7,), "Q"), ((8,), "Z"), ((9,), "%$")], seconds=600, stop=stop)
    assert isinstance(found, NotFound)
    assert len(asked) < 40


def test_the_source_needs_no_underscores() -> None:
    """It runs under the policy of the sandbox: no private names, no exec."""
    for rows in (TEXT["date"], LISTS["texts"], NUMBERS["rounded"]):
        found = find(rows)
        assert isinstance(found, Found)
        for node in ast.walk(ast.parse(found.source)):
            name = getattr(node, "attr", "") or getattr(node, "id", "")
            assert not name.startswith("_")
