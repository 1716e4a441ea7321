"""Programs as trees: variables, constants, applied components, and what the closings build.

Terms are not frozen dataclasses: hundreds of thousands are made in a second.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from habilis.agent.authors.compose.types import Type


class _Error:
    """Stands for the value of a term that raised on an example."""

    def __repr__(self) -> str:
        return "ERROR"


ERROR = _Error()
Values = tuple[object, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Component:
    """A typed expression with holes: `template` over `names`, one hole per argument.

    `function` computes on frozen values. `skill` is the name of the saved skill that a
    component stands for; then `function` is unused and values come from the jail.
    Arguments that cost more than `argument_limit` are not tried.
    """

    cost: int
    names: tuple[str, ...]
    arguments: tuple[Type, ...]
    returns: Type
    template: ast.expr
    function: Callable[..., object]
    argument_limit: int = 99
    symmetric: bool = False  # its two arguments may change places
    skill: str = ""
    maps: bool = False  # the skill is called on each item of a list


@dataclass(frozen=True)
class Rule:
    """A small function of `names`, given by its body; a constant for `map`, `filter`."""

    names: tuple[str, ...]
    body: ast.expr
    function: Callable[..., object]


class Term:
    """A program with its values on the examples. `partial`: it raises on some of them."""

    __slots__ = ("cost", "partial", "type", "values")

    def __init__(
        self, cost: float, type_: Type, values: Values = (), *, partial: bool = False
    ) -> None:
        self.cost, self.type, self.values, self.partial = cost, type_, values, partial

    def children(self) -> tuple[Term, ...]:
        return ()


class Variable(Term):
    __slots__ = ("name",)

    def __init__(self, name: str, type_: Type, values: Values, *, cost: float = 1) -> None:
        super().__init__(cost, type_, values, partial=False)
        self.name = name


class Constant(Term):
    """`value` is what is written; the values on the examples are the same everywhere."""

    __slots__ = ("value",)

    def __init__(self, value: object, type_: Type, *, cost: float, rows: int = 0) -> None:
        running = value.function if isinstance(value, Rule) else value
        super().__init__(cost, type_, (running,) * rows)
        self.value = value


def listed(table: Mapping[int, Sequence[object]], type_: Type, *, rows: int) -> list[Constant]:
    """Return the constants of a table from costs to values."""
    return [
        Constant(value, type_, cost=cost, rows=rows)
        for cost, values in table.items()
        for value in values
    ]


class Apply(Term):
    __slots__ = ("arguments", "component")

    def __init__(
        self,
        component: Component,
        arguments: tuple[Term, ...],
        values: Values,
        *,
        cost: float,
        partial: bool,
    ) -> None:
        super().__init__(cost, component.returns, values, partial=partial)
        self.component, self.arguments = component, arguments

    def children(self) -> tuple[Term, ...]:
        return self.arguments


class Concat(Term):
    """Parts one after the other: texts, or lists with single items between them."""

    __slots__ = ("parts",)

    def __init__(self, parts: tuple[Term, ...], type_: Type, *, cost: float) -> None:
        super().__init__(cost, type_)
        self.parts = parts

    def children(self) -> tuple[Term, ...]:
        return self.parts


class Choice(Term):
    __slots__ = ("otherwise", "test", "then")

    def __init__(self, test: Term, then: Term, otherwise: Term, *, cost: float) -> None:
        super().__init__(cost, then.type)
        self.test, self.then, self.otherwise = test, then, otherwise

    def children(self) -> tuple[Term, ...]:
        return (self.test, self.then, self.otherwise)


class Way(Enum):
    """What a comprehension does with its items."""

    MAP = "[body for item in source]"
    KEEP = "[item for item in source if body]"
    REPEAT = "[item for item in source for turn in range(body)]"
    SPREAD = "[each for item in source for each in body]"


class Comprehension(Term):
    """`body` for each item of `source`.

    `index` is the name of the counting variable, empty when there is none. `outer` says
    which terms of the task the other names of the body stand for.
    """

    __slots__ = ("body", "index", "item", "outer", "source", "way")

    def __init__(
        self,
        source: Term,
        body: Term,
        type_: Type,
        *,
        item: str,
        index: str,
        way: Way,
        outer: tuple[tuple[str, Term], ...],
        cost: float,
    ) -> None:
        super().__init__(cost, type_)
        self.source, self.body, self.item, self.index = source, body, item, index
        self.way = way
        used = {part.name for part in walk(body) if isinstance(part, Variable)}
        self.outer = tuple((name, term) for name, term in outer if name in used)

    def children(self) -> tuple[Term, ...]:
        return (self.source, self.body, *(term for _, term in self.outer))


def walk(term: Term) -> Iterator[Term]:
    """Yield a term and everything inside it, children first, a shared part once a use."""
    for child in term.children():
        yield from walk(child)
    yield term
