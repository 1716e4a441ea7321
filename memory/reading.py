"""Rows as skills and cases; what cannot be read is named, never half read."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from keyword import iskeyword

from habilis.errors import LibraryError
from habilis.memory.store import Row, storable
from habilis.skills.sandbox.wire import loads
from habilis.skills.skill import Case, CaseOrigin, Provenance, Skill, SkillState

BROKEN = (ValueError, TypeError, KeyError, AttributeError, RecursionError)  # what reading raises
_MEND = "run `habilis library check --fix`"


def spelled(name: str) -> str:
    """Return a name as Python reads it in source (NFKC), whatever way it was typed."""
    return unicodedata.normalize("NFKC", name)


def keepable(skill: Skill) -> Skill:
    """Return a skill as a store can keep it: its name spelled as in source, its card Unicode.

    Raises:
        ValueError: its name is none that code can call, or its source no Unicode text.
    """
    name = spelled(skill.name)
    if not name.isidentifier() or iskeyword(name):
        raise ValueError(f"{skill.name!r} names no skill: write a name that code can call")
    if skill.source != storable(skill.source):
        raise ValueError(
            f"the source of {name!r} holds half a surrogate or a NUL, which no Python file can: "
            "write it as an escape"
        )
    about, signature = storable(skill.description), storable(skill.signature)
    return replace(skill, name=name, description=about, signature=signature)


def skill_of(row: Row, cases: Iterable[Case] = ()) -> Skill:
    """Return a skill from its row (name, source, signature, description, requires ...).

    Raises:
        LibraryError: it cannot be read; names it.
    """
    name, source, signature, description, requires, made, number, state = row
    try:
        provenance = json.loads(made)
        provenance["untrusted"] = tuple(provenance["untrusted"])
        return Skill(
            name=_text(name),
            source=_text(source),
            signature=_text(signature),
            description=_text(description),
            cases=tuple(cases),
            requires={_text(n): _text(pin) for n, pin in json.loads(requires).items()},
            provenance=Provenance(**provenance),
            version=number,
            state=SkillState(state),
        )
    except BROKEN as error:
        where = f"version {number} of {name!r}"
        raise LibraryError(f"{where} cannot be read: {_said(error)}; {_MEND}") from None


def case_of(row: Row) -> Case:
    """Return a case from its row.

    Raises:
        LibraryError: it cannot be read; names it and its skill.
    """
    try:
        return Case(
            arguments=_tuple(loads(row["arguments"])),
            keywords={} if row["keywords"] == "{}" else _dict(loads(row["keywords"])),
            expected=loads(row["expected"]),
            origin=CaseOrigin(row["origin"]),
        )
    except BROKEN as error:
        where = f"case {row['position']} of version {row['number']} of {row['name']!r}"
        raise LibraryError(f"{where} cannot be read: {_said(error)}; {_MEND}") from None


def _said(error: Exception) -> str:
    return f"it lacks {error}" if isinstance(error, KeyError) else str(error)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} where a text belongs")
    return value


def _tuple(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _dict(value: object) -> dict[str, object]:
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}
