from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from habilis import SkillLibrary
from habilis.memory.embed import Encoder, SentenceTransformerEncoder


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The real MiniLM, loaded once for all tests of a process."""
    return SentenceTransformerEncoder()


@pytest.fixture
def library(tmp_path: Path, encoder: Encoder) -> Iterator[SkillLibrary]:
    """A new library on disk; it must be well at the end of every test."""
    with SkillLibrary(tmp_path / "library", encoder=encoder) as library:
        yield library
        assert library.check() == []
