from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = ("agent", "memory", "skills")


def test_every_folder_with_code_is_packaged() -> None:
    """A sub-folder that is not listed would be missing from the wheel."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    listed = set(project["tool"]["setuptools"]["packages"])
    found = {"habilis"}
    for folder in FOLDERS:
        for file in (ROOT / folder).rglob("*.py"):
            found.add(".".join(["habilis", *file.parent.relative_to(ROOT).parts]))
    assert listed == found


def test_the_links_for_editors_point_to_the_folders() -> None:
    """src/habilis holds the face and a relative link to each folder."""
    for folder in FOLDERS:
        link = ROOT / "src" / "habilis" / folder
        assert link.is_symlink() and link.resolve() == (ROOT / folder).resolve()


def test_no_file_is_longer_than_three_hundred_lines() -> None:
    """A longer file has more than one reason to change."""
    files = [f for folder in (*FOLDERS, "src", "benchmarks") for f in (ROOT / folder).rglob("*.py")]
    long = {str(f): n for f in files if (n := len(f.read_text().splitlines())) > 300}
    assert long == {}
