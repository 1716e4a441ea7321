"""Skills in the store: written, made to grow, and found again."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from habilis.errors import LibraryError, NameTaken
from habilis.memory.reading import case_of, skill_of
from habilis.memory.store import Connection, Row, Store
from habilis.skills.proof.standing import VOUCHED
from habilis.skills.sandbox.wire import dumps
from habilis.skills.skill import Case, Skill, SkillState

_COLUMNS = "name, source, signature, description, requires, provenance, number"
_VERSION = (
    f"SELECT {', '.join(f'v.{column}' for column in _COLUMNS.split(', '))}, s.state "
    "FROM skill s JOIN version v ON s.name = v.name"
)
_RISE = (SkillState.CANDIDATE, SkillState.ACTIVE)
_MARKS = 500  # names in one query; SQLite allows 32,766


def write_version(connection: Connection, skill: Skill, *, evidence: str = "") -> None:
    """Insert a version with its cases and make it the skill's current one."""
    connection.execute(
        "INSERT INTO version (hash, name, number, source, signature, description, requires, "
        "provenance, evidence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            skill.hash,
            skill.name,
            skill.version,
            skill.source,
            skill.signature,
            skill.description,
            json.dumps(dict(skill.requires)),
            json.dumps(asdict(skill.provenance)),
            evidence,
        ),
    )
    connection.execute(
        "INSERT INTO skill (name, number, state) VALUES (?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET number = excluded.number, state = excluded.state",
        (skill.name, skill.version, skill.state.value),
    )
    _write_cases(connection, skill, skill.cases)


def keep_skills(
    store: Store,
    skills: Sequence[Skill],
    *,
    after: Mapping[str, int],
    evidence: Mapping[str, str],
) -> list[Skill]:
    """Keep skills as the current versions of their names, all of them or none.

    Raises:
        NameTaken: of a name there are other versions by now than the number in `after`.
    """
    with store.change("skill_added", *(skill.name for skill in skills)) as connection:
        kept = []
        for skill in skills:
            versions = all_versions(store, skill.name)
            if len(versions) != after.get(skill.name, len(versions)):
                raise NameTaken(skill.name)
            proof = evidence.get(skill.name, "")
            same = next((old for old in versions if old.hash == skill.hash), None)
            if same is None:
                kept.append(replace(skill, version=len(versions) + 1))
                write_version(connection, kept[-1], evidence=proof)
            else:
                kept.append(_keep_again(connection, same, skill, evidence=proof))
        return kept


def _keep_again(connection: Connection, same: Skill, skill: Skill, *, evidence: str) -> Skill:
    """Make a version that is there the current one; what is known of it grows."""
    state, earned = same.state, skill.state
    if state is SkillState.ARCHIVED or (state, earned) == _RISE:
        state = earned
    connection.execute(
        "UPDATE skill SET number = ?, state = ? WHERE name = ?",
        (same.version, state.value, skill.name),
    )
    if evidence:
        connection.execute(
            "UPDATE version SET evidence = ? WHERE name = ? AND number = ?",
            (evidence, same.name, same.version),
        )
    return replace(same, state=state, cases=_grow(connection, same, skill.cases))


def add_cases(store: Store, name: str, cases: Iterable[Case]) -> Skill | None:
    """Add to a skill's current version the cases that it has not yet."""
    with store.change("cases_added", name) as connection:
        skill = current_skill(store, name)  # as it is now: others may add cases too
        return skill and replace(skill, cases=_grow(connection, skill, cases))


def _grow(connection: Connection, skill: Skill, cases: Iterable[Case]) -> tuple[Case, ...]:
    """Write new cases; a vouched one is new though the draft itself recorded it."""
    known = {(_written(case), case.origin) for case in skill.cases}
    vouched = {written for written, origin in known if origin in VOUCHED}
    new = []
    for case in cases:
        written = _written(case)
        if written in vouched or (written, case.origin) in known:
            continue
        new.append(case)
        known.add((written, case.origin))
        vouched |= {written} if case.origin in VOUCHED else set()
    row = connection.execute(  # no count: places of cases that were damaged stay empty
        'SELECT coalesce(max(position), -1) + 1 FROM "case" WHERE name = ? AND number = ?',
        (skill.name, skill.version),
    ).fetchone()
    _write_cases(connection, skill, new, first=row[0])
    return (*skill.cases, *new)


def _write_cases(
    connection: Connection, skill: Skill, cases: Iterable[Case], *, first: int = 0
) -> None:
    connection.executemany(
        'INSERT INTO "case" (name, number, position, arguments, keywords, expected, origin) '
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (skill.name, skill.version, position, *_written(case), case.origin.value)
            for position, case in enumerate(cases, first)
        ],
    )


