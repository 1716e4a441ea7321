"""The saved skills that a draft might be a copy of."""

from __future__ import annotations

from habilis.memory.library import SkillLibrary
from habilis.skills.proof.reading import shape_of
from habilis.skills.skill import Skill

_NEAR = 20
_TWIN_COSINE = 0.6  # below, equal results on few cases prove no copy: area is not price times count
_SHORT_COSINE = 0.5  # for the same code, where it is as short as `a * b`: a formula of many uses
_SHORT = 25  # nodes of syntax
_MANY_CASES, _FIRST = 5, 5


def neighbours(library: SkillLibrary, draft: Skill) -> list[Skill]:
    """Return skills of a like purpose or the same code, and those that the draft calls.

    It may be no mere wrapper of these. The skill of its own name is left out: that is a
    question of versions.
    """
    hits = library.search(f"{draft.name} {draft.description}", k=_NEAR)
    shape = shape_of(draft.source)
    unlike = _SHORT_COSINE if shape.count("(") < _SHORT else -1.0
    near = [
        hit.skill
        for place, hit in enumerate(hits)
        if hit.skill.name not in {draft.name, *draft.requires}
        and (
            hit.cosine >= _TWIN_COSINE
            or (place < _FIRST and len(draft.cases) >= _MANY_CASES)
            or (
                shape_of(hit.skill.source) == shape and not hit.cosine < unlike
            )  # NaN: not known yet
        )
    ]
    return near + [library.get(name) for name in draft.requires]
