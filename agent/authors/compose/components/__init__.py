"""What programs are made of, chosen by the types and the text of a problem."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from habilis.agent.authors.compose.components import dates, lists, numbers, rows, strings
from habilis.agent.authors.compose.costs import domain, priced, priced_constants
from habilis.agent.authors.compose.problem import Problem, Toolbox
from habilis.agent.authors.compose.terms import Component, Constant
from habilis.agent.authors.compose.types import Row, Type, ends


def choose(problem: Problem, skills: Sequence[Component] = (), *, inside: bool = False) -> Toolbox:
    """Return the components and constants for a problem; saved skills come last.

    `inside` a map or a filter, lists are looked at and rarely changed.
    """
    table = rows.rows_in(problem.columns)
    types = _types(problem, table, skills)
    inputs = [text for column in problem.columns for text in _texts(column)]
    outputs = list(_texts(problem.outputs))
    count = problem.width
    digits = any(re.search(r"\d", text) for text in inputs)
    number_out = problem.returns in {"int", "float"} or any(re.search(r"\d", t) for t in outputs)
    text_numbers = digits and number_out
    found: list[Component] = []
    made: list[Constant] = []
    if "str" in types or "list[str]" in types:
        found += strings.components(types, problem.columns)
        made += strings.constants(inputs, outputs, rows=count, slow=not problem.has_long)
        styles = dates.constants(inputs, outputs, rows=count)
        if styles:
            found += dates.components(types)
            made += styles
    grouped = any("," in text for text in outputs)
    found += numbers.components(types, text_numbers=text_numbers, few=inside, grouped=grouped)
    made += numbers.constants(problem, types, text_numbers=text_numbers)
    if any("list" in type_ for type_ in types):
        found += lists.components(types, few=inside)
        made += [] if inside else lists.constants(types, rows=count)
    if table:
        found += rows.components(table)
        made += rows.constants(table, problem.outputs, count=count)
    if problem.returns == "bool":
        made += [Constant(value, "bool", cost=2, rows=count) for value in (True, False)]
    kind = domain(types)
    parts = priced(list(dict.fromkeys(found)), kind)
    return Toolbox(components=(*parts, *skills), constants=tuple(priced_constants(made, kind)))


def _types(problem: Problem, table: Sequence[Row], skills: Sequence[Component]) -> list[Type]:
    """Return the types in play, the output's last."""
    inside = rows.types_inside(table)
    fields = [type_.removeprefix("list[").removesuffix("]") for type_ in inside]
    if "dict" in problem.types:
        inside = [] if "list[dict]" not in problem.types else inside
    else:
        fields = []
    given = [returns for skill in skills if (returns := skill.returns) != "dict"]
    return [*problem.types, *inside, *fields, *dict.fromkeys(given), problem.returns]


def _texts(values: Sequence[object]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield ends(value)
        elif isinstance(value, Row):
            yield from _texts(list(value.values()))
        elif isinstance(value, tuple):
            yield from _texts(value[:8])
