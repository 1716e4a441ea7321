from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from habilis import SkillLibrary
from habilis.errors import ClaimLost, LibraryError, LibraryTooNew, NotALibrary
from habilis.memory.sqlite import FILE_NAME
from habilis.memory.upkeep import restore
from tests.making import HashEncoder, make_skill, simple

SHOUT = simple("shout", "Return the text in capitals.")
WHISPER = simple("whisper", "Return the text in small letters.")


def spoil(library: SkillLibrary, sql: str, *values: object) -> None:
    """Write into the file behind the library's back, as a defect would."""
    with closing(sqlite3.connect(library.path / FILE_NAME)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(sql, values)


def test_damaged_vectors_are_made_again(library: SkillLibrary) -> None:
    """Of a wrong length: reported, mended, and the skill is found as before."""
    library.add(SHOUT)
    library.add(WHISPER)
    assert library.search("capitals")
    spoil(library, "UPDATE embedding SET vector = ? WHERE id = 1", np.zeros(5, "f4").tobytes())
    assert "damaged" in library.check()[0]
    assert library.check(fix=True) == []
    assert library.search("capitals")[0].skill.name == "shout"


def test_a_check_writes_nothing(library: SkillLibrary) -> None:
    """Not even a vector in place of a damaged one: that is for `fix`."""
    library.add(SHOUT)
    library.add(WHISPER)
    assert library.search("capitals")
    spoil(library, "UPDATE embedding SET vector = ? WHERE id = 1", np.zeros(5, "f4").tobytes())
    library.add(simple("new", "Has no vector yet."))
    before = [tuple(row) for row in library.store.rows("SELECT * FROM embedding")]
    with SkillLibrary(library.path, index="exact") as other:
        assert "damaged" in other.check()[0]
    assert [tuple(row) for row in library.store.rows("SELECT * FROM embedding")] == before
    assert library.check(fix=True) == []


def test_a_skill_whose_version_is_gone(library: SkillLibrary) -> None:
    """It falls back to the newest one there is; rows that point to nothing go."""
    library.add(SHOUT)
    spoil(library, "UPDATE skill SET number = 7")
    spoil(library, "INSERT INTO tag VALUES ('nobody', 'text')")
    spoil(
        library,
        "INSERT INTO use (name, number, task, helped, nested) VALUES ('nobody', 1, '', 1, 0)",
    )
    assert len(library.check()) == 3
    assert library.check(fix=True) == []
    assert library.get("shout").version == 1


def test_a_source_that_was_changed_is_reported(library: SkillLibrary) -> None:
    """A version is what its hash says; what is not cannot be mended, only restored."""
    library.add(SHOUT)
    copy = library.backup(library.path / "copy.db")
    spoil(library, "UPDATE version SET source = source || '# more'")
    assert "hash" in library.check(fix=True)[0]
    restore(library.path, copy)
    assert library.check() == [] and library.get("shout") == SHOUT


def test_a_backup_holds_everything_and_is_put_back_in_use(library: SkillLibrary) -> None:
    """The library that has it open sees the restored state at its next call."""
    library.add(SHOUT)
    library.search("capitals")
    copy = library.backup(library.path / "backups" / "one.db")
    library.add(WHISPER)
    assert library.names() == ["shout", "whisper"]
    kept = restore(library.path, copy)
    assert library.names() == ["shout"]
    assert [hit.skill.name for hit in library.search("small letters", k=5)] == ["shout"]
    assert library.check() == []
    assert kept is not None
    restore(library.path, kept)
    assert library.names() == ["shout", "whisper"]
    assert library.search("small letters")[0].skill.name == "whisper"


def test_a_session_under_way_is_told_that_its_library_was_put_back(library: SkillLibrary) -> None:
    """It is not said that another process has taken it over: there is none."""
    journal = library.journal
    before = library.backup(library.path / "before.db")
    journal.make_session("s", fingerprint="f", count=1, source="")
    journal.claims.release(journal.claims.take("s"))
    between = library.backup(library.path / "between.db")
    for copy in (before, between):
        journal.make_session("s", fingerprint="f", count=1, source="")
        journal.claims.release(journal.claims.take("s"))
        claim = journal.claims.take("s")
        restore(library.path, copy)
        with pytest.raises(ClaimLost, match="the library was put back, or changed for another"):
            journal.open_session(claim)
        journal.claims.release(claim)


def test_a_library_that_is_gone_keeps_nothing_more(tmp_path: Path) -> None:
    """What would be lost is refused; one that was only moved goes on."""
    here, there = tmp_path / "here", tmp_path / "there"
    with SkillLibrary(here, encoder=HashEncoder(), index="exact") as library:
        library.add(SHOUT)
        copy = library.backup(tmp_path / "copy.db")
        here.rename(there)
        library.add(WHISPER)
        assert not library.store.gone
        copy.replace(there / "habilis.db")
        with pytest.raises(LibraryError, match="another file was put in its place"):
            library.archive("shout")
        assert library.store.gone
    with SkillLibrary(there, encoder=HashEncoder(), index="exact") as library:
        for path in there.glob("habilis.db*"):
            path.unlink()
        with pytest.raises(LibraryError, match="was removed"):
            library.archive("shout")


def test_a_backup_overwrites_nothing(library: SkillLibrary) -> None:
    """Its name must be free."""
    (library.path / "mine").write_text("mine")
    with pytest.raises(LibraryError, match="exists already"):
        library.backup(library.path / "mine")
    with pytest.raises(LibraryError, match="cannot be written"):
        library.backup(library.path / "mine" / "deep")


def test_what_is_no_backup_is_not_restored(library: SkillLibrary, tmp_path: Path) -> None:
    """Somebody else's database, a newer one, a damaged one, none: the library stays."""
    library.add(SHOUT)
    with pytest.raises(LibraryError, match="no backup"):
        restore(library.path, tmp_path / "none")
    (tmp_path / "text").write_text("no database " * 400)
    (tmp_path / "empty").touch()
    with closing(sqlite3.connect(tmp_path / "foreign")) as other, other:
        other.execute("CREATE TABLE mine (x)")
    newer = library.backup(tmp_path / "newer")
    with closing(sqlite3.connect(newer)) as other, other:
        other.execute("PRAGMA user_version = 99")
    for name in ("text", "empty", "foreign"):
        with pytest.raises(NotALibrary):
            restore(library.path, tmp_path / name)
    with pytest.raises(LibraryTooNew):
        restore(library.path, newer)
    assert library.names() == ["shout"]


def test_restoring_leaves_nothing_beside_the_copy(tmp_path: Path) -> None:
    """Nor does it need to write there; a library in use may be restored from, too."""
    with SkillLibrary(tmp_path / "l", index="exact") as library:
        library.add(SHOUT)
        (tmp_path / "copies").mkdir()
        copy = library.backup(tmp_path / "copies" / "copy")
    restore(tmp_path / "l", copy)
    assert list((tmp_path / "copies").iterdir()) == [copy]
    with SkillLibrary(tmp_path / "l", index="exact") as library:
        library.add(WHISPER)
        restore(tmp_path / "other", library.path / FILE_NAME)
    with SkillLibrary(tmp_path / "other", index="exact") as library:
        assert library.names() == ["shout", "whisper"]


def test_a_library_too_damaged_to_read_is_restored(tmp_path: Path) -> None:
    """What was there is kept aside."""
    with SkillLibrary(tmp_path / "l", index="exact") as library:
        library.add(SHOUT)
        copy = library.backup(tmp_path / "copy")
    (tmp_path / "l" / "habilis.db").write_bytes(b"no database" * 500)
    kept = restore(tmp_path / "l", copy)
    assert kept is not None and kept.read_bytes().startswith(b"no database")
    with SkillLibrary(tmp_path / "l", index="exact") as library:
        assert library.get("shout") == SHOUT and library.check() == []


def test_counts_and_sizes(library: SkillLibrary) -> None:
    """What `stats` says of a small library."""
    library.add(SHOUT)
    library.add(WHISPER)
    library.archive("whisper")
    library.search("capitals")
    stats = library.stats()
    assert (stats["skills"], stats["states"]) == (2, {"archived": 1, "candidate": 1})
    assert isinstance(stats["bytes_per_skill"], int) and stats["vectors"]
    source = SHOUT.source.replace("def shout", "def shout_twice")
    library.add(
        make_skill(f"from skills import shout\n\n\n{source}", requires={"shout": SHOUT.hash})
    )
    library.record_use("shout", helped=True, nested=True)
    stats = library.stats()
    assert (stats["callers"], stats["callers_share"], stats["nested_uses"]) == (1, 0.5, 1)
