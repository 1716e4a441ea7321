from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import typer

from habilis.agent.cli import app

ROOT = Path(__file__).parent.parent


def test_the_library_example_of_the_readme_runs(tmp_path: Path) -> None:
    """The first Python block, as it stands, in an empty folder and without a key."""
    block = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    assert block is not None
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "HABILIS_"))}
    run = subprocess.run(
        [sys.executable, "-c", block[1]], cwd=tmp_path, env=keep, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert "def " in run.stdout and run.stdout.strip().endswith("Hopper")


def test_every_command_is_documented() -> None:
    """A command that the README does not name cannot be found."""
    text = (ROOT / "README.md").read_text()
    group = typer.main.get_command(app)
    names = set(getattr(group, "commands", {}))
    for sub in ("session", "skills"):
        names |= set(getattr(getattr(group, "commands", {})[sub], "commands", {}))
    assert {name for name in names if not re.search(rf"\b{name}\b", text)} == set()


def test_links_between_the_documents_lead_somewhere() -> None:
    """Relative links name files that exist."""
    for document in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        prose = re.sub(r"```.*?```|`[^`\n]*`", "", document.read_text(), flags=re.S)
        for target in re.findall(r"\]\(([^)#:]+)\)", prose):
            assert (document.parent / target).exists(), (document.name, target)
