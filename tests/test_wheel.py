"""The sandbox out of a built wheel: what a user installs holds like what is developed here."""

from __future__ import annotations

import os
import site
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHOWN = "import habilis.skills.sandbox.client as c; print(c.__file__)"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of a clean environment that has the wheel, and what it depends on."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True)
    home = folder / "venv"
    venv.create(home, with_pip=False, symlinks=True)
    packages = next((home / "lib").glob("python*")) / "site-packages"
    (wheel,) = folder.glob("habilis-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    # Dependencies only: what makes this tree importable here is not taken over.
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()))
    return home / "bin" / "python"


def test_the_sandbox_of_the_wheel_holds(python: Path, tmp_path: Path) -> None:
    """The jail's own tests and every attack on it, in an environment without this tree."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PYTEST"))}
    shown = subprocess.run(
        [python, "-c", SHOWN], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert str(python.parents[1]) in shown.stdout, shown.stderr
    tests = ["escapes", "test_checkpoints.py", "test_outcomes.py"]
    command: list[str | Path] = [
        python,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        "not poorer",
    ]
    ran = subprocess.run(
        [*command, *(str(ROOT / "tests" / "skills" / "sandbox" / name) for name in tests)],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-1000:]
