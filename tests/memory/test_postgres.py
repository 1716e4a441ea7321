"""What only a library in Postgres has: a server that goes, passwords, other machines."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import stat
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from habilis import SkillLibrary
from habilis.agent.cli import app
from habilis.errors import (
    ConfigError,
    LibraryError,
    LibraryReadOnly,
    LibraryTooNew,
    NotALibrary,
    SessionBusy,
)
from habilis.memory.dialect import schema_in_postgres
from habilis.memory.journal import Journal
from habilis.memory.migrations import STEPS
from habilis.memory.opening import open_store
from habilis.memory.store import Store
from habilis.memory.upkeep import restore
from habilis.skills.skill import Provenance
from tests.making import HashEncoder, simple
from tests.memory.test_migrations import ROWS
from tests.postgres_server import PostgresServer

SHOUT = simple("shout", "Return the text in capitals.")
SECRET = "s3cret-w0rd"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this machine keeps what is derived."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    return postgres.url()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = open_store(url)
    yield store
    store.close()


def open_library(url: str, **more: str) -> SkillLibrary:
    return SkillLibrary(url, encoder=HashEncoder(), index=more.get("index", "exact"))


def schema_of(url: str) -> str:
    return url.partition("schema=")[2].partition("&")[0]


# a server that goes ----------------------------------------------------------


def test_what_was_acknowledged_survives_the_servers_death(
    postgres: PostgresServer, url: str
) -> None:
    """The server is killed in the middle of writes, three times; the writer goes on."""
    acknowledged: list[int] = []
    cut: list[LibraryError] = []
    enough, progress = threading.Event(), threading.Semaphore(0)

    def write() -> None:
        number = 0
        with open_library(url) as library:
            while not enough.is_set():
                try:
                    library.add(simple(f"skill_{number}", f"Return number {number}."))
                    acknowledged.append(number)
                    progress.release()
                except LibraryError as error:
                    cut.append(error)
                number += 1

    thread = threading.Thread(target=write)
    thread.start()
    for _ in range(3):
        for _ in range(5):
            assert progress.acquire(timeout=60)
        postgres.kill()
        postgres.start()
    assert progress.acquire(timeout=60)
    enough.set()
    thread.join()
    with open_library(url) as library:
        names = set(library.names())
        assert {f"skill_{number}" for number in acknowledged} <= names
        assert len(names) <= len(acknowledged) + len(cut) and library.check() == []
    assert all("acknowledged is kept" in str(error) for error in cut)


def test_a_server_that_was_started_again_is_not_noticed(postgres: PostgresServer, url: str) -> None:
    """Between two calls, reading or writing, the connection is made anew."""
    with open_library(url) as library:
        library.add(SHOUT)
        postgres.kill()
        postgres.start()
        assert library.names() == ["shout"]
        postgres.kill()
        postgres.start()
        library.add(simple("whisper", "Return the text in small letters."))
        assert library.names() == ["shout", "whisper"]


def test_a_change_that_is_cut_off_is_not_acknowledged(
    postgres: PostgresServer, store: Store
) -> None:
    """It raises, nothing of it is there, and the next one goes through."""
    end = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'habilis'"
    )
    with (
        pytest.raises(LibraryError, match="what was acknowledged is kept"),
        store.change("cut", "a") as connection,
    ):
        connection.execute("INSERT INTO fact VALUES ('a', '1')")
        postgres.sql(end)
        connection.execute("INSERT INTO fact VALUES ('b', '2')")
    assert store.last_change() == 0 and store.changes == 0
    with store.change("whole", "a") as connection:
        connection.execute("INSERT INTO fact VALUES ('a', '3')")
    assert store.rows("SELECT value FROM fact WHERE key = 'a'")[0]["value"] == "3"


def test_a_failure_that_was_swallowed_is_no_commit(store: Store) -> None:
    """Postgres answers COMMIT with a rollback then, and no error: that is never acknowledged."""
    with pytest.raises(LibraryError, match="nothing of it is kept"), store.change() as connection:
        connection.execute("INSERT INTO fact VALUES ('a', '1')")
        with contextlib.suppress(sqlite3.IntegrityError):
            connection.execute("INSERT INTO fact VALUES ('a', '2')")
    assert store.rows("SELECT * FROM fact WHERE key = 'a'") == [] and store.changes == 0


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    """What, where and what to do, in one line and without the password."""
    with pytest.raises(LibraryError, match=r"me:\*\*\*@.*cannot be reached.*see that") as error:
        SkillLibrary(f"postgresql://me:{SECRET}@/db?host={tmp_path}")
    assert SECRET not in str(error.value) and "\n" not in str(error.value)


def test_a_writer_that_does_not_let_go(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one writer at a time; a second one waits, and says for how long it did."""
    monkeypatch.setattr("habilis.memory.postgres._BUSY_S", 1.0)
    other = open_store(store.address)
    with store.change(), pytest.raises(LibraryError, match="kept it for 1 s"), other.change():
        pass
    with other.change("later"):
        pass
    other.close()


