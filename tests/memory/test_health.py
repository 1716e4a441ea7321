from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from habilis import SkillLibrary
from habilis.errors import LibraryError
from habilis.memory.sqlite import FILE_NAME
from tests.making import HashEncoder, case, make_skill, simple

BODY = '    """Return the text in capitals."""\n    return text.upper()\n'
SHOUT = make_skill(
    f"def shout(text: str) -> str:\n{BODY}", cases=(case("a", "A"), case("b", "B"), case("c", "C"))
)


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[SkillLibrary]:
    with SkillLibrary(tmp_path / "l", encoder=HashEncoder(), index="exact") as library:
        library.add_all([SHOUT, simple("whisper", "Return the text in small letters.")])
        library.search("text", anyway=True)
        yield library


def spoil(library: SkillLibrary, sql: str, *values: object) -> None:
    """Write into the file behind the library's back, as a defect would."""
    with closing(sqlite3.connect(library.path / FILE_NAME)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(sql, values)
        connection.execute("INSERT INTO change (at, kind, name) VALUES (0, 'restored', '')")


VERSION, CASE = "UPDATE version SET ", 'UPDATE "case" SET '
LOST = [
    VERSION + "provenance = '{'",
    VERSION + "provenance = '{}'",
    VERSION + "requires = '[1]'",
    VERSION + "source = x'ff00fe'",
]
MENDED = [
    CASE + "expected = '{zz'",
    CASE + "origin = 'zz'",
    CASE + "expected = CAST(x'22ff22ff' AS TEXT)",
    "UPDATE skill SET state = 'zz'",
]


@pytest.mark.parametrize("sql", LOST + MENDED)
def test_one_damaged_skill_leaves_the_others_in_use(shelf: SkillLibrary, sql: str) -> None:
    """It is named by `check`, `news` and `get`; what can be mended is, the rest is listed."""
    spoil(shelf, f"{sql} WHERE name = 'shout'" + (" AND position = 0" if CASE in sql else ""))
    assert any("'shout'" in line for line in shelf.check())
    assert [skill.name for skill in shelf.skills()] == ["whisper"]
    assert [h.skill.name for h in shelf.search("capitals", k=1, anyway=True)] == ["whisper"]
    assert any("'shout'" in told and "--fix" in told for told in shelf.news())
    with pytest.raises(LibraryError, match="'shout' cannot be read"):
        shelf.get("shout")
    assert "shout" in shelf and shelf.ledger("shout").called == 0
    left = shelf.check(fix=True)
    if sql in LOST:
        assert any("'shout'" in line for line in left)
        return
    assert left == [] and len(shelf.skills()) == 2
    assert shelf.add_cases("shout", [case("d", "D")]) == shelf.get("shout")
    assert shelf.check() == []


def test_vectors_that_are_none_are_made_again(shelf: SkillLibrary) -> None:
    """Zeros and NaN of the right length say nothing about a text."""
    for damaged in (0.0, np.nan):
        size = len(shelf.vectors(["text"])[0])
        spoil(shelf, "UPDATE embedding SET vector = ?", np.full(size, damaged, "f4").tobytes())
        assert all("damaged" in line for line in shelf.check()) and shelf.check()
        assert shelf.check(fix=True) == []


def test_a_table_that_is_gone_is_told(shelf: SkillLibrary) -> None:
    """A check never fails over what it looks for."""
    spoil(shelf, 'DROP TABLE "case"')
    assert any("no such table: case" in line for line in shelf.check())
    assert any("no such table: case" in line for line in shelf.check(fix=True))


def test_what_no_database_can_keep(shelf: SkillLibrary) -> None:
    """Half a surrogate is refused in a source, escaped in a description."""
    with pytest.raises(ValueError, match="half a surrogate"):
        shelf.add(replace(SHOUT, source=SHOUT.source + "# \ud800"))
    shelf.add(replace(SHOUT, description="\ud800 a"))
    other = replace(simple("hum", "Hum."), description="\ud800 a")
    assert shelf.add(other).description == shelf.get("hum").description == "\\ud800 a"


@pytest.mark.parametrize("odd", [{"query": None}, {"k": 2.5}, {"k": float("nan")}])
def test_a_search_for_nothing_that_can_be_asked(
    shelf: SkillLibrary, odd: dict[str, object]
) -> None:
    """The error says what to give."""
    with pytest.raises(TypeError, match=r"say in words|write how many"):
        shelf.search(**{"query": "text", **odd})  # type: ignore[arg-type]


def test_a_name_in_another_spelling(shelf: SkillLibrary) -> None:
    """Python takes both for one identifier, and so does every door of the library."""
    kept, typed = "größe", unicodedata.normalize("NFD", "größe")
    shelf.add(replace(simple(kept, "The size."), name=typed), evidence={"x": 1})
    assert typed in shelf and shelf[typed] and shelf.get(typed).name == kept
    assert shelf.closure(typed)[-1][0] == kept and shelf.evidence(typed) == {"x": 1}
    shelf.record_use(typed, helped=True)
    assert shelf.ledger(typed).called == 1 and len(shelf.versions(typed)) == 1
    shelf.archive(typed)
    assert kept not in shelf.names() and shelf.check() == []


def test_anyway_gives_the_best_though_none_fits(shelf: SkillLibrary) -> None:
    """Also in a library of two, with no word in common."""
    assert len(shelf.search("quux zebra 77", anyway=True)) == 2
