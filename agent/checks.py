"""How an answer is judged. Checks run on the host and are never shown to the author."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from habilis.agent.example import Example, as_examples
from habilis.errors import TaskError
from habilis.skills.compare import same, same_as_written, show

if TYPE_CHECKING:
    from habilis.skills.outcome import Outcome


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a check says. `detail` is for people and logs, never for the author."""

    passed: bool
    detail: str = ""


class CallAnswer(Protocol):
    """Call the function that was given as the answer, in the worker, on each argument tuple."""

    def __call__(self, arguments: Sequence[tuple[object, ...]]) -> Sequence[Outcome]: ...


@runtime_checkable
class Check(Protocol):
    """Judges one answer: a value, or a function reached through `call` (else None)."""

    def judge(self, answer: object, call: CallAnswer | None) -> Verdict: ...


@dataclass(frozen=True)
class Expected:
    """The answer equals `value`; a float covers what rounds to it, so 33.33 covers 33.333."""

    value: object

    def judge(self, answer: object, call: CallAnswer | None) -> Verdict:
        passed = same_as_written(answer, self.value)
        return Verdict(
            passed=passed, detail="" if passed else f"{show(answer)} is not {show(self.value)}"
        )


@dataclass(frozen=True)
class KeptBack:
    """The answer is a function that is right on examples the author has not seen."""

    examples: Sequence[Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "examples", as_examples(self.examples))

    def judge(self, answer: object, call: CallAnswer | None) -> Verdict:
        if call is None:
            return Verdict(passed=False, detail=f"{show(answer)} is not a function")
        return judge_examples(self.examples, call)


@dataclass(frozen=True)
class Schema:
    """The answer fits `type`: anything pydantic can validate, without coercing."""

    type: Any

    def judge(self, answer: object, call: CallAnswer | None) -> Verdict:
        from pydantic import TypeAdapter, ValidationError

        try:
            TypeAdapter(self.type).validate_python(answer, strict=True)
        except ValidationError as error:
            return Verdict(passed=False, detail=error.errors(include_url=False)[0]["msg"])
        return Verdict(passed=True)


@dataclass(frozen=True)
class Satisfies:
    """`predicate(answer)` is true. An exception it raises is a failed check."""

    predicate: Callable[[object], object]

    def judge(self, answer: object, call: CallAnswer | None) -> Verdict:
        name = getattr(self.predicate, "__name__", "predicate")
        try:
            passed = bool(self.predicate(answer))
        except Exception as error:  # noqa: BLE001 - the user's own code may raise anything
            return Verdict(passed=False, detail=f"{name} raised {error!r}")
        return Verdict(passed=passed, detail="" if passed else f"{name}({show(answer)}) is false")


def as_checks(checks: Any) -> tuple[Check, ...]:
    """Read one check or several; a plain function is a predicate of the answer.

    Raises:
        TaskError: something else was given; says what a check is.
    """
    several = checks if isinstance(checks, list | tuple) else [checks]
    return tuple(map(_as_check, several))


def _as_check(check: Any) -> Check:
    if isinstance(check, Check) and not isinstance(check, type):
        return check
    if callable(check) and not isinstance(check, type):
        return Satisfies(check)
    raise TaskError(
        f"{show(check, 80)} is no check: write Expected(value), KeptBack(examples), "
        "Schema(type), or a function of the answer that returns True or False"
    )


def judge_examples(examples: Sequence[Example], call: CallAnswer) -> Verdict:
    """Run a function on examples and compare on the host; the first miss is named."""
    outcomes = call([example.inputs for example in examples])
    wrong = [
        f"{show(example.inputs)} gave {show(outcome.value) if outcome.ok else outcome.error}, "
        f"not {show(example.output)}"
        for example, outcome in zip(examples, outcomes, strict=True)
        if not outcome.ok or not same(outcome.value, example.output)
    ]
    detail = f"{len(examples) - len(wrong)} of {len(examples)} right"
    return Verdict(passed=not wrong, detail=f"{detail}: {wrong[0]}" if wrong else detail)
