from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from habilis import SkillLibrary
from habilis.agent.cli import app
from tests.making import simple

RUN = CliRunner()


@pytest.fixture
def folder(library: SkillLibrary) -> Path:
    library.add(simple("shout", "Return the text in capitals."))
    library.add(simple("whisper", "Return the text in small letters."))
    library.encode()
    library.tag("whisper", "quiet")
    return library.path


def habilis(*arguments: object) -> str:
    """Run a command that succeeds; return what it prints."""
    result = RUN.invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_library_is_looked_after(folder: Path, tmp_path: Path) -> None:
    """Counted, copied, changed, put back and checked from the command line."""
    figures = json.loads(habilis("library", "stats", "-L", folder, "--json"))
    assert (figures["skills"], figures["encoded"]) == (2, 2)
    assert "2" in habilis("library", "stats", "-L", folder)
    assert "copied" in habilis("library", "backup", tmp_path / "copy", "-L", folder)
    assert "--undo` brings it back" in habilis("skills", "archive", "shout", "-L", folder)
    assert habilis("skills", "archive", "shout", "--undo", "-L", folder) == "shout is candidate\n"
    habilis("skills", "archive", "shout", "-L", folder)
    assert "what was there is in" in habilis("library", "restore", tmp_path / "copy", "-L", folder)
    assert "shout" in habilis("skills", "list", "-L", folder)
    assert habilis("library", "check", "-L", folder) == "All is well.\n"
    assert json.loads(habilis("library", "check", "--json", "-L", folder)) == {"problems": []}


def test_what_is_wrong_is_printed_and_mended(folder: Path, library: SkillLibrary) -> None:
    """Exit code 1 as long as something is."""
    with library.store.change() as connection:
        connection.execute(
            "UPDATE embedding SET vector = x'00' WHERE id IN (SELECT min(id) FROM embedding)"
        )
    result = RUN.invoke(app, ["library", "check", "-L", str(folder)])
    assert result.exit_code == 1 and "damaged" in result.output
    assert habilis("library", "check", "--fix", "-L", folder) == "All is well.\n"


def test_what_is_put_away_is_not_nothing(folder: Path, tmp_path: Path) -> None:
    """A library of archived skills alone is not called empty."""
    for name in ("shout", "whisper"):
        habilis("skills", "archive", name, "-L", folder)
    assert habilis("skills", "list", "-L", folder) == "2 archived skills; --all shows them.\n"
    assert "shout" in habilis("skills", "list", "--all", "-L", folder)
    with SkillLibrary(tmp_path / "new"):
        pass
    assert habilis("skills", "list", "-L", tmp_path / "new") == "The library is empty.\n"


def test_a_hit_is_explained(folder: Path) -> None:
    """By view and by words; filters narrow."""
    shown = habilis("skills", "search", "the text in capitals", "-L", folder)
    assert "likeness" in shown and "words:" in shown and "card" in shown
    rows = json.loads(habilis("skills", "search", "text", "--tag", "quiet", "--json", "-L", folder))
    assert [row["name"] for row in rows] == ["whisper"] and "card" in rows[0]["views"]
    refused = RUN.invoke(app, ["skills", "search", "text", "--takes", "list[", "-L", str(folder)])
    assert refused.exit_code != 0
