"""Skills as rows and rows as skills."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace

from habilis.memory.store import Store
from habilis.skills.sandbox.wire import dumps, loads
from habilis.skills.skill import Case, CaseOrigin, Provenance, Skill, SkillState

_VERSION = "SELECT v.*, s.state FROM version v JOIN skill s ON s.name = v.name"
_MARKS = 500  # names in one query; SQLite allows 32,766


def write_version(connection: sqlite3.Connection, skill: Skill) -> None:
    """Insert a version with its cases and make it the skill's current one."""
    connection.execute(
        "INSERT INTO version (hash, name, number, source, signature, description, requires, "
        "provenance) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            skill.hash,
            skill.name,
            skill.version,
            skill.source,
            skill.signature,
            skill.description,
            json.dumps(dict(skill.requires)),
            json.dumps(asdict(skill.provenance)),
        ),
    )
    connection.execute(
        "INSERT INTO skill (name, number, state) VALUES (?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET number = excluded.number, state = excluded.state",
        (skill.name, skill.version, skill.state.value),
    )
    connection.executemany(
        'INSERT INTO "case" (name, number, position, arguments, keywords, expected, origin) '
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (
                skill.name,
                skill.version,
                position,
                dumps(case.arguments),
                dumps(dict(case.keywords)),
                dumps(case.expected),
                case.origin.value,
            )
            for position, case in enumerate(skill.cases)
        ],
    )


def current_skills(
    store: Store, *, states: Iterable[SkillState], names: Iterable[str] | None = None
) -> list[Skill]:
    """Return the current version of every skill in one of the states, by name.

    With `names`, only of these.
    """
    query = f"{_VERSION} AND s.number = v.number WHERE s.state IN ({{}})"
    wanted = [state.value for state in states]
    marks = ", ".join("?" * len(wanted))
    if names is None:
        return _with_cases(store, store.rows(f"{query.format(marks)} ORDER BY v.name", wanted))
    found: list[Skill] = []
    ordered = sorted(names)
    for start in range(0, len(ordered), _MARKS):
        part = ordered[start : start + _MARKS]
        which = f"{query.format(marks)} AND v.name IN ({', '.join('?' * len(part))})"
        found += _with_cases(store, store.rows(f"{which} ORDER BY v.name", [*wanted, *part]))
    return found


def current_skill(store: Store, name: str) -> Skill | None:
    """Return the current version of a skill, whatever its state."""
    rows = store.rows(f"{_VERSION} AND s.number = v.number WHERE v.name = ?", (name,))
    return next(iter(_with_cases(store, rows)), None)


def all_versions(store: Store, name: str) -> list[Skill]:
    """Return every version of a skill, oldest first."""
    return _with_cases(store, store.rows(f"{_VERSION} WHERE v.name = ? ORDER BY number", (name,)))


def version_by_hash(store: Store, name: str, content_hash: str) -> Skill | None:
    """Return the version of a skill that another one has pinned."""
    rows = store.rows(f"{_VERSION} WHERE v.name = ? AND v.hash = ?", (name, content_hash))
    return next(iter(_with_cases(store, rows)), None)


def _with_cases(store: Store, rows: Sequence[sqlite3.Row]) -> list[Skill]:
    skills = [_skill(row) for row in rows]
    cases = _cases(store, sorted({skill.name for skill in skills}))
    return [
        replace(skill, cases=tuple(cases.get((skill.name, skill.version), ()))) for skill in skills
    ]


def _skill(row: sqlite3.Row) -> Skill:
    provenance = json.loads(row["provenance"])
    provenance["untrusted"] = tuple(provenance["untrusted"])
    return Skill(
        name=row["name"],
        source=row["source"],
        signature=row["signature"],
        description=row["description"],
        requires=json.loads(row["requires"]),
        provenance=Provenance(**provenance),
        version=row["number"],
        state=SkillState(row["state"]),
    )


def _cases(store: Store, names: Sequence[str]) -> dict[tuple[str, int], list[Case]]:
    """Return the cases of all versions of these skills, by name and number."""
    found: dict[tuple[str, int], list[Case]] = {}
    for start in range(0, len(names), _MARKS):
        part = names[start : start + _MARKS]
        rows = store.rows(
            f'SELECT * FROM "case" WHERE name IN ({", ".join("?" * len(part))}) '
            "ORDER BY name, number, position",
            part,
        )
        for row in rows:
            found.setdefault((row["name"], row["number"]), []).append(_case(row))
    return found


def _case(row: sqlite3.Row) -> Case:
    return Case(
        arguments=_tuple(loads(row["arguments"])),
        keywords=_dict(loads(row["keywords"])),
        expected=loads(row["expected"]),
        origin=CaseOrigin(row["origin"]),
    )


def _tuple(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _dict(value: object) -> dict[str, object]:
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}
