"""A library made by rule: families of small functions, and tasks composed of two of them."""

from __future__ import annotations

import copy
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from benchmarks.compose_sets import Task
from habilis.agent.example import Example
from habilis.skills.compare import same
from habilis.skills.outcome import Outcome, OutcomeKind
from habilis.skills.skill import Provenance, Skill, read_source

# A line: name | description | body over `text` or `numbers`; {k} and {c} are filled in.
_DATA: Final = Path(__file__).parent / "data"
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_WORDS: Final = """
amber birch cloud delta ember fjord grain heron inlet jolly karma lemon maple north ocean
piano quilt river stone tulip umbra vivid wheat zebra old sea red of in oak
""".split()


@dataclass(frozen=True, kw_only=True)
class Made:
    """A skill that was made by rule, and what runs it."""

    skill: Skill
    run: Callable[[Any], Any]


def make_library(kind: str, *, start: int, count: int) -> list[Made]:
    """Return `count` skills over texts or lists, leaving out the first `start` of the row."""
    lines = (_DATA / f"skills_{kind}.txt").read_text(encoding="utf-8").splitlines()
    made: dict[str, Made] = {}
    k = 1
    while len(made) < start + count:
        k += 1
        for line in lines:
            c = _LETTERS[(k * 7 + len(line)) % 26] if "{k}" not in line else _LETTERS[k % 26]
            name, description, body = (part.strip() for part in line.split(" | "))
            name, description = name.format(k=k, c=c), description.format(k=k, c=c)
            body = body.replace("{k}", str(k)).replace("{c}", c)
            if name not in made:
                made[name] = _made(kind, name, description, body)
    return list(made.values())[start : start + count]


def _made(kind: str, name: str, description: str, body: str) -> Made:
    parameter, type_ = ("text", "str") if kind == "text" else ("numbers", "list[int]")
    source = (
        f"def {name}({parameter}: {type_}) -> {type_}:\n"
        f'    """{description}."""\n    return {body}\n'
    )
    facts = read_source(source)
    skill = Skill(
        name=name,
        source=source,
        signature=facts.signature,
        description=facts.description,
        provenance=Provenance(task="", author="made by rule", made_at=0.0),
    )
    names: dict[str, Any] = {}
    exec(source, names)  # noqa: S102 - the tables above
    return Made(skill=skill, run=names[name])


def make_composites(
    kind: str, library: Sequence[Made], *, count: int, shown: int
) -> list[tuple[Task, str]]:
    """Return tasks that two skills of a library solve together, with their descriptions."""
    choice = random.Random(7)
    tasks: list[tuple[Task, str]] = []
    while len(tasks) < count:
        first, second = choice.sample(library, 2)
        values = [_value(kind, choice) for _ in range(shown + 6)]
        between = [first.run(value) for value in values]
        results = [second.run(value) for value in between]
        alone = [second.run(value) for value in values]
        seen = slice(None, shown)  # what is shown must tell the two from either alone
        plain = [results[seen] == other[seen] for other in (values, between, alone)]
        if any(plain) or len(set(map(repr, results))) < len(values) or not all(results):
            continue
        examples = tuple(
            Example(inputs=(value,), output=result)
            for value, result in zip(values, results, strict=True)
        )
        name = f"{first.skill.name}+{second.skill.name}"
        task = Task(id=name, shown=examples[:shown], kept_back=examples[shown:])
        text = f"{first.skill.description} Then {second.skill.description.lower()}"
        tasks.append((task, text))
    return tasks


def _value(kind: str, choice: random.Random) -> object:
    if kind == "text":
        return " ".join(choice.choices(_WORDS, k=choice.randint(2, 5)))
    return [choice.randint(0, 60) for _ in range(choice.randint(5, 10))]


def caller(known: Mapping[str, Callable[..., Any]]) -> Callable[..., list[Outcome]]:
    """Return what calls the functions of a library, in this process: they are ours."""

    def call(name: str, arguments: Sequence[tuple[object, ...]], /) -> list[Outcome]:
        return [_outcome(known[name], each) for each in arguments]

    return call


def _outcome(run: Callable[..., Any], arguments: tuple[object, ...]) -> Outcome:
    try:
        return Outcome(kind=OutcomeKind.OK, value=run(*arguments))
    except Exception as error:  # noqa: BLE001 - what a skill raises is its outcome
        return Outcome(kind=OutcomeKind.RAISED, error=repr(error))


def load(source: str, name: str, library: Mapping[str, Callable[..., Any]]) -> Callable[..., Any]:
    """Return a function from its source, which may import the library's functions."""
    module = ModuleType("skills")
    vars(module).update(library)
    names: dict[str, Any] = {}
    sys.modules["skills"] = module  # where the source looks for the skills it imports
    try:
        exec(source, names)  # noqa: S102 - made of our own tables
    finally:
        del sys.modules["skills"]
    function: Callable[..., Any] = names[name]
    return function


def is_right(function: Callable[..., Any], examples: Sequence[Example]) -> bool:
    """Tell whether a function is right on every example."""
    try:
        return all(same(function(*copy.deepcopy(e.inputs)), e.output) for e in examples)
    except Exception:  # noqa: BLE001 - a program under test may raise anything
        return False
