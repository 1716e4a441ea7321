"""What is asked of a search: typed columns of inputs and the outputs they should give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from habilis.agent.authors.compose.terms import Component, Constant, Values
from habilis.agent.authors.compose.types import Type, freeze, type_of
from habilis.agent.task import Example


class Unreadable(ValueError):
    """The examples cannot be worked from; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """`rows[i]` holds the inputs of example i as frozen values, one per parameter."""

    names: tuple[str, ...]
    types: tuple[Type, ...]
    returns: Type
    rows: tuple[Values, ...]
    outputs: Values

    @property
    def columns(self) -> tuple[Values, ...]:
        return tuple(zip(*self.rows, strict=True))

    def only(self, chosen: Sequence[int]) -> Problem:
        """Return the same problem with some of its examples."""
        return Problem(
            names=self.names,
            types=self.types,
            returns=self.returns,
            rows=tuple(self.rows[i] for i in chosen),
            outputs=tuple(self.outputs[i] for i in chosen),
        )


@dataclass(frozen=True, kw_only=True)
class Toolbox:
    """What programs may be made of."""

    components: tuple[Component, ...]
    constants: tuple[Constant, ...]


def read_problem(examples: Sequence[Example], names: Sequence[str]) -> Problem:
    """Return the problem that the examples state; `names` has one name per input.

    Raises:
        Unreadable: they differ in length, mix types, or contradict each other.
    """
    rows = [tuple(map(freeze, example.inputs)) for example in examples]
    outputs = tuple(freeze(example.output) for example in examples)
    returns = type_of(outputs)
    if returns is None:
        raise Unreadable("the outputs are of types that do not go together")
    if returns == "None":
        raise Unreadable("every output is None")
    columns = list(zip(*rows, strict=True))
    types = [type_of(column) for column in columns]
    for position, type_ in enumerate(types, 1):
        if type_ is None:
            raise Unreadable(f"the values of input {position} are of types that do not go together")
    _check_agreement(rows, outputs)
    return Problem(
        names=tuple(names),
        types=tuple("str" if type_ in {None, "None"} else str(type_) for type_ in types),
        returns=returns,
        rows=tuple(rows),
        outputs=outputs,
    )


def count_inputs(examples: Sequence[Example]) -> int:
    """Return how many inputs each example has.

    Raises:
        Unreadable: there are no examples or no inputs, or the examples differ.
    """
    if not examples:
        raise Unreadable("there are no examples")
    counts = {len(example.inputs) for example in examples}
    if len(counts) > 1:
        raise Unreadable(f"the examples have different numbers of inputs: {sorted(counts)}")
    if counts == {0}:
        raise Unreadable("the examples have no inputs")
    return counts.pop()


def _check_agreement(rows: Sequence[Values], outputs: Values) -> None:
    seen: dict[str, int] = {}
    for position, row in enumerate(rows):
        first = seen.setdefault(repr(row), position)
        if repr(outputs[first]) != repr(outputs[position]):
            raise Unreadable(
                f"examples {first + 1} and {position + 1} contradict each other: "
                f"the same inputs give {outputs[first]!r} and {outputs[position]!r}"
            )
