"""What is wrong with the truth, and what of it can be mended."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import numpy as np

from habilis.errors import LibraryError
from habilis.memory import records
from habilis.memory.migrations import STEPS
from habilis.memory.reading import BROKEN, case_of, skill_of
from habilis.memory.store import Row, Store
from habilis.skills.skill import CaseOrigin, Skill, SkillState, read_source

_TABLES: Final = tuple(dict.fromkeys(re.findall(r'CREATE TABLE "?(\w+)', "".join(STEPS))))
_FLOAT_BYTES, _UNIT = 4, 0.01  # how far from 1 the length of a vector may be
_PAGE = 1_000
_VERSIONS: Final = (
    "SELECT name, source, signature, description, requires, provenance, number, "
    "'candidate' AS state FROM version ORDER BY name, number"
)


def collected(*looks: Callable[[], Iterable[str] | None]) -> list[str]:
    """Return all that these report, each sentence once; what cannot even look is a report too."""
    found: list[str] = []
    for look in looks:
        try:
            found += look() or ()
        except (LibraryError, sqlite3.IntegrityError) as error:
            found.append(str(error))
    return list(dict.fromkeys(found))


def problems(store: Store) -> list[str]:
    """Return what is inconsistent in the store, as sentences; empty when all is well."""
    looks = (store.faults, *(_has_table(store, table) for table in _TABLES))
    rest = (_bad_states, _bad_versions, _bad_cases, _bad_pins, _bad_embeddings)
    return collected(*looks, *((lambda look=look: look(store)) for look in rest))


def mend(store: Store) -> list[str]:
    """Put right what can be, without losing what is whole; return what was in the way.

    Broken indexes are made anew, damaged embeddings dropped (they are encoded again), a
    skill whose version is gone gets its newest one, one of no known state is a candidate
    again, cases of no known origin count as recorded ones, those that cannot be read and
    rows that point to nothing go.
    """
    steps = (_mend_vectors, _mend_numbers, _mend_states, _mend_cases, _mend_rows)
    return collected(*((lambda step=step: step(store)) for step in steps))


# look ------------------------------------------------------------------------


def _has_table(store: Store, table: str) -> Callable[[], Iterable[str]]:
    return lambda: [f"{row[0]}" for row in store.rows(f'SELECT * FROM "{table}" WHERE 1 = 0')]


def _bad_states(store: Store) -> Iterator[str]:
    for row in _unknown(store, "skill", "state", SkillState):
        yield f"{row['name']!r} is in no state that is known, {row['state']!r}"


def _bad_versions(store: Store) -> Iterator[str]:
    rest = store.rows("SELECT hash, evidence FROM version ORDER BY name, number")
    for row, (known, evidence) in zip(store.rows(_VERSIONS), rest, strict=True):
        where = f"version {row['number']} of {row['name']!r}"
        try:
            skill = skill_of(row)
            if skill.hash != known:
                yield f"{where} is not what its hash says: put back a backup"
            json.loads(evidence or "null")
        except LibraryError as error:
            yield str(error).partition(";")[0] + ": put back a backup"
        except BROKEN as error:
            yield f"the evidence of {where} cannot be read: {error}"


def _bad_cases(store: Store) -> Iterator[str]:
    for row in store.rows('SELECT * FROM "case"'):
        try:
            case_of(row)
        except LibraryError as error:
            yield str(error)


def _bad_pins(store: Store) -> Iterator[str]:
    pinned = {(row["name"], row["hash"]) for row in store.rows("SELECT name, hash FROM version")}
    for skill in records.current_skills(store, states=tuple(SkillState), cases=False):
        if (skill.name, skill.hash) in pinned:  # else it is another source than was kept
            yield from _pin_problems(skill, pinned)


def _pin_problems(skill: Skill, known: set[tuple[str, str]]) -> Iterator[str]:
    for needed, pinned in skill.requires.items():
        if (needed, pinned) not in known:
            yield f"{skill.name!r} requires a version of {needed!r} that is gone"
    try:
        facts = read_source(skill.source)
    except ValueError as error:
        yield f"{skill.name!r} cannot be read: {error}"
        return
    if facts.name != skill.name:
        yield f"{skill.name!r} has the source of {facts.name!r}: archive it"
    for name in facts.requires:
        if name not in skill.requires:
            yield f"{skill.name!r} calls {name!r}, but no version of it is pinned"


def _bad_embeddings(store: Store) -> Iterator[str]:
    for row, _ in _bad_vectors(store):
        yield f"embedding {row['id']} of {row['encoder']!r} is damaged"


def _bad_vectors(store: Store) -> Iterator[tuple[Row, int]]:
    """Yield what is no unit vector, or of another length than most of its encoder."""
    usual: dict[str, tuple[int, int]] = {}
    sizes = "SELECT encoder, length(vector) AS size, count(*) AS n FROM embedding GROUP BY 1, 2"
    for row in store.rows(sizes):
        usual[row["encoder"]] = max(usual.get(row["encoder"], (0, 0)), (row["n"], row["size"]))
    last, rows = -1, store.rows("SELECT 1 WHERE 1 = 0")
    while last < 0 or len(rows) == _PAGE:
        rows = store.rows(
            "SELECT id, encoder, vector FROM embedding WHERE id > ? ORDER BY id LIMIT ?",
            (last, _PAGE),
        )
        for row in rows:
            if not _is_unit(row["vector"], size=usual[row["encoder"]][1]):
                yield row, row["id"]
        last = rows[-1]["id"] if rows else 0


def _is_unit(vector: object, *, size: int) -> bool:
    if not isinstance(vector, bytes) or len(vector) != size or size % _FLOAT_BYTES:
        return False
    length = np.linalg.norm(np.frombuffer(vector, np.float32).astype(np.float64))
    return bool(abs(length - 1) < _UNIT)


def _unknown(store: Store, table: str, column: str, known: Iterable[str]) -> list[Row]:
    values = [str(value) for value in known]
    marks = ", ".join("?" * len(values))
    return store.rows(f'SELECT * FROM "{table}" WHERE {column} NOT IN ({marks})', values)


# mend ------------------------------------------------------------------------


def _mend_vectors(store: Store) -> None:
    bad = [(number,) for _, number in _bad_vectors(store)]
    with store.change() as connection:
        connection.executemany("DELETE FROM embedding WHERE id = ?", bad)


def _mend_numbers(store: Store) -> None:
    with store.change("mended") as connection:
        connection.execute(
            "UPDATE skill SET number = (SELECT max(number) FROM version v WHERE v.name = "
            "skill.name) WHERE name IN (SELECT name FROM version) AND NOT EXISTS (SELECT 1 "
            "FROM version v WHERE v.name = skill.name AND v.number = skill.number)"
        )


def _mend_states(store: Store) -> None:
    names = [row["name"] for row in _unknown(store, "skill", "state", SkillState)]
    with store.change("mended", *map(str, names)) as connection:
        connection.executemany(
            "UPDATE skill SET state = ? WHERE name = ?",
            [(SkillState.CANDIDATE.value, name) for name in names],
        )


def _mend_cases(store: Store) -> None:
    place = "WHERE name = ? AND number = ? AND position = ?"
    origins = _unknown(store, "case", "origin", CaseOrigin)
    with store.change("mended") as connection:
        connection.executemany(
            f'UPDATE "case" SET origin = ? {place}',
            [(CaseOrigin.RECORDED.value, *_place(row)) for row in origins],
        )
    broken = [_place(row) for row in store.rows('SELECT * FROM "case"') if not _reads(row)]
    with store.change("mended") as connection:
        connection.executemany(f'DELETE FROM "case" {place}', broken)


def _reads(case: Row) -> bool:
    try:
        case_of(case)
    except LibraryError:
        return False
    return True


def _place(case: Row) -> tuple[object, ...]:
    return (case["name"], case["number"], case["position"])


def _mend_rows(store: Store) -> None:
    with store.change("mended") as connection:
        store.mend(connection)
        connection.execute("DELETE FROM tag WHERE name NOT IN (SELECT name FROM skill)")