def test_a_machine_that_is_lost_in_a_change_frees_the_lock(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends a change that does nothing for too long."""
    monkeypatch.setattr("habilis.memory.postgres._IDLE_S", 1.0)
    silent, held = open_store(store.address), threading.Event()

    def hold() -> None:
        with pytest.raises(LibraryError), silent.change("silent") as connection:
            held.set()
            with store.change("other"):
                pass
            connection.execute("SELECT 1")

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(60)
    thread.join()
    assert [row[0] for row in store.rows("SELECT kind FROM change")] == ["other"]
    silent.close()


# who may in ------------------------------------------------------------------


@pytest.fixture
def keyed(postgres: PostgresServer) -> Iterator[str]:
    """The URL, without its password, of a library whose user needs one."""
    postgres.sql(f"CREATE ROLE keyed LOGIN PASSWORD '{SECRET}'")
    postgres.sql("GRANT CREATE ON DATABASE postgres TO keyed")
    yield postgres.url(login="keyed")
    postgres.sql("DROP OWNED BY keyed CASCADE")
    postgres.sql("DROP ROLE keyed")


def test_passwords_from_the_url_and_from_around_it(
    keyed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the URL, in PGPASSWORD and in a .pgpass file; a wrong one is told without itself."""
    with open_library(keyed.replace("keyed@", f"keyed:{SECRET}@")) as library:
        library.add(SHOUT)
    with monkeypatch.context() as around:
        around.setenv("PGPASSWORD", SECRET)
        open_library(keyed).close()
    (tmp_path / "pgpass").write_text(f"*:*:*:keyed:{SECRET}\n")
    (tmp_path / "pgpass").chmod(0o600)
    with monkeypatch.context() as around:
        around.setenv("PGPASSFILE", str(tmp_path / "pgpass"))
        open_library(keyed).close()
    for wrong in (keyed, keyed.replace("keyed@", "keyed:wr0ng@")):
        with pytest.raises(LibraryError, match="cannot be reached") as refused:
            open_library(wrong)
        assert "wr0ng" not in str(refused.value)


def test_no_command_shows_the_password(keyed: str, postgres: PostgresServer, state: Path) -> None:
    """Not on the screen, not in a file of this machine, not in the database."""
    url = keyed.replace("keyed@", f"keyed:{SECRET}@")
    with SkillLibrary(url, encoder=HashEncoder(), index="chroma") as library:
        library.add(SHOUT)
        assert library.search("capitals", anyway=True)
        library.journal.make_session("s", fingerprint="", count=1, source="tasks.jsonl")
    shown = repr(library.store.__dict__) + str(library.path)
    commands = ["library check", "library stats", "library backup x", "library restore x"]
    commands += ["skills list", "session stop s", "session show nothing"]
    for command in commands:
        run = CliRunner().invoke(app, [*command.split(), "--library", url])
        shown += run.output + repr(run.exception)
    shown += CliRunner().invoke(app, ["run", "--help"], env={"HABILIS_LIBRARY": url}).output
    assert "***" in shown and SECRET not in shown
    files = [file.read_bytes() for file in state.rglob("*") if file.is_file()]
    assert files and not any(SECRET.encode() in content for content in files)
    tables = postgres.sql(
        f"SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = "
        f"'{schema_of(url)}'::regnamespace"
    ).split()
    assert tables and not any(
        SECRET in postgres.sql(f'SELECT * FROM "{table}"', schema=schema_of(url))
        for table in tables
    )


def test_a_user_who_may_only_read(url: str, postgres: PostgresServer) -> None:
    """Finds and reads; a write says what is missing."""
    with open_library(url) as library:
        library.add(SHOUT)
        library.encode()
    schema = schema_of(url)
    postgres.sql("CREATE ROLE reader LOGIN")
    try:
        with pytest.raises(LibraryReadOnly, match="cannot be written"):
            open_library(postgres.url(login="reader"))
        postgres.sql(f"GRANT USAGE ON SCHEMA {schema} TO reader")
        postgres.sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO reader")
        with open_library(postgres.url(schema, login="reader")) as library:
            assert library.store.read_only and library.names() == ["shout"]
            assert library.search("shout: Return the text in capitals.")
            with pytest.raises(LibraryReadOnly, match="grant the user"):
                library.add(simple("other", "Other."))
        with SkillLibrary(url, read_only=True) as library, pytest.raises(LibraryReadOnly):
            library.archive("shout")
    finally:
        postgres.sql("DROP OWNED BY reader")
        postgres.sql("DROP ROLE reader")


def test_foreign_newer_and_missing_libraries(postgres: PostgresServer, url: str) -> None:
    """As with a file: refused in either mode, and nothing is touched."""
    schema = schema_of(url)
    postgres.sql(f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.mine (x int)")
    with pytest.raises(NotALibrary, match="no library"):
        SkillLibrary(postgres.url(), read_only=True)
    for read_only in (False, True):
        with pytest.raises(NotALibrary, match="holds other things"):
            SkillLibrary(url, read_only=read_only)
    newer = postgres.url()
    open_library(newer).close()
    postgres.sql("UPDATE habilis_format SET number = 99", schema=schema_of(newer))
    with pytest.raises(LibraryTooNew, match="format 99"):
        SkillLibrary(newer)
    with pytest.raises(ConfigError, match="small letters"):
        SkillLibrary(postgres.url("Robert'); DROP"))


def test_without_psycopg(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra: the message says how to install it."""
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    monkeypatch.delitem(__import__("sys").modules, "habilis.memory.postgres", raising=False)
    with pytest.raises(ConfigError, match=r"habilis\[postgres\]"):
        SkillLibrary("postgresql://me@host/db")


# the same as over SQLite -----------------------------------------------------


def test_many_make_the_same_library_at_once(url: str) -> None:
    """One makes it, all others find it made."""
    failed: list[Exception] = []
    start = threading.Barrier(8)

    def make() -> None:
        start.wait()
        try:
            open_store(url).close()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            failed.append(error)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_an_older_format_is_brought_up_to_date(postgres: PostgresServer, url: str) -> None:
    """The steps are those of SQLite: counted uses become rows, nothing is lost."""
    schema = schema_of(url)
    postgres.sql(f"CREATE SCHEMA {schema}")
    old = schema_in_postgres(STEPS[0]) + ROWS
    mark = "CREATE TABLE habilis_format (number BIGINT); INSERT INTO habilis_format VALUES (1)"
    postgres.sql(f"{old}; {mark}", schema=schema)
    with open_library(url) as library:
        figures = library.ledger("shout")
        assert (figures.called, figures.helped, figures.failed) == (5, 3, 2)
        assert library.get("shout").state == "active" and library.check() == []
        assert library.stats()["format"] == len(STEPS)


def test_texts_and_numbers_come_back_as_they_were(url: str) -> None:
    """NUL and half a surrogate in a task do not hide what the skill has saved."""
    made = Provenance(
        task='"seconds": 1 \0 \ud800', author="t", made_at=1.0, seconds=10.0, tokens=900
    )
    with open_library(url) as library:
        library.add(replace(SHOUT, provenance=made))
        library.record_use("shout", helped=True, task="a\0b", seconds=4.0, tokens=100)
        figures = library.ledger("shout")
        assert (figures.seconds_saved, figures.tokens_saved, figures.helped) == (6.0, 800, 1)
        assert type(figures.tokens_saved) is type(figures.helped) is int
        assert library.get("shout").provenance == made
        assert [use.task for use in library.uses("shout")] == ["a\\x00b"]
        library.tag("shout", "Zoo", "ähnlich", "apple")
        assert library.tags("shout") == ("Zoo", "apple", "ähnlich")
        assert json.dumps(library.stats())


def test_what_is_derived_lies_on_this_machine(url: str, state: Path) -> None:
    """In a folder that only its owner reads, one for each library; Chroma goes on with it."""
    for index in ("chroma", "chroma", "exact"):
        with open_library(url, index=index) as library:
            library.add(SHOUT)
            assert library.index_kind == index and library.check() == []
            folder = library.path
    assert folder.parent == state / "habilis" and stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (folder / "chroma").exists()


def test_copies_are_the_servers_business(url: str, tmp_path: Path) -> None:
    """`backup` and `restore` say which programs do it."""
    with open_library(url) as library, pytest.raises(LibraryError, match=r"pg_dump .*--schema=t_"):
        library.backup(tmp_path / "copy")
    with pytest.raises(LibraryError, match="pg_restore"):
        restore(url, tmp_path / "copy")


def test_leases_run_on_the_servers_clock(url: str) -> None:
    """A machine whose clock is wrong by a day neither loses its claims nor takes others'."""
    here, there = open_store(url), open_store(url, clock=lambda: 1.0)
    journal, other = Journal(here), Journal(there)
    journal.make_session("s", fingerprint="", count=0, source="")
    claim = journal.claims.take("s")
    with here.change() as connection:
        connection.execute("UPDATE process SET place = 'elsewhere/pid:[1]', host = 'far'")
    with pytest.raises(SessionBusy, match="on far"):
        other.claims.take("s")
    with here.change() as connection:
        connection.execute("UPDATE process SET beat_at = beat_at - 60 WHERE host = 'far'")
    other.claims.release(other.claims.take("s"))
    journal.claims.release(claim)
    here.close()
    there.close()


def test_doctor_says_whether_the_database_answers(url: str, tmp_path: Path) -> None:
    """With where it is, and where this machine keeps what is derived."""
    run = CliRunner().invoke(app, ["doctor", "--json", "--library", url])
    (finding,) = [row for row in json.loads(run.output) if row["what"] == "library"]
    assert finding["ok"] and "which answers" in finding["found"]
    gone = f"postgresql://me:{SECRET}@/db?host={tmp_path}"
    run = CliRunner().invoke(app, ["doctor", "--json", "--library", gone])
    (finding,) = [row for row in json.loads(run.output) if row["what"] == "library"]
    assert not finding["ok"] and "cannot be reached" in finding["found"]
    assert SECRET not in run.output
