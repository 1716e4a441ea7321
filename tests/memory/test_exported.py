from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from habilis.memory.embed import Encoder, SentenceTransformerEncoder, _source
from habilis.memory.exported import ExportedModel, cache_home, export_folder

TEXTS = ["Return the text in capitals.", "日本語 👍", "a " * 900, "", "x\x00y"]

FRESH = """
import sys
from habilis.memory.embed import SentenceTransformerEncoder
print(SentenceTransformerEncoder().encode(["a text"]).shape)
print({"torch", "sentence_transformers", "transformers"} & set(sys.modules))
"""


def test_a_fresh_process_needs_no_torch(encoder: Encoder) -> None:
    """Once exported, a process that encodes does not import what it was exported from."""
    encoder.encode(["a text"])
    run = subprocess.run([sys.executable, "-c", FRESH], capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("(1, 384)\nset()\n", "")


def test_the_export_agrees_with_the_reference(encoder: Encoder) -> None:
    """On any text, in any order and number, also beyond what the model reads."""
    ours = encoder.encode(TEXTS)
    theirs = SentenceTransformerEncoder(export=False).encode(TEXTS)
    assert (np.vecdot(ours, theirs) > 0.9999).all()
    assert np.allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-5)
    one_by_one = np.concatenate([encoder.encode([text]) for text in TEXTS])
    assert (np.vecdot(ours, one_by_one) > 0.9999).all()


def test_an_export_that_does_not_agree_is_not_used(tmp_path: Path) -> None:
    """What was found once is remembered; a damaged one is no export either."""
    (tmp_path / "export.json").write_text(json.dumps({"agrees": False}))
    with pytest.raises(OSError, match="agree"):
        ExportedModel(tmp_path)
    (tmp_path / "export.json").write_text(json.dumps({"agrees": True}))
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(OSError, match="cannot be loaded"):
        ExportedModel(tmp_path)


def test_where_no_export_can_be_kept_the_reference_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cache that is a file is no reason to fail."""
    (tmp_path / "file").write_text("mine")
    monkeypatch.setenv("HABILIS_CACHE", str(tmp_path / "file"))
    assert SentenceTransformerEncoder().encode(["a text"]).shape == (1, 384)


def test_other_weights_have_another_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By name and by what the files are."""
    monkeypatch.setenv("HABILIS_CACHE", str(tmp_path / "cache"))
    assert cache_home() == tmp_path / "cache"
    (tmp_path / "weights").write_text("1")
    first = export_folder("m", str(tmp_path))
    (tmp_path / "weights").write_text("12")
    assert len({first, export_folder("m", str(tmp_path)), export_folder("n", str(tmp_path))}) == 3
    assert Path(_source("minilm")).is_dir()
