"""What is wrong with the truth, what of it can be mended, copies of it, and its sizes."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from habilis.errors import LibraryError, NotALibrary
from habilis.memory import records
from habilis.memory.address import Address
from habilis.memory.migrations import copy_file, read_format
from habilis.memory.sqlite import FILE_NAME
from habilis.memory.store import Row, Store
from habilis.skills.skill import Skill, SkillState, content_hash, read_source

_FLOAT_BYTES = 4


def problems(store: Store) -> list[str]:
    """Return what is inconsistent in the store, as sentences; empty when all is well."""
    found = store.faults()
    found += [f"embedding {row[0]} of {row[1]!r} is damaged" for row in _bad_embeddings(store)]
    unread = list(_unreadable(store))
    if unread:
        return found + unread
    pinned = {(row["name"], row["hash"]) for row in store.rows("SELECT name, hash FROM version")}
    for skill in records.current_skills(store, states=tuple(SkillState), cases=False):
        found += _pin_problems(skill, pinned)
    return found


def mend(store: Store) -> None:
    """Put right what can be, without losing what is whole.

    Broken indexes are made anew, damaged embeddings dropped (they are encoded again), a
    skill whose version is gone gets its newest one, rows that point to nothing go.
    """
    bad = [(row[0],) for row in _bad_embeddings(store)]
    with store.change("mended") as connection:
        connection.executemany("DELETE FROM embedding WHERE id = ?", bad)
        connection.execute(
            "UPDATE skill SET number = (SELECT max(number) FROM version v WHERE v.name = "
            "skill.name) WHERE name IN (SELECT name FROM version) AND NOT EXISTS (SELECT 1 "
            "FROM version v WHERE v.name = skill.name AND v.number = skill.number)"
        )
        store.mend(connection)
        connection.execute("DELETE FROM tag WHERE name NOT IN (SELECT name FROM skill)")


def restore(where: str | Path | Address, copy: Path) -> Path | None:
    """Put a copy in the library's place; return where the present state was kept, if any.

    The present content is first copied beside itself. It is replaced as SQLite's own
    transaction, so that processes which have it open go on with the restored one.

    Raises:
        LibraryError: the copy is not there, or damaged; or the library is on a server.
        NotALibrary: the copy is something else.
        LibraryTooNew: a newer habilis made it.
    """
    address = Address.of(where)
    if address.on_server:
        raise LibraryError(
            f"the library {str(address)!r} is in Postgres: put a copy back with `pg_restore`, "
            "then run `habilis library check --fix` on each machine"
        )
    if not copy.is_file():
        raise LibraryError(f"there is no backup {str(copy)!r}")
    folder = Path(address.given)
    path, kept = folder / FILE_NAME, None
    with closing(_opened(copy)) as old:
        if read_format(old, str(copy)) == 0:
            raise NotALibrary(f"{str(copy)!r} is no backup of a library: it is empty")
        state = old.execute("PRAGMA integrity_check").fetchone()[0]
        if state != "ok":
            raise LibraryError(f"the backup {str(copy)!r} is damaged: {state}")
        folder.mkdir(parents=True, exist_ok=True)
        if path.exists():
            kept = _free_name(path)
            try:
                copy_file(str(path), str(kept))
            except sqlite3.DatabaseError:  # too damaged to read: kept byte by byte, out of the way
                for part in (path, *(Path(f"{path}-{end}") for end in ("wal", "shm"))):
                    if part.exists():
                        part.replace(f"{kept}{part.name.removeprefix(path.name)}")
        with closing(sqlite3.connect(path)) as new:
            number = _last_change(new)
            old.backup(new)
            with new:  # numbers never go back, so that whoever has read further notices
                new.execute(
                    "INSERT INTO change (seq, at, kind, name) VALUES (?, ?, 'restored', '')",
                    (max(number, _last_change(new)) + 1, time.time()),
                )
    return kept


def _opened(copy: Path) -> sqlite3.Connection:
    """Open a copy for reading; where nobody else has it open, without files beside it."""
    mode = "mode=ro" if Path(f"{copy}-wal").exists() else "mode=ro&immutable=1"
    return sqlite3.connect(f"{copy.absolute().as_uri()}?{mode}", uri=True)


def stats(store: Store) -> dict[str, object]:
    """Return counts and sizes: skills by state, versions, cases, uses, vectors, bytes.

    `callers` are the skills, archived ones aside, that call others, `callers_share` is
    their share of all; `nested_uses` are calls by another skill.
    """
    count = {
        table: store.rows(f'SELECT count(*) FROM "{table}"')[0][0]
        for table in ("skill", "version", "case", "use", "solved_task", "embedding", "change")
    }
    states = store.rows("SELECT state, count(*) AS n FROM skill GROUP BY state ORDER BY state")
    encoders = store.rows("SELECT encoder, count(*) AS n FROM embedding GROUP BY encoder")
    found = "SELECT count(*) FROM skill s JOIN version v USING (name, number) WHERE s.state != ?"
    put_away = (SkillState.ARCHIVED.value,)
    skills = store.rows(found, put_away)[0][0]
    callers = store.rows(f"{found} AND v.requires != '{{}}'", put_away)[0][0]
    size = store.size_bytes()
    return {
        "format": store.format(),
        "skills": count["skill"],
        "states": {row["state"]: row["n"] for row in states},
        "versions": count["version"],
        "cases": count["case"],
        "uses": count["use"],
        "nested_uses": store.rows("SELECT count(*) FROM use WHERE nested = 1")[0][0],
        "callers": callers,
        "callers_share": round(callers / skills, 4) if skills else None,
        "solved_tasks": count["solved_task"],
        "vectors": {row["encoder"]: row["n"] for row in encoders},
        "changes": count["change"],
        "bytes": size,
        "bytes_per_skill": round(size / count["skill"]) if count["skill"] else None,
    }


def _bad_embeddings(store: Store) -> list[Row]:
    """Return (id, encoder) of vectors of another length than most of their encoder, or none."""
    return store.rows(
        "SELECT e.id, e.encoder FROM embedding e JOIN (SELECT encoder, length(vector) AS size, "
        "rank() OVER (PARTITION BY encoder ORDER BY count(*) DESC, length(vector) DESC) AS place "
        "FROM embedding GROUP BY encoder, length(vector)) usual ON usual.encoder = e.encoder "
        f"AND place = 1 WHERE length(vector) != size OR length(vector) % {_FLOAT_BYTES} != 0 "
        "OR length(vector) = 0"
    )


def _unreadable(store: Store) -> Iterator[str]:
    for row in store.rows("SELECT name, number, hash, source, requires, evidence FROM version"):
        where = f"version {row['number']} of {row['name']!r}"
        try:
            requires = json.loads(row["requires"])
            json.loads(row["evidence"] or "null")
        except ValueError as error:
            yield f"{where} cannot be read: {error}"
            continue
        if content_hash(row["source"], requires) != row["hash"]:
            yield f"{where} is not what its hash says: put back a backup"


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


def _last_change(connection: sqlite3.Connection) -> int:
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'change'").fetchone():
        return 0
    return int(connection.execute("SELECT coalesce(max(seq), 0) FROM change").fetchone()[0])


def _free_name(path: Path) -> Path:
    number = 1
    while path.with_name(f"{path.name}.before-restore-{number}").exists():
        number += 1
    return path.with_name(f"{path.name}.before-restore-{number}")
