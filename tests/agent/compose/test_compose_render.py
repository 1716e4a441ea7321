from __future__ import annotations

import ast

import pytest

from habilis.agent.authors.compose.render import identifier, parameter_names, sentence
from habilis.agent.authors.compose.table import component
from habilis.agent.authors.compose.terms import ERROR
from habilis.agent.authors.compose.tidy import text_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("surname", "surname"),
        ("Total (net), 2024", "total_net_2024"),
        ("2nd word", "nd_word"),
        ("class", "get_class"),
        ("sum", "get_sum"),
        ("__init__", "init"),
        ("žluťoučký", "lu_ou_k"),
        ("***", "made_from_examples"),
    ],
)
def test_a_name_is_a_safe_identifier(text: str, expected: str) -> None:
    """Keywords, builtins and leading underscores would break or shadow what the code needs."""
    assert identifier(text) == expected
    assert identifier(text, taken=[expected]) == f"{expected}_2"


def test_parameters_are_named_by_type_or_as_asked() -> None:
    """Names given are kept where they are safe; others say what they hold."""
    assert parameter_names(["str"], None) == ("text",)
    assert parameter_names(["str", "str"], None) == ("first", "second")
    assert parameter_names(["list[dict]", "float"], None) == ("rows", "number")
    assert parameter_names(["str", "int"], ["line", "list"]) == ("line", "the_list")
    assert parameter_names(["str", "str"], ["a", "a"]) == ("a", "a_2")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("give the surname", "Give the surname."),
        ("Sort.\nThen cut.", "Sort."),
        ('Say """hello"""!', "Say hello."),
        ("C:\\new `x`", "C: new x."),
        ("", "Made from examples."),
        ("Größe in Metern?", "Größe in Metern."),
    ],
)
def test_a_description_becomes_one_safe_sentence(text: str, expected: str) -> None:
    """It stands in a docstring: one line, no quotes or backslashes, a period."""
    assert sentence(text) == expected


def test_a_long_description_is_cut_at_a_word() -> None:
    """The first line of a docstring has at most 100 characters."""
    cut = sentence("word " * 40)
    assert len(cut) <= 100 and cut.endswith("word...")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("not x % 2 == 0", "x % 2 != 0"),
        ("2 == len(xs)", "len(xs) == 2"),
        ("xs[3 + 1:]", "xs[4:]"),
        ("sum([x for x in xs])", "sum(x for x in xs)"),
        ("[x * 2 for x in [x for x in xs if x > 0]]", "[x * 2 for x in xs if x > 0]"),
        ("[x for x in [y for y in xs]]", "[x for x in [y for y in xs]]"),
        ("re.sub('\\\\d', '', s)", "re.sub(r'\\d', '', s)"),
    ],
)
def test_expressions_are_written_as_a_person_would(written: str, expected: str) -> None:
    """The tidied text means the same."""
    assert text_of(ast.parse(written, mode="eval").body) == expected


def test_a_component_runs_what_it_writes() -> None:
    """There is one expression: a guard keeps it to where it makes sense."""
    split = component(
        "text.split(sep)",
        cost=1,
        holes={"text": "str", "sep": "separator"},
        returns="list[str]",
        guard="sep in text",
    )
    assert split.function("a-b", "-") == ("a", "b")
    assert split.function("ab", "-") is ERROR
