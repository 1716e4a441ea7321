"""Copies of the truth, put back in its place, and its sizes."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from habilis.errors import LibraryError, NotALibrary
from habilis.memory.address import Address
from habilis.memory.migrations import copy_file, read_format
from habilis.memory.sqlite import FILE_NAME
from habilis.memory.store import Store
from habilis.skills.skill import SkillState


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


def _last_change(connection: sqlite3.Connection) -> int:
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'change'").fetchone():
        return 0
    return int(connection.execute("SELECT coalesce(max(seq), 0) FROM change").fetchone()[0])


def _free_name(path: Path) -> Path:
    number = 1
    while path.with_name(f"{path.name}.before-restore-{number}").exists():
        number += 1
    return path.with_name(f"{path.name}.before-restore-{number}")
