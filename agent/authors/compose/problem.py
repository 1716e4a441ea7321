"""What is asked of a search: typed columns of inputs and the outputs they should give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from habilis.agent.authors.compose.terms import Component, Constant, Values
from habilis.agent.authors.compose.types import (
    MAX_SLOW,
    Type,
    all_within_limits,
    freeze,
    text_of_value,
    type_of,
)
from habilis.agent.example import Example
from habilis.skills.compare import show

_SPARE = 6  # each makes every program dearer to try


class Unreadable(ValueError):
    """The examples cannot be worked from; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """`rows[i]` holds the inputs of example i as frozen values, one per parameter.

    `spare` rows have no outputs: what a program does on them is evidence all the same.
    `has_long`: a program may meet texts, here or elsewhere, too long for slow patterns.
    """

    names: tuple[str, ...]
    types: tuple[Type, ...]
    returns: Type
    rows: tuple[Values, ...]
    outputs: Values
    spare: tuple[Values, ...] = ()
    has_long: bool = False

    @property
    def width(self) -> int:
        """The number of rows, spare ones included: as many values has each term."""
        return len(self.rows) + len(self.spare)

    @property
    def columns(self) -> tuple[Values, ...]:
        return tuple(zip(*self.rows, *self.spare, strict=True))

    def only(self, chosen: Sequence[int]) -> Problem:
        """Return the same problem with some of its examples."""
        return replace(
            self,
            rows=tuple(self.rows[i] for i in chosen),
            outputs=tuple(self.outputs[i] for i in chosen),
        )


@dataclass(frozen=True, kw_only=True)
class Toolbox:
    """What programs may be made of."""

    components: tuple[Component, ...]
    constants: tuple[Constant, ...]


def input_types(examples: Sequence[Example]) -> list[Type]:
    """Return the type of each input.

    Raises:
        Unreadable: no examples, no inputs, or inputs that differ in number or mix types.
    """
    if not examples:
        raise Unreadable("there are no examples")
    counts = sorted({len(example.inputs) for example in examples})
    if len(counts) > 1:
        raise Unreadable(f"the examples have different numbers of inputs: {counts}")
    if counts == [0]:
        raise Unreadable("the examples have no inputs")
    types: list[Type] = []
    rows = [tuple(map(freeze, example.inputs)) for example in examples]
    for position, column in enumerate(zip(*rows, strict=True), 1):
        type_ = type_of(column)
        if type_ is None:
            raise Unreadable(f"the values of input {position} are of types that do not go together")
        types.append("str" if type_ == "None" else type_)
    return types


def read_problem(examples: Sequence[Example], names: Sequence[str]) -> Problem:
    """Return the problem that the examples state; `names` has one name per input.

    Raises:
        Unreadable: as `input_types`, or the outputs mix types, or examples contradict.
    """
    types = input_types(examples)
    rows = tuple(tuple(map(freeze, example.inputs)) for example in examples)
    outputs = tuple(freeze(example.output) for example in examples)
    returns = type_of(outputs)
    if returns is None:
        raise Unreadable("the outputs are of types that do not go together")
    if returns == "None":
        raise Unreadable("every output is None")
    _check_agreement(rows, outputs)
    return Problem(
        names=tuple(names), types=tuple(types), returns=returns, rows=rows, outputs=outputs
    )


def _check_agreement(rows: Sequence[Values], outputs: Values) -> None:
    seen: dict[str, int] = {}
    for position, row in enumerate(rows):
        first = seen.setdefault(text_of_value(row), position)
        if text_of_value(outputs[first]) != text_of_value(outputs[position]):
            raise Unreadable(
                f"examples {first + 1} and {position + 1} contradict each other: "
                f"the same inputs give {show(outputs[first], 80)} and {show(outputs[position], 80)}"
            )


def with_spare(problem: Problem, others: Sequence[Values]) -> Problem:
    """Return a problem with a few of the inputs that have no outputs: evenly spread ones."""
    small = filter(all_within_limits, others)  # large ones are left for judging answers
    fitting = [row for row in small if _fits(row, problem)]
    step = max(1, len(fitting) // _SPARE)
    spare = fitting[::step][:_SPARE]
    if not any(map(_is_foreign, [*problem.rows, *spare])):
        spare[-1:] = [next(filter(_is_foreign, fitting), *spare[-1:])] if spare else []
    has_long = any(map(_is_long, [*problem.rows, *others]))
    return replace(problem, spare=tuple(spare), has_long=has_long)


def _is_long(value: object) -> bool:
    if isinstance(value, str):
        return len(value) > MAX_SLOW
    return isinstance(value, tuple) and any(map(_is_long, value))


def _is_foreign(row: Values) -> bool:
    """Tell whether there are letters that are none of English: rules for those are others."""
    texts = [value for value in row if isinstance(value, str) and not value.isascii()]
    return any(letter.isalpha() for text in texts for letter in text if letter > "\x7f")


def _fits(row: Values, problem: Problem) -> bool:
    if len(row) != len(problem.types):
        return False
    return all(
        type_of((*column, value)) == type_
        for column, value, type_ in zip(
            zip(*problem.rows, strict=True), row, problem.types, strict=True
        )
    )
