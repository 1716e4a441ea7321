from __future__ import annotations

import multiprocessing
import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from habilis import SkillLibrary
from habilis.errors import LibraryError, LibraryReadOnly, LibraryTooNew, NotALibrary, SkillNotFound
from habilis.memory.opening import open_store
from habilis.memory.sqlite import SqliteStore
from tests.making import simple

pytestmark = pytest.mark.on_both_stores


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that another user can reach."""
    made = Path(tempfile.mkdtemp())
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def _read_as_nobody(folder: Path) -> None:
    if os.geteuid() == 0:  # root may write everywhere
        os.setgid(65534)
        os.setuid(65534)
    for read_only in (False, True):
        with SkillLibrary(folder / "l", read_only=read_only) as library:
            assert library.names() == ["shout"] and library["shout"].skill.version == 1
            with pytest.raises(LibraryReadOnly, match="cannot be written"):
                library.add(simple("other", "Other."))
    with pytest.raises(LibraryReadOnly, match="cannot be made"):
        SkillLibrary(folder / "l" / "new")


def test_a_folder_that_may_only_be_read(folder: Path) -> None:
    """Reading works, also of a file whose log is not there; writing says what to do."""
    with SkillLibrary(folder / "l", index="exact") as library:
        library.add(simple("shout", "Return the text in capitals."))
    (folder / "l").chmod(0o555)
    child = multiprocessing.get_context("fork").Process(target=_read_as_nobody, args=(folder,))
    child.start()
    child.join()
    (folder / "l").chmod(0o755)
    assert child.exitcode == 0


def test_a_file_taken_as_unchanging_is_read_again_when_it_changes(tmp_path: Path) -> None:
    """Who may only read sees what the owner writes."""
    with SkillLibrary(tmp_path / "l", index="exact") as library:
        library.add(simple("shout", "Return the text in capitals."))
    reader = SkillLibrary(tmp_path / "l", read_only=True)
    store = reader.store
    assert isinstance(store, SqliteStore)
    store._drop_connection()
    store._frozen = store._stamp()
    store._connect("mode=ro&immutable=1")
    assert reader.names() == ["shout"]
    with SkillLibrary(tmp_path / "l", index="exact") as library:
        library.add(simple("whisper", "Return the text in small letters."))
        library.add(simple("hum", "Return no text."))
    assert reader.names() == ["hum", "shout", "whisper"]
    reader.close()


@pytest.mark.parametrize("read_only", [False, True])
def test_foreign_files_are_refused_in_every_mode(tmp_path: Path, read_only: bool) -> None:
    """Opening for reading is as careful as opening for writing."""
    for name in ("foreign", "newer", "text", "nothing"):
        (tmp_path / name).mkdir()
    with sqlite3.connect(tmp_path / "foreign" / "habilis.db") as connection:
        connection.execute("CREATE TABLE mine (x)")
    connection.close()
    (tmp_path / "text" / "habilis.db").write_text("no database " * 400)
    SkillLibrary(tmp_path / "newer").close()
    with sqlite3.connect(tmp_path / "newer" / "habilis.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    for name in ("foreign", "text"):
        with pytest.raises(NotALibrary, match=name):
            SkillLibrary(tmp_path / name, read_only=read_only)
    with pytest.raises(LibraryTooNew, match="format 99"):
        SkillLibrary(tmp_path / "newer", read_only=read_only)
    with pytest.raises(NotALibrary, match="no library"):
        SkillLibrary(tmp_path / "nothing", read_only=True)


def test_a_path_under_a_file(tmp_path: Path) -> None:
    """No folder can be made there, and the message names it."""
    (tmp_path / "file").write_text("mine")
    with pytest.raises(LibraryReadOnly, match="deep"):
        SkillLibrary(tmp_path / "file" / "deep")


def test_many_make_the_same_library_at_once(tmp_path: Path) -> None:
    """One makes it, all others find it made."""
    failed: list[Exception] = []

    def make(folder: Path, start: threading.Barrier) -> None:
        start.wait()
        try:
            open_store(folder).close()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            failed.append(error)

    for number in range(12):
        start = threading.Barrier(8)
        threads = [
            threading.Thread(target=make, args=(tmp_path / str(number), start)) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failed == []


def test_threads_write_through_one_store(library: SkillLibrary) -> None:
    """Every change is whole and has its own number."""

    def add(prefix: str) -> None:
        for number in range(20):
            library.add(simple(f"{prefix}_{number}", "Return it."))

    threads = [threading.Thread(target=add, args=(prefix,)) for prefix in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(library) == 80 and library.store.last_change() == 80


def test_a_closed_library_says_so(address: str) -> None:
    """It neither opens itself again nor looks empty."""
    library = SkillLibrary(address, index="exact")
    library.close()
    library.close()
    for use in (library.names, lambda: library.search("x"), lambda: library.get("x")):
        with pytest.raises(LibraryError, match="is closed"):
            use()


def test_a_damaged_file_is_explained(tmp_path: Path) -> None:
    """Damage is an error of ours with the path, never an empty answer."""
    with SkillLibrary(tmp_path / "l", index="exact") as library:
        for number in range(50):
            library.add(simple(f"f_{number}", "Return it."))
    file = tmp_path / "l" / "habilis.db"
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    file.write_bytes(content)
    with (
        pytest.raises(LibraryError, match=r"habilis\.db.*damaged"),
        SkillLibrary(tmp_path / "l", index="exact") as library,
    ):
        library.names()


def test_text_that_is_no_unicode(library: SkillLibrary) -> None:
    """A task from a terminal may hold stray bytes; they are kept as escapes."""
    library.add(simple("shout", "Return the text in capitals."))
    library.add_solved_task("shout", "stray \udcff byte")
    library.journal.make_session("s\udcff", fingerprint="", count=1, source="f\udcff")
    claim = library.journal.claims.take("s\udcff", "k\udcff")
    library.journal.finish_task(claim, '"\udcff"')
    library.journal.claims.release(claim)
    assert [row.name for row in library.journal.sessions()] == ["s\\udcff"]
    assert library.journal.finished("s\udcff") == {"k\\udcff": '"\\udcff"'}
    assert "bad\udcff" not in library
    assert library.search("stray \udcff byte")[0].skill.name == "shout"


def test_uses_and_solved_tasks_of_a_skill_that_is_not_there(library: SkillLibrary) -> None:
    """They are refused, not lost in silence."""
    library.add(simple("shout", "Return the text in capitals."))
    with pytest.raises(SkillNotFound, match="shout"):
        library.record_use("shoot", helped=True)
    with pytest.raises(SkillNotFound, match="shout"):
        library.add_solved_task("shoot", "a task")


def test_a_task_finishes_once(library: SkillLibrary) -> None:
    """The first result stands; results come back in the order they came."""
    journal = library.journal
    journal.make_session("s", fingerprint="f", count=3, source="tasks.jsonl")
    for key, result in (("b", "1"), ("a", "2"), ("b", "3")):
        claim = journal.claims.take("s", key)
        journal.finish_task(claim, result)
        journal.claims.release(claim)
    assert list(journal.finished("s").items()) == [("b", "1"), ("a", "2")]
    assert journal.finished("other") == {}


def test_a_stop_is_asked_for_and_forgotten_at_the_next_start(
    library: SkillLibrary, address: str
) -> None:
    """Another process may ask; a session that goes on starts without the flag."""
    library.journal.make_session("s", fingerprint="f", count=1, source="")
    claim = library.journal.claims.take("s")
    library.journal.open_session(claim)
    with SkillLibrary(address, index="exact") as other:
        other.journal.request_stop("s")
    assert library.journal.stop_requested("s") and not library.journal.stop_requested("t")
    library.journal.close_session(claim, state="stopped")
    row = library.journal.session("s")
    assert row is not None and (row.state, row.count) == ("stopped", 1)
    library.journal.open_session(claim)
    library.journal.claims.release(claim)
    assert not library.journal.stop_requested("s")