def _written(case: Case) -> tuple[str, str, str]:
    return dumps(case.arguments), dumps(dict(case.keywords)), dumps(case.expected)


def version_counts(store: Store) -> dict[str, int]:
    """Return how many versions there are of every name."""
    rows = store.rows("SELECT name, count(*) AS n FROM version GROUP BY name")
    return {row["name"]: row["n"] for row in rows}


def current_skills(
    store: Store,
    *,
    states: Iterable[SkillState],
    names: Iterable[str] | None = None,
    cases: bool = True,
    unread: set[str] | None = None,
) -> list[Skill]:
    """Return the current version of every skill in one of the states, by name.

    With `names`, only of these. Without `cases` they come without them, and sooner. What
    cannot be read is left out; its name goes into `unread`.
    """
    query = f"{_VERSION} AND s.number = v.number WHERE s.state IN ({{}})"
    wanted = [state.value for state in states]
    query = query.format(", ".join("?" * len(wanted)))
    if names is None:
        rows = store.rows(f"{query} ORDER BY v.name", wanted)
    else:
        rows = []
        ordered = sorted(names)
        for start in range(0, len(ordered), _MARKS):
            part = ordered[start : start + _MARKS]
            which = f"{query} AND v.name IN ({', '.join('?' * len(part))}) ORDER BY v.name"
            rows += store.rows(which, [*wanted, *part])
    written = _cases(store, {(row["name"], row["number"]) for row in rows}) if cases else {}
    found = []
    for row in rows:
        try:
            found.append(_whole(row, written))
        except LibraryError:
            if unread is not None:
                unread.add(str(row["name"]))
    return found


def tagged(store: Store, name: str) -> tuple[str, ...]:
    """Return a skill's tags, by the alphabet."""
    rows = store.rows("SELECT tag FROM tag WHERE name = ? ORDER BY tag", (name,))
    return tuple(row["tag"] for row in rows)


def evidence_of(store: Store, name: str, number: int) -> Any:
    """Return what the proof of a version said, None where nothing was kept.

    Raises:
        ValueError: there is no such version.
        LibraryError: it cannot be read.
    """
    rows = store.rows("SELECT evidence FROM version WHERE name = ? AND number = ?", (name, number))
    if not rows:
        raise ValueError(f"{name!r} has no version {number}")
    try:
        return json.loads(rows[0]["evidence"] or "null")
    except (ValueError, TypeError, RecursionError) as error:
        where = f"the evidence of version {number} of {name!r}"
        raise LibraryError(f"{where} cannot be read: {error}; put back a backup") from None


def is_kept(store: Store, name: str) -> bool:
    """Tell whether there is a skill of this name, readable or not."""
    query = "SELECT 1 FROM skill s JOIN version v USING (name, number) WHERE name = ?"
    return bool(store.rows(query, (name,)))


def current_skill(store: Store, name: str) -> Skill | None:
    """Return the current version of a skill, whatever its state."""
    rows = store.rows(f"{_VERSION} AND s.number = v.number WHERE v.name = ?", (name,))
    return next(iter(_with_cases(store, rows)), None)


def all_versions(store: Store, name: str) -> list[Skill]:
    """Return every version of a skill, oldest first."""
    rows = store.rows(f"{_VERSION} WHERE v.name = ? ORDER BY v.number", (name,))
    return _with_cases(store, rows)


def version_by_hash(store: Store, name: str, content_hash: str) -> Skill | None:
    """Return the version of a skill that another one has pinned."""
    rows = store.rows(f"{_VERSION} WHERE v.name = ? AND v.hash = ?", (name, content_hash))
    return next(iter(_with_cases(store, rows)), None)


def _with_cases(store: Store, rows: Sequence[Row]) -> list[Skill]:
    written = _cases(store, {(row["name"], row["number"]) for row in rows})
    return [_whole(row, written) for row in rows]


def _whole(row: Row, written: Mapping[tuple[str, int], Sequence[Row]]) -> Skill:
    return skill_of(row, [case_of(case) for case in written.get((row["name"], row["number"]), ())])


def _cases(store: Store, versions: Collection[tuple[str, int]]) -> dict[tuple[str, int], list[Row]]:
    """Return the rows of the cases of these versions, by name and number."""
    names = list({name for name, _ in versions})
    found: dict[tuple[str, int], list[Row]] = {version: [] for version in versions}
    for start in range(0, len(names), _MARKS):
        part = names[start : start + _MARKS]
        rows = store.rows(
            f'SELECT * FROM "case" WHERE name IN ({", ".join("?" * len(part))}) '
            "ORDER BY name, number, position",
            part,
        )
        for row in rows:
            of = found.get((row["name"], row["number"]))
            if of is not None:
                of.append(row)
    return found
