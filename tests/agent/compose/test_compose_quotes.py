"""Strings as a formatter would write them, in the same program."""

from __future__ import annotations

import ast

import pytest

from habilis.agent.authors.compose.quotes import double_quoted


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("x = 'a' + ''", 'x = "a" + ""'),
        (r"re.sub(r'\d', '\'', x)", r're.sub(r"\d", "' + "'" + r'", x)'),
        ("x = '\"' + '\\\\'", 'x = \'"\' + "\\\\"'),
        ("x = f'{a} é' + f'{b[\"c\"]}'", 'x = f"{a} é" + f\'{b["c"]}\''),
        ("    x = 'a'\n", '    x = "a"\n'),
        ("x = '''a'''", "x = '''a'''"),
    ],
)
def test_quotes_are_doubled_where_that_needs_no_escapes(source: str, written: str) -> None:
    """The value stays what it was."""
    assert double_quoted(source) == written
    one, other = (
        ast.dump(ast.parse(f"if True:\n    {text.strip()}")) for text in (source, written)
    )
    assert one == other


def test_what_cannot_be_read_stays() -> None:
    """A formatter is no place for errors."""
    assert double_quoted("x = ('a'") == "x = ('a'"
