"""What a search gives back, what it may be narrowed to, and when nothing is an answer."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from habilis.memory import records
from habilis.memory.catalogue import Catalogue
from habilis.memory.shelf import FOUND, Entry
from habilis.memory.store import Store
from habilis.skills.skill import Skill, SkillState

# Log-odds of the first hit, for the encoder that they were fitted with (retrieve.py).
# Below the first, nothing is shown: a card too many costs some twenty tokens, one too few
# the reuse, so it is set to lose some 3 % of right hits.
NOTHING, _DOUBTFUL = -1.7, -0.7
_FITTED = "minilm"


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A skill that fits, and why: what each view adds to its score, and the shared words.

    `score` is comparable within one search only; `cosine` is in [-1, 1], NaN where the
    skill has no vector yet. `fits` is False where the search as a whole found nothing that
    is likely right, `doubtful` where it may well be.
    """

    skill: Skill
    score: float
    cosine: float
    bm25: float
    views: Mapping[str, float]
    words: tuple[str, ...]
    fits: bool = True
    doubtful: bool = False


def narrowed(
    *,
    states: Collection[SkillState] = (),
    tags: Iterable[str] = (),
    takes: str = "",
    gives: str = "",
) -> Callable[[Entry], bool] | None:
    """Return what tells whether a skill is asked for; None where every one is.

    Raises:
        ValueError: a type is no Python expression, or there is no such state.
    """
    wanted_states, wanted_tags = _each("states", states), _each("tags", tags)
    for unknown in wanted_states.difference(SkillState):
        raise ValueError(f"there is no state {unknown!r}: write {', '.join(SkillState)}")
    wanted_takes, wanted_gives = _type(takes), _type(gives)
    if not (wanted_states or wanted_tags or takes or gives):
        return None

    def fits(entry: Entry) -> bool:
        if (wanted_states and entry.state not in wanted_states) or not wanted_tags <= entry.tags:
            return False
        taken, given = _types(entry.signature)
        return (not takes or wanted_takes in taken) and (not gives or wanted_gives == given)

    return fits


def search(
    catalogue: Catalogue,
    store: Store,
    query: str,
    *,
    k: int,
    draft: str,
    fits: Callable[[Entry], bool] | None,
    anyway: bool,
) -> list[Hit]:
    """Return the hits with their skills; none where nothing fits, unless `anyway`."""
    readable = fits
    while True:
        ranking = catalogue.search(query, k=k, draft=draft, fits=readable, anyway=anyway)
        judged = catalogue.encoder == _FITTED
        likely = not judged or ranking.evidence >= NOTHING
        if not likely and not anyway:
            return []
        names, unread = [each.name for each in ranking.found], set[str]()
        found = records.current_skills(store, states=FOUND, names=names, unread=unread)
        if not unread:
            break
        catalogue.unread |= unread  # others come in their place
        readable = _but(frozenset(catalogue.unread), fits)
    skills = {skill.name: skill for skill in found}
    return [
        Hit(
            skill=skills[each.name],
            score=each.score,
            cosine=each.cosine,
            bm25=each.bm25,
            views=each.views,
            words=each.words,
            fits=likely,
            doubtful=judged and ranking.evidence < _DOUBTFUL,
        )
        for each in ranking.found
        if each.name in skills  # archived meanwhile by another process
    ]


def _but(names: Collection[str], fits: Callable[[Entry], bool] | None) -> Callable[[Entry], bool]:
    return lambda entry: entry.name not in names and (fits is None or fits(entry))


def _each(what: str, values: Iterable[str]) -> frozenset[str]:
    if isinstance(values, str):  # its letters would be taken one by one
        raise ValueError(f"{what}={str(values)!r} is one text: write [{str(values)!r}]")
    return frozenset(values)


def _type(text: str) -> str:
    try:
        return ast.unparse(ast.parse(text, mode="eval")) if text else ""
    except (SyntaxError, ValueError, RecursionError):
        raise ValueError(f"{text!r} is no type: write one as in a signature, list[int]") from None


@lru_cache(maxsize=20_000)
def _types(signature: str) -> tuple[frozenset[str], str]:
    """Return the types of a signature's parameters, and of what it returns."""
    try:
        function = ast.parse(f"def f{signature}: ...").body[0]
    except (SyntaxError, ValueError, RecursionError):
        return frozenset(), ""
    assert isinstance(function, ast.FunctionDef)
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    taken = {ast.unparse(a.annotation) for a in every if a is not None and a.annotation}
    return frozenset(taken), ast.unparse(function.returns) if function.returns else ""
