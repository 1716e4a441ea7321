from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from habilis import SkillLibrary
from habilis.errors import LibraryReadOnly
from habilis.memory.migrations import APPLICATION_ID, STEPS, migrate
from habilis.skills.skill import content_hash

SOURCE = 'def shout(text: str) -> str:\n    """Return it."""\n    return text\n'
ROWS = f"""
INSERT INTO version VALUES ('{content_hash(SOURCE, {})}', 'shout', 1, '{SOURCE}',
    '(text: str) -> str', 'Return it.', '{{}}',
    '{{"task": "t", "author": "a", "made_at": 1.0, "session": "", "untrusted": ["x"]}}');
INSERT INTO skill VALUES ('shout', 1, 'active', 5, 3, 2);
INSERT INTO "case" VALUES ('shout', 1, 0, '["a"]', '{{}}', '"a"', 'user');
INSERT INTO solved_task (name, instruction) VALUES ('shout', 'shout at me');
INSERT INTO change (at, kind, name) VALUES (1.0, 'skill_added', 'shout');
"""


def make_old(folder: Path) -> Path:
    """Write a library as the first format was."""
    folder.mkdir()
    path = folder / "habilis.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(STEPS[0] + ROWS)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    return path


def test_an_older_library_is_brought_up_to_date(tmp_path: Path) -> None:
    """Nothing is lost: counted uses become rows, cases keep their origin, a copy stays."""
    path = make_old(tmp_path / "l")
    with SkillLibrary(tmp_path / "l", index="exact") as library:
        skill = library.get("shout")
        assert (skill.state, skill.cases[0].origin) == ("active", "user")
        assert skill.provenance.untrusted == ("x",) and skill.provenance.tokens is None
        figures = library.ledger("shout")
        assert (figures.called, figures.helped, figures.failed) == (5, 3, 2)
        assert figures.last_used is None and {use.task for use in library.uses("shout")} == {""}
        assert library.check() == []
    with closing(sqlite3.connect(f"{path}.format-1")) as copy:
        assert copy.execute("PRAGMA user_version").fetchone() == (1,)
        assert copy.execute("SELECT called FROM skill").fetchone() == (5,)


def test_a_migration_that_fails_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All steps are one transaction."""
    path = make_old(tmp_path / "l")
    broken = (*STEPS, "CREATE TABLE later (x); INSERT INTO nowhere VALUES (1)")
    monkeypatch.setattr("habilis.memory.migrations.STEPS", broken)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        with pytest.raises(sqlite3.OperationalError, match="nowhere"):
            migrate(connection, str(path))
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert connection.execute("SELECT called FROM skill").fetchone() == (5,)
    monkeypatch.undo()
    with SkillLibrary(tmp_path / "l", index="exact") as library:
        assert library.names() == ["shout"] and library.check() == []


def test_an_older_library_that_may_only_be_read(tmp_path: Path) -> None:
    """It is not touched, and the message says why it cannot be read."""
    path = make_old(tmp_path / "l")
    before = path.read_bytes()
    with pytest.raises(LibraryReadOnly, match="format 1"):
        SkillLibrary(tmp_path / "l", read_only=True)
    assert path.read_bytes() == before
