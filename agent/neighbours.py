"""Saved skills near to code that is about to become one: to build on, or copies of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress

from habilis.agent.observe import describe_skill
from habilis.errors import LibraryError
from habilis.memory.hits import Hit
from habilis.memory.library import SkillLibrary
from habilis.skills.proof.reading import shape_of
from habilis.skills.skill import Skill, SkillState

_NEAR = 20
_TWIN_COSINE = 0.6  # below, equal results on few cases prove no copy: area is not price times count
_SHORT_COSINE = 0.5  # for the same code, where it is as short as `a * b`: a formula of many uses
_SHORT = 25  # nodes of syntax
_MANY_CASES, _FIRST = 5, 5
_LIKE = 1.0  # in spreads of the candidates' likeness, above their mean


def unseen(library: SkillLibrary, instruction: str, *, code: Sequence[str], told: str) -> list[str]:
    """Return cards of skills with code like a solution's, for its author to build on.

    Only of such as fit without doubt and are not named in what the author was `told`.
    """
    cards = []
    with suppress(LibraryError):  # the answer stands; a tool is made without them
        hits = library.search(instruction, k=_FIRST, draft="\n".join(code))
        new = [
            hit.skill
            for place, hit in enumerate(hits)
            if (place == 0 or hit.views.get("code", 0.0) >= _LIKE)
            and not hit.doubtful
            and hit.skill.state is not SkillState.DOUBTFUL
            and not re.search(rf"\b{hit.skill.name}\b", told)
        ]
        cards = [describe_skill(skill) for skill in new]
        if new:
            library.record_retrieved([skill.name for skill in new])
    return cards


def neighbours(library: SkillLibrary, draft: Skill) -> list[Skill]:
    """Return skills of a like purpose or with like code, and those that the draft calls.

    It may be no mere wrapper of these. The skill of its own name is left out: that is a
    question of versions.
    """
    text = f"{draft.name} {draft.description}"
    shape, left_out = shape_of(draft.source), {draft.name, *draft.requires}
    unlike = _SHORT_COSINE if shape.count("(") < _SHORT else -1.0

    def same_code(hit: Hit) -> bool:
        return shape_of(hit.skill.source) == shape and not hit.cosine < unlike  # NaN: not known

    near = {
        hit.skill.name: hit.skill
        for place, hit in enumerate(library.search(text, k=_NEAR))
        if hit.cosine >= _TWIN_COSINE
        or (place < _FIRST and len(draft.cases) >= _MANY_CASES)
        or same_code(hit)
    }
    for hit in library.search(text, k=_FIRST, draft=draft.source, anyway=True):
        if same_code(hit):  # whatever its words are
            near[hit.skill.name] = hit.skill
    called = [library.get(name) for name in draft.requires]
    return [skill for name, skill in near.items() if name not in left_out] + called
