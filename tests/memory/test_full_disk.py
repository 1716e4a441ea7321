"""A disk without room: SQLite's own limit of pages gives the same error as a full one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from habilis import SkillLibrary
from habilis.errors import LibraryError
from tests.making import HashEncoder, simple


@contextmanager
def full(library: SkillLibrary) -> Iterator[None]:
    """Leave the file no room to grow."""
    (pages,) = library.store.rows("PRAGMA page_count")[0]
    library.store.rows(f"PRAGMA max_page_count = {pages}")
    try:
        yield
    finally:
        library.store.rows(f"PRAGMA max_page_count = {2**30}")


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[SkillLibrary]:
    with SkillLibrary(tmp_path / "l", encoder=HashEncoder(), index="exact") as library:
        for number in range(20):
            library.add(simple(f"skill_{number}", f"Return text number {number}."))
        library.encode()
        yield library
        assert library.check() == []


def test_adding_to_a_full_disk(shelf: SkillLibrary) -> None:
    """It says what to do; nothing half-done is left, and with room again all goes on."""
    large = simple("large", "Read a manual. " + "It goes on about pumps. " * 2_000)
    with full(shelf):
        with pytest.raises(LibraryError, match="make room on the disk"):
            shelf.add(large)
        assert "large" not in shelf and len(shelf) == 20
        assert shelf.check() == []
    assert shelf.add(large).version == 1
    assert shelf.search("a manual about pumps")[0].skill.name == "large"


def test_searching_on_a_full_disk(shelf: SkillLibrary) -> None:
    """Vectors that cannot be kept are used all the same."""
    with full(shelf):
        for number in range(300):
            query = f"a question number {number} that nobody has asked before"
            assert len(shelf.search(query, k=3, anyway=True)) == 3
        asked = shelf.store.rows("SELECT count(*) FROM embedding WHERE asked = 1")[0][0]
        assert asked < 300  # the disk was full indeed
    assert shelf.search("text number 7")[0].skill.name == "skill_7"
