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


def current_skills(store: Store, *, states: Iterable[SkillState]) -> list[Skill]:
    """Return the current version of every skill in one of the states, by name."""
    wanted = [state.value for state in states]
    marks = ", ".join("?" * len(wanted))
    rows = store.rows(
        f"{_VERSION} AND s.number = v.number WHERE s.state IN ({marks}) ORDER BY v.name", wanted
    )
    return _with_cases(store, rows)


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
    return [replace(skill, cases=_cases(store, skill)) for skill in skills]


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


def _cases(store: Store, skill: Skill) -> tuple[Case, ...]:
    rows = store.rows(
        'SELECT * FROM "case" WHERE name = ? AND number = ? ORDER BY position',
        (skill.name, skill.version),
    )
    return tuple(
        Case(
            arguments=_tuple(loads(row["arguments"])),
            keywords=_dict(loads(row["keywords"])),
            expected=loads(row["expected"]),
            origin=CaseOrigin(row["origin"]),
        )
        for row in rows
    )


def _tuple(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _dict(value: object) -> dict[str, object]:
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}
