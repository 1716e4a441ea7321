from __future__ import annotations

import subprocess
import sys

import habilis


def test_every_exported_name_exists() -> None:
    """The lazy face offers exactly what it says."""
    for name in habilis.__all__:
        assert getattr(habilis, name) is not None
    assert set(dir(habilis)) == set(habilis.__all__)


def test_importing_habilis_is_light() -> None:
    """No heavy library and none of our own folders is loaded before it is needed."""
    code = (
        "import sys, habilis; "
        "heavy = {'torch', 'chromadb', 'sentence_transformers', 'numpy', 'openai', 'pydantic', "
        "'rich', 'typer', 'habilis.agent', 'habilis.memory', 'habilis.skills'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
