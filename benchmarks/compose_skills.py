"""A library made by rule: families of small functions, and tasks composed of two of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.compose_sets import Task
from habilis.agent.example import Example
from habilis.skills.outcome import Outcome, OutcomeKind
from habilis.skills.skill import Provenance, Skill, read_source

# name | description | body over `text` or `numbers`; {k} and {c} are filled in
_TEXT: Final = """
shift_letters_{k} | Shift each letter by {k} places | "".join(chr((ord(c) - 97 + {k}) % 26 + 97) if "a" <= c <= "z" else c for c in text)
mask_but_{k} | Mask all but the last {k} characters with stars | "*" * max(0, len(text) - {k}) + text[-{k}:]
stutter_{k} | Repeat each character {k} times | "".join(c * {k} for c in text)
drop_each_{k} | Drop each character in place {k}, {k} more and so on | "".join(c for i, c in enumerate(text, 1) if i % ({k} + 1))
words_over_{k} | Keep the words longer than {k} letters | " ".join(w for w in text.split() if len(w) > {k})
mirror_words_{k} | Mirror the words that have at least {k} letters | " ".join(w[::-1] if len(w) >= {k} else w for w in text.split())
order_letters_{k} | Put the first {k} letters of each word in order | " ".join("".join(sorted(w[:{k}])) + w[{k}:] for w in text.split())
vowels_to_{c} | Write {c} for each vowel | "".join("{c}" if c in "aeiou" else c for c in text)
double_{c} | Double each letter {c} | text.replace("{c}", "{c}{c}")
without_{c} | Leave out the letter {c} | text.replace("{c}", "")
tail_{c}_{k} | Append {k} times the letter {c} to each word | " ".join(w + "{c}" * {k} for w in text.split())
turn_words_{k} | Move the first {k} words to the end | " ".join(text.split()[{k} % max(1, len(text.split())):] + text.split()[:{k} % max(1, len(text.split()))])
shout_each_{k} | Write word {k} and its multiples in capitals | " ".join(w.upper() if i % {k} == 0 else w for i, w in enumerate(text.split(), 1))
dash_every_{k} | Put a dash after every {k} characters | "-".join(text[i:i + {k}] for i in range(0, len(text), {k}))
cut_words_{k} | Cut each word to {k} letters | " ".join(w[:{k}] for w in text.split())
"""
_LIST: Final = """
clip_at_{k} | Replace what is above {k} by {k} | [min(x, {k}) for x in numbers]
drop_multiples_{k} | Leave out the multiples of {k} | [x for x in numbers if x % ({k} + 1)]
turn_right_{k} | Move the last {k} items to the front | numbers[-({k} % max(1, len(numbers))):] + numbers[:-({k} % max(1, len(numbers)))] if {k} % max(1, len(numbers)) else numbers
lag_{k} | Take the differences of items {k} apart | [b - a for a, b in zip(numbers, numbers[{k}:])]
sums_of_{k} | Add up blocks of {k} items | [sum(numbers[i:i + {k}]) for i in range(0, len(numbers), {k})]
by_remainder_{k} | Order by the remainder of division by {k} | sorted(numbers, key=lambda x: x % {k})
flip_blocks_{k} | Reverse each block of {k} items | [x for i in range(0, len(numbers), {k}) for x in numbers[i:i + {k}][::-1]]
squares_modulo_{k} | Take the squares modulo {k} | [x * x % ({k} + 1) for x in numbers]
echo_{k} | Repeat each item {k} times | [x for x in numbers for _ in range({k})]
digit_sums_over_{k} | Keep the items with a digit sum above {k} | [x for x in numbers if sum(map(int, str(abs(x)))) > {k}]
evens_times_{k} | Multiply the even items by {k} | [x * {k} if x % 2 == 0 else x for x in numbers]
odds_plus_{k} | Add {k} to the odd items | [x + {k} if x % 2 else x for x in numbers]
window_max_{k} | Take the largest of every {k} items in a row | [max(numbers[i:i + {k}]) for i in range(len(numbers) - {k} + 1)]
without_nearby_{k} | Leave out items within {k} of the one before | [x for i, x in enumerate(numbers) if i == 0 or abs(x - numbers[i - 1]) > {k}]
cap_{k}_items | Sort all but the first {k} items | numbers[:{k}] + sorted(numbers[{k}:])
"""
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_WORDS: Final = "amber birch cloud delta ember fjord grain heron inlet jolly karma lemon maple north ocean piano quilt river stone tulip umbra vivid wheat zebra old sea red of in oak".split()  # noqa: E501


@dataclass(frozen=True, kw_only=True)
class Made:
    """A skill that was made by rule, and what runs it."""

    skill: Skill
    run: Callable[[Any], Any]


def make_library(kind: str, *, start: int, count: int) -> list[Made]:
    """Return `count` skills over texts or lists, leaving out the first `start` of the row."""
    lines = [line for line in (_TEXT if kind == "text" else _LIST).splitlines() if line]
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


def caller(library: Sequence[Made]) -> Callable[..., list[Outcome]]:
    """Return what calls the skills of a library, in this process: they are ours."""
    known = {made.skill.name: made.run for made in library}

    def call(name: str, arguments: Sequence[tuple[object, ...]], /) -> list[Outcome]:
        return [_outcome(known[name], each) for each in arguments]

    return call


def _outcome(run: Callable[..., Any], arguments: tuple[object, ...]) -> Outcome:
    try:
        return Outcome(kind=OutcomeKind.OK, value=run(*arguments))
    except Exception as error:  # noqa: BLE001 - what a skill raises is its outcome
        return Outcome(kind=OutcomeKind.RAISED, error=repr(error))
