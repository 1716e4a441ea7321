"""Components written as lines of a table, and the names their expressions may use.

    2  text: str, sep: separator -> list[str] = text.split(sep)   when sep in text

is the cost, the typed holes, the type of the result, the expression and, optionally,
when it makes sense. `2<4` gives a cost of 2 and arguments that cost at most 4 each.
The expression is both what runs in the search and what is written in the program, so
the two cannot differ; in the search, lists are tuples and are made tuples again.
"""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from functools import cache, reduce
from itertools import accumulate, dropwhile, groupby, takewhile

from habilis.agent.authors.compose.dates import Dates
from habilis.agent.authors.compose.idioms import IDIOMS
from habilis.agent.authors.compose.terms import ERROR, Component, Rule
from habilis.agent.authors.compose.types import Type, freeze, item_type

_LINE = re.compile(
    r"(?P<cost>\d+)(?:<(?P<limit>\d+))?\s+(?P<holes>.*?)\s*->\s*(?P<returns>\S+)\s*="
    r"\s*(?P<expression>.*?)(?:\s+when\s+(?P<guard>.*))?"
)


def namespace() -> dict[str, object]:
    """Return the names that expressions may use, besides Python's own functions."""
    return {
        "re": re,
        "math": math,
        "Counter": Counter,
        "datetime": _DATES,
        "timedelta": timedelta,
        "reduce": reduce,
        "accumulate": accumulate,
        "groupby": groupby,
        "takewhile": takewhile,
        "dropwhile": dropwhile,
        "Decimal": Decimal,
        "ROUND_CEILING": ROUND_CEILING,
        "ROUND_FLOOR": ROUND_FLOOR,
        "ROUND_HALF_UP": ROUND_HALF_UP,
        **IDIOMS,
        "_parse_date": _DATES.parse,
        "ERROR_": ERROR,
        "freeze_": freeze,
    }


_DATES = Dates()

# Where the names of `namespace` come from in a program.
MODULES: Mapping[str, str] = {
    "re": "import re",
    "math": "import math",
    "Counter": "from collections import Counter",
    "datetime": "from datetime import datetime",
    "timedelta": "from datetime import timedelta",
    "reduce": "from functools import reduce",
    "accumulate": "from itertools import accumulate",
    "groupby": "from itertools import groupby",
    "takewhile": "from itertools import takewhile",
    "dropwhile": "from itertools import dropwhile",
    "Decimal": "from decimal import Decimal",
    "ROUND_CEILING": "from decimal import ROUND_CEILING",
    "ROUND_FLOOR": "from decimal import ROUND_FLOOR",
    "ROUND_HALF_UP": "from decimal import ROUND_HALF_UP",
}


@cache
def read_table(table: str, item: Type = "") -> tuple[Component, ...]:
    """Return the components of a table; a type `T` in it stands for `item`."""
    lines = [line.strip() for line in table.splitlines()]
    return tuple(_read_line(line, item) for line in lines if line and not line.startswith("#"))


def _read_line(line: str, item: Type) -> Component:
    found = _LINE.fullmatch(line)
    if not found:
        raise ValueError(f"not a component: {line!r}")
    holes = [hole.split(": ") for hole in found["holes"].split(", ")]
    return component(
        found["expression"],
        cost=int(found["cost"]),
        holes={name: _fill(type_, item) for name, type_ in holes},
        returns=_fill(found["returns"], item),
        guard=found["guard"] or "",
        limit=int(found["limit"] or 99),
    )


def _fill(type_: str, item: Type) -> Type:
    return re.sub(r"\bT\b", item, type_) if item else type_


def component(
    expression: str,
    *,
    cost: int,
    holes: Mapping[str, Type],
    returns: Type,
    guard: str = "",
    limit: int = 99,
) -> Component:
    """Return a component whose function is its own expression."""
    running = expression
    if returns == "dict" or item_type(item_type(returns) or ""):
        running = f"freeze_({expression})"
    elif item_type(returns):
        running = f"tuple({expression})"
    if guard:
        running = f"({running}) if ({guard}) else ERROR_"
    return Component(
        cost=cost,
        names=tuple(holes),
        arguments=tuple(holes.values()),
        returns=returns,
        template=ast.parse(expression, mode="eval").body,
        function=_function(tuple(holes), running),
        argument_limit=limit,
        symmetric=_is_symmetric(expression, tuple(holes), set(holes.values())),
    )


def _is_symmetric(expression: str, names: tuple[str, ...], types: set[Type]) -> bool:
    if len(names) != 2 or not types <= {"int", "float", "bool", "decimal"} or len(types) > 1:
        return False
    left, right = names
    pair = f"{left}, {right}"
    signs = (f"{left} {sign} {right}" for sign in ("+", "*", "==", "and", "or", "^"))
    return expression in {*signs, f"max({pair})", f"min({pair})", f"math.gcd({pair})"}


@cache
def rule(body: str, names: tuple[str, ...] = ("x",)) -> Rule:
    """Return a function for the components that take one; its parameters are `names`."""
    tree = ast.parse(body, mode="eval").body
    return Rule(names=names, body=tree, function=_function(names, body))


def rules(
    table: Mapping[int, Sequence[str]], names: tuple[str, ...] = ("x",)
) -> dict[int, list[Rule]]:
    """Return a table from costs to bodies as one from costs to rules."""
    return {cost: [rule(body, names) for body in bodies] for cost, bodies in table.items()}


def _function(names: tuple[str, ...], expression: str) -> Callable[..., object]:
    source = f"lambda {', '.join(names)}: {expression}"
    made: Callable[..., object] = eval(source, namespace())  # noqa: S307 - our own tables only
    return made
