from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from habilis import SkillLibrary
from habilis.memory.embed import Encoder, SentenceTransformerEncoder
from tests.postgres_server import PostgresServer, programs


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The real MiniLM, loaded once for all tests of a process."""
    return SentenceTransformerEncoder()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A Postgres server for all tests of a process; they are skipped where there is none."""
    if programs() is None:
        pytest.skip("POSTGRES IS NOT TESTED: no initdb here (Debian: apt install postgresql)")
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("POSTGRES IS NOT TESTED: no psycopg here (pip install 'habilis[postgres]')")
    server = PostgresServer()
    yield server
    server.stop()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what is marked `on_both_stores` over SQLite and over Postgres."""
    both = metafunc.definition.get_closest_marker("on_both_stores") is not None
    if both and "address" in metafunc.fixturenames:
        metafunc.parametrize("address", ["sqlite", "postgres"], indirect=True)


@pytest.fixture
def address(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where a new library can be made."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    if getattr(request, "param", "sqlite") == "sqlite":
        return str(tmp_path / "library")
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.url()


@pytest.fixture
def library(address: str, encoder: Encoder) -> Iterator[SkillLibrary]:
    """A new library on disk; it must be well at the end of every test."""
    with SkillLibrary(address, encoder=encoder) as library:
        yield library
        assert library.check() == []
