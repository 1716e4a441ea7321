"""One public function, typed and documented, with a name that others would look for."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterator

from habilis.skills.compare import same
from habilis.skills.proof.reading import constants
from habilis.skills.proof.trial import Finding
from habilis.skills.skill import Skill, SourceFacts, read_source

# Names that say nothing about what a function does: nobody would find them again.
_VAGUE = frozenset(
    "answer calc calculate compute do f foo func function g helper main my_function process "
    "result run solution solve solver task test tool".split()
)
_TAKEN = frozenset([*dir(builtins), *keyword.kwlist, "final_answer", "search_skills", "skills"])
_TELLING_CHARS = 3  # shorter texts and smaller numbers stand in any code by chance


def check(draft: Skill) -> Finding:
    """Read the source; nothing is run."""
    try:
        facts = read_source(draft.source)
    except ValueError as error:
        return Finding(passed=False, evidence=str(error))
    faults = [*_of_the_function(facts), *_of_the_name(facts, draft), *_baked_in(draft)]
    evidence = "; ".join(faults) or f"{facts.name}{facts.signature}, documented"
    return Finding(passed=not faults, evidence=evidence)


def _of_the_function(facts: SourceFacts) -> Iterator[str]:
    if not facts.parameters:
        yield "it takes no parameter, so it can only ever give one answer"
    if facts.unused:
        yield f"it never uses its parameter {facts.unused[0]!r}"
    if not facts.typed:
        yield "annotate every parameter and the return value"
    if not facts.description:
        yield "add a docstring that says what the function returns"


def _of_the_name(facts: SourceFacts, draft: Skill) -> Iterator[str]:
    name = facts.name
    if name in _TAKEN:
        yield f"the name {name!r} is taken by Python or the sandbox; choose another"
    if name in _VAGUE:
        yield f"the name {name!r} says nothing; name it after what it does"
    if name != draft.name:
        yield f"the function is named {name!r}, the skill {draft.name!r}"
    numbers = set(re.findall(r"\d{2,}", draft.provenance.task))
    own = sorted(numbers & set(name.split("_")))
    if own:
        yield f"the name {name!r} holds {own[0]} of this one task; leave it out"


def _baked_in(draft: Skill) -> Iterator[str]:
    """Find a case whose result and arguments stand in the code: an answer, not a rule."""
    written = list(constants(draft.source))
    for case in draft.cases:
        answer, given = case.expected, [*case.arguments, *case.keywords.values()]
        if not _telling(answer) or any(same(value, answer) for value in given):
            continue
        answered = any(_is(value, answer) for value in written)
        asked = [value for value in _flat(given) if _telling(value) or isinstance(value, int)]
        if answered and asked and all(_among(value, written) for value in asked):
            yield f"the code holds the answer {answer!r} of a case; compute it"
            return


def _telling(value: object) -> bool:
    if isinstance(value, bool) or value is None:
        return False
    if isinstance(value, int | float):
        return len(_digits(value)) >= _TELLING_CHARS
    return isinstance(value, str) and len(value) >= _TELLING_CHARS


def _digits(value: int | float) -> str:
    """Return the digits that count: those of 5000 are "5", those of 0.0821 "821"."""
    return re.sub(r"e.*$|[-.]", "", repr(value)).strip("0") if abs(value) < 1e15 else ""


def _flat(values: object) -> Iterator[object]:
    if isinstance(values, list | tuple | set):
        for value in values:
            yield from _flat(value)
    else:
        yield values


def _is(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other


def _among(value: object, written: list[object]) -> bool:
    return any(_is(value, each) for each in written)
