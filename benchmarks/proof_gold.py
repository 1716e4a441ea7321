"""Gold tools as drafts: typed and documented as the author is told to, with cases of their own.

A tool's first case calls it with the numbers of the question it was written for, placed so
that it gives the stated answer where some placing does; its other cases change those
numbers, answered by the tool itself. A tool works when it loads in a worker and gives a
plain value there. Annotations are added from the values of the first case, docstrings from
the tool's name, because half of the tools lack them and the form check asks for them.
"""

from __future__ import annotations

import ast
import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final

from habilis.skills.compare import same, same_as_written
from habilis.skills.outcome import Outcome, OutcomeKind
from habilis.skills.proof.evidence import Call
from habilis.skills.sandbox.client import Limits, Worker
from habilis.skills.skill import Case, CaseOrigin, Provenance, Skill, read_source

_FENCE = re.compile(r"```(?:python)?\n(.*?)```", re.S)
_NUMBER = re.compile(r"(-?\$?\d[\d,]*(?:\.\d+)?)\s*(%|percent)?")
_LIST = re.compile(r"[\[(]\s*(-?\d[^\])]*)[\])]")
_PLACINGS: Final = 240
_BATCH: Final = 24
_SCAN: Final = 12  # changed values of each argument
_LIMITS: Final = Limits(action_s=1.0)


@dataclass(frozen=True, kw_only=True)
class Gold:
    """A working tool, and whether its first case gives the answer of its question."""

    draft: Skill
    answers: bool
    fault: str  # why it is no working function of its parameters, empty if it is one


def gold_drafts(rows: Sequence[Mapping[str, Any]]) -> Iterator[Gold]:
    """Yield the tools that work, as drafts with three cases each."""
    for row in rows:
        found = _FENCE.search(str(row["gold_tool"]))
        gold = _gold(row, found[1]) if found else None
        if gold is not None:
            yield gold


def truth(draft: Skill, calls: Sequence[Call]) -> list[Outcome]:
    """Return what a tool gives on calls, in a worker of its own."""
    with Worker(load_skill=lambda _: [(draft.name, draft.source)], limits=_LIMITS) as worker:
        return worker.call(
            draft.name,
            [call.arguments for call in calls],
            keywords=[call.keywords for call in calls],
        )


def changed(call: Call, random: Random) -> Call:
    """Return a call with its numbers changed, as another question of its kind would."""
    return Call(
        arguments=tuple(_scaled(value, random) for value in call.arguments),
        keywords={name: _scaled(value, random) for name, value in call.keywords.items()},
    )


def _gold(row: Mapping[str, Any], code: str) -> Gold | None:
    try:
        function = next(n for n in ast.parse(code).body if isinstance(n, ast.FunctionDef))
    except (SyntaxError, StopIteration):
        return None
    placings = list(itertools.islice(_placings(str(row["question"]), function), _PLACINGS))
    seen = _plain(code, function.name, placings, row["answer"])
    right = [call for call, outcome in seen if same_as_written(outcome.value, row["answer"])]
    if not seen:
        return None
    first = right[0] if right else seen[0][0]
    draft = dressed(code, function.name, first, seen[0][1].value, task=str(row["question"]))
    cases = _cases(draft, first, Random(str(row["id"])))
    if len(cases) < 2:
        return None
    draft = replace(draft, cases=tuple(cases))
    return Gold(draft=draft, answers=bool(right), fault=_fault(draft))


def _plain(
    code: str, name: str, calls: Sequence[Call], answer: object
) -> list[tuple[Call, Outcome]]:
    """Call until one gives the answer; return the calls that gave plain data."""
    found: list[tuple[Call, Outcome]] = []
    with Worker(limits=_LIMITS) as worker:
        if not worker.run(code).ok:
            return []
        for start in range(0, len(calls), _BATCH):
            part = calls[start : start + _BATCH]
            outcomes = worker.call(name, [call.arguments for call in part], timeout_s=0.2)
            pairs = zip(part, outcomes, strict=True)
            found += [(call, o) for call, o in pairs if o.ok and _is_plain(o.value)]
            hung = sum(o.kind is OutcomeKind.TIMED_OUT for o in outcomes)
            if hung > 2 or any(same_as_written(o.value, answer) for _, o in found):
                break
    return found


def _is_plain(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, bool | int | str)


def _placings(question: str, function: ast.FunctionDef) -> Iterator[Call]:
    """Yield ways to give the question's numbers to the parameters, likelier ones first."""
    numbers, lists = _numbers(question), _lists(question)
    texts = [n.value for n in ast.walk(function) if isinstance(n, ast.Constant)]
    texts = [text for text in texts[1:] if isinstance(text, str) and 0 < len(text) < 30]
    named = _compared_with_text(function)
    required = function.args.args[: len(function.args.args) - len(function.args.defaults)]
    for places in dict.fromkeys((len(function.args.args), len(required))):
        choices = [
            texts or ["a"] if each.arg in named else _choices(each, numbers, lists, texts)
            for each in function.args.args[:places]
        ]
        for start in range(max(1, len(numbers))):
            window = iter(numbers[start:] + numbers[:start])
            yield Call(arguments=tuple(_next(window, each) for each in choices))
        random = Random(question)
        for _ in range(_PLACINGS // 3 if all(choices) else 0):
            yield Call(arguments=tuple(random.choice(each) for each in choices))


def _compared_with_text(function: ast.FunctionDef) -> set[str]:
    found = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.Name):
            right = node.comparators[0]
            if isinstance(right, ast.Constant) and isinstance(right.value, str):
                found.add(node.left.id)
    return found


