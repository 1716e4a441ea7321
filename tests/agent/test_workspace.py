from __future__ import annotations

from pathlib import Path

import pytest

from habilis.agent.workspace import LIMIT_BYTES, workspace
from habilis.errors import InputFileError


def test_files_are_copied_and_the_folder_is_gone_afterwards(tmp_path: Path) -> None:
    """Code may change its copy, never the user's file."""
    file = tmp_path / "a.txt"
    file.write_text("mine")
    with workspace([file]) as folder:
        (folder / "a.txt").write_text("changed")
    assert file.read_text() == "mine" and not folder.exists()


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    """Missing, of no possible name, a folder, too large in all, two of one name."""
    large, twin = tmp_path / "large.bin", tmp_path / "sub" / "large.bin"
    with large.open("wb") as file:
        file.truncate(LIMIT_BYTES + 1)
    twin.parent.mkdir()
    twin.write_text("x")
    cases = {
        "does not exist": [tmp_path / "none.csv"],
        "characters cut .*File name too long": [tmp_path / ("a" * 5_000)],
        "no plain file": [tmp_path],
        "too large": [large],
        "two input files are named 'large.bin'": [twin, twin],
    }
    for message, files in cases.items():
        with pytest.raises(InputFileError, match=message), workspace(files):
            pass
