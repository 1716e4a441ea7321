"""The store's format: an append-only list of steps, each one transaction."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from habilis.errors import LibraryTooNew, NotALibrary

APPLICATION_ID: Final = 0x4861_6269  # "Habi", in the header of the SQLite file

SESSIONS: Final = """
    ALTER TABLE session ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE session ADD COLUMN waiting TEXT NOT NULL DEFAULT '';
    CREATE TABLE process (
        token TEXT PRIMARY KEY, pid INTEGER NOT NULL, born INTEGER NOT NULL,
        host TEXT NOT NULL, place TEXT NOT NULL, beat_at REAL NOT NULL, beat_s REAL NOT NULL);
    CREATE TABLE claim (
        session TEXT NOT NULL REFERENCES session (name), task TEXT NOT NULL,
        fence INTEGER NOT NULL, process TEXT NOT NULL,
        acting INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (session, task));
    CREATE TABLE step (
        id INTEGER PRIMARY KEY, session TEXT NOT NULL REFERENCES session (name),
        task TEXT NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL,
        request TEXT NOT NULL, state TEXT NOT NULL, content TEXT NOT NULL DEFAULT '',
        author TEXT NOT NULL DEFAULT '', process TEXT NOT NULL DEFAULT '',
        at REAL NOT NULL, elapsed_s REAL NOT NULL, requests INTEGER NOT NULL DEFAULT 0,
        input_tokens INTEGER NOT NULL DEFAULT 0, output_tokens INTEGER NOT NULL DEFAULT 0,
        usd REAL DEFAULT 0, seconds REAL NOT NULL DEFAULT 0);
    CREATE UNIQUE INDEX step_that_counts ON step (session, task, number)
        WHERE state IN ('begun', 'done');
    CREATE INDEX step_undone ON step (session, task)
        WHERE state IN ('begun', 'in_doubt', 'dropped');
    CREATE TABLE host_call (
        session TEXT NOT NULL REFERENCES session (name), task TEXT NOT NULL,
        position INTEGER NOT NULL, step INTEGER NOT NULL, name TEXT NOT NULL,
        arguments TEXT NOT NULL, state TEXT NOT NULL, value TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (session, task, position));
    CREATE TABLE account (
        scope TEXT PRIMARY KEY, most_tokens INTEGER, most_usd REAL, most_steps INTEGER,
        most_seconds REAL, tokens INTEGER NOT NULL DEFAULT 0, usd REAL NOT NULL DEFAULT 0,
        unpriced INTEGER NOT NULL DEFAULT 0, steps INTEGER NOT NULL DEFAULT 0,
        seconds REAL NOT NULL DEFAULT 0, reserved_tokens INTEGER NOT NULL DEFAULT 0,
        reserved_usd REAL NOT NULL DEFAULT 0);
    """

# Never edit a step that was released; add another one.
STEPS: Final[tuple[str, ...]] = (
    """
    CREATE TABLE change (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL,
        kind TEXT NOT NULL, name TEXT NOT NULL);
    CREATE TABLE version (
        hash TEXT NOT NULL, name TEXT NOT NULL, number INTEGER NOT NULL,
        source TEXT NOT NULL, signature TEXT NOT NULL, description TEXT NOT NULL,
        requires TEXT NOT NULL, provenance TEXT NOT NULL,
        PRIMARY KEY (name, number), UNIQUE (name, hash));
    CREATE TABLE skill (
        name TEXT PRIMARY KEY, number INTEGER NOT NULL, state TEXT NOT NULL,
        called INTEGER NOT NULL DEFAULT 0, helped INTEGER NOT NULL DEFAULT 0,
        failed INTEGER NOT NULL DEFAULT 0,
        FOREIGN KEY (name, number) REFERENCES version (name, number));
    CREATE TABLE "case" (
        name TEXT NOT NULL, number INTEGER NOT NULL, position INTEGER NOT NULL,
        arguments TEXT NOT NULL, keywords TEXT NOT NULL, expected TEXT NOT NULL,
        origin TEXT NOT NULL, PRIMARY KEY (name, number, position),
        FOREIGN KEY (name, number) REFERENCES version (name, number));
    CREATE TABLE solved_task (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL REFERENCES skill (name),
        instruction TEXT NOT NULL, UNIQUE (name, instruction));
    CREATE TABLE embedding (
        id INTEGER PRIMARY KEY, encoder TEXT NOT NULL, text_hash TEXT NOT NULL,
        vector BLOB NOT NULL, UNIQUE (encoder, text_hash));
    CREATE TABLE session (
        name TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, count INTEGER NOT NULL,
        source TEXT NOT NULL, state TEXT NOT NULL, started_at REAL NOT NULL,
        stop_requested INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE finished_task (
        session TEXT NOT NULL REFERENCES session (name), key TEXT NOT NULL,
        result TEXT NOT NULL, finished_at REAL NOT NULL, PRIMARY KEY (session, key));
    """,
    # Uses one by one instead of three counters, so that what a skill has saved can be told;
    # counted ones become rows without a task or a time. Proofs, tags, and texts only asked.
    """
    ALTER TABLE version ADD COLUMN evidence TEXT NOT NULL DEFAULT '';
    ALTER TABLE skill ADD COLUMN retrieved INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE use (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL, number INTEGER NOT NULL,
        task TEXT NOT NULL, helped INTEGER NOT NULL, nested INTEGER NOT NULL,
        seconds REAL, tokens INTEGER, at REAL,
        FOREIGN KEY (name, number) REFERENCES version (name, number));
    CREATE INDEX use_of ON use (name, helped);
    INSERT INTO use (name, number, task, helped, nested)
        WITH RECURSIVE counted (name, number, helped, times) AS (
            SELECT name, number, 1, helped FROM skill
            UNION ALL SELECT name, number, 0, called - helped FROM skill
            UNION ALL SELECT name, number, helped, times - 1 FROM counted WHERE times > 1)
        SELECT name, number, '', helped, 0 FROM counted WHERE times > 0;
    ALTER TABLE skill DROP COLUMN called;
    ALTER TABLE skill DROP COLUMN helped;
    ALTER TABLE skill DROP COLUMN failed;
    CREATE TABLE tag (
        name TEXT NOT NULL REFERENCES skill (name), tag TEXT NOT NULL,
        PRIMARY KEY (name, tag)) WITHOUT ROWID;
    CREATE INDEX solved_by ON solved_task (name, id);
    ALTER TABLE embedding ADD COLUMN asked INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX asked_embedding ON embedding (id) WHERE asked = 1;
    CREATE TABLE fact (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    INSERT INTO fact VALUES ('library', lower(hex(randomblob(8))));
    """,
    SESSIONS,
)


def read_format(connection: sqlite3.Connection, path: str) -> int:
    """Return the number of a file's format, 0 for an empty file.

    Raises:
        NotALibrary: the file is no SQLite database, or somebody else's.
        LibraryTooNew: a newer habilis wrote it.
    """
    try:
        connection.execute("BEGIN")  # one moment of the file: another process may be making it
        try:
            format_number = int(connection.execute("PRAGMA user_version").fetchone()[0])
            owner = connection.execute("PRAGMA application_id").fetchone()[0]
            tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
    except sqlite3.DatabaseError as error:
        if "not a database" not in str(error):
            raise
        raise NotALibrary(f"{path!r} is no skill library: it is not an SQLite file") from None
    if owner != APPLICATION_ID and (tables or format_number or owner):
        raise NotALibrary(f"{path!r} is no skill library: it is another program's database")
    if format_number > len(STEPS):
        raise LibraryTooNew(
            f"{path!r} has format {format_number}, this habilis knows up to {len(STEPS)}; "
            "upgrade habilis, or use another library"
        )
    return format_number


def migrate(connection: sqlite3.Connection, path: str) -> None:
    """Bring a file to the newest format; an empty file becomes a new store.

    All in one transaction. Before it, an older file is copied beside itself
    (`habilis.db.format-1`), as it was when the lock was taken.

    Raises:
        NotALibrary: the file is no SQLite database, or somebody else's.
        LibraryTooNew: a newer habilis wrote it.
    """
    if read_format(connection, path) == len(STEPS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:  # another process may have migrated while this one waited for the lock
        format_number = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if 0 < format_number < len(STEPS):
            copy_file(path, f"{path}.format-{format_number}")
        for step in STEPS[format_number:]:
            for statement in step.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(STEPS)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def copy_file(path: str, to: str) -> None:
    """Copy a database as it stands at one moment, while others may use it; all or nothing."""
    unfinished = Path(f"{to}.{os.getpid()}.unfinished")
    try:
        with (
            closing(sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True)) as old,
            closing(sqlite3.connect(unfinished)) as new,
        ):
            old.backup(new)
        with unfinished.open("rb") as written:
            os.fsync(written.fileno())
        unfinished.replace(to)
    finally:
        unfinished.unlink(missing_ok=True)