def _next(window: Iterator[object], choices: Sequence[object]) -> object:
    if choices and not isinstance(choices[0], int | float):
        return choices[0]
    return next(window, 1)


def _choices(
    parameter: ast.arg, numbers: list[Any], lists: list[Any], texts: list[Any]
) -> list[Any]:
    told = f"{ast.unparse(parameter.annotation) if parameter.annotation else ''}"
    hint = f"{told} {parameter.arg}".lower()
    if re.search(r"\bstr\b", told.lower()):
        return texts or ["a"]
    if re.search(r"list|array|tuple|sequence|nums|numbers|values|data|lst|arr|matrix|\ws$", hint):
        if re.search(r"int|float", told) and not re.search(r"list|tuple|sequence", told.lower()):
            return numbers or [1]
        return [*lists, numbers, *([] if told else numbers)]
    return numbers if told else [*numbers, *lists, *texts]


def _numbers(question: str) -> list[int | float]:
    found: list[int | float] = []
    for text, percent in _NUMBER.findall(question):
        digits = text.replace(",", "").replace("$", "")
        try:
            value = float(digits) if "." in digits else int(digits)
        except ValueError:
            continue
        found += [value, value / 100] if percent else [value]
    return found


def _lists(question: str) -> list[list[int | float]]:
    return [_numbers(text) for text in _LIST.findall(question)]


def dressed(code: str, name: str, call: Call, value: object, *, task: str) -> Skill:
    """Return a draft of this code, with the annotations and the docstring it lacks."""
    tree = ast.parse(code)
    function = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name)
    for place, argument in enumerate(function.args.args):
        if argument.annotation is None:
            given = call.arguments[place] if place < len(call.arguments) else None
            argument.annotation = _annotation(given)
    function.returns = function.returns or _annotation(value)
    if ast.get_docstring(function) is None:
        said = ast.Constant(value=f"Return the {name.replace('_', ' ')}.")
        function.body.insert(0, ast.Expr(value=said))
    source = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
    facts = read_source(source)
    return Skill(
        name=facts.name,
        source=source,
        signature=facts.signature,
        description=facts.description,
        provenance=Provenance(task=task, author="benchmark", made_at=0.0),
    )


def _annotation(value: object) -> ast.expr:
    if isinstance(value, list | tuple):
        inner = _annotation(value[0] if value else 0.0)
        return ast.Subscript(value=ast.Name("list"), slice=inner)
    return ast.Name("object" if value is None else type(value).__name__)


def _cases(draft: Skill, first: Call, random: Random) -> list[Case]:
    calls = [first, *(changed(first, random) for _ in range(8))]
    outcomes = truth(draft, calls)
    good = [(c, o) for c, o in zip(calls, outcomes, strict=True) if o.ok and _is_plain(o.value)]
    return [
        Case(
            arguments=call.arguments,
            keywords=call.keywords,
            expected=outcome.value,
            origin=CaseOrigin.USER if number == 0 else CaseOrigin.KEPT_BACK,
        )
        for number, (call, outcome) in enumerate(good[:3])
    ]


def _fault(draft: Skill) -> str:
    """Tell why a tool is no function of its parameters: found by calling it, not by a proof."""
    random = Random(draft.name)
    first = draft.cases[0]
    if not first.arguments:
        return "takes no argument"
    bases = [Call(arguments=case.arguments) for case in draft.cases]
    spread = [
        replace(
            base,
            arguments=tuple(
                _scaled(value, random) if place == changing else value
                for place, value in enumerate(base.arguments)
            ),
        )
        for changing in range(len(first.arguments))
        for base in bases
        for _ in range(_SCAN)
    ]
    once, twice = truth(draft, spread), truth(draft, spread)
    if not all(same(one.value, two.value) for one, two in zip(once, twice, strict=True)):
        return "draws random numbers"
    size = len(bases) * _SCAN
    for place, value in enumerate(first.arguments):
        seen = once[place * size : (place + 1) * size]
        blocks = [seen[start : start + _SCAN] for start in range(0, size, _SCAN)]
        if not isinstance(value, str) and all(_one_value(block) for block in blocks):
            return "ignores an argument"
    return ""


def _one_value(outcomes: Sequence[Outcome]) -> bool:
    values = [outcome.value for outcome in outcomes if outcome.ok]
    return all(same(value, values[0], rel_tol=1e-6) for value in values)


def _scaled(value: object, random: Random) -> object:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return (
            max(1, value + random.randint(-3, 9))
            if abs(value) < 50
            else value + random.randint(1, value)
        )
    if isinstance(value, float):
        return round(value * random.uniform(0.6, 1.7), 4)
    if isinstance(value, list | tuple):
        return type(value)(_scaled(each, random) for each in value)
    return value
