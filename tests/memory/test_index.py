from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from habilis import SkillLibrary
from habilis.memory.embed import Encoder, Vectors
from habilis.memory.exact import ExactIndex, Index
from habilis.memory.index import ChromaIndex, open_folder
from tests.making import simple


def unit(*values: float) -> Vectors:
    vector = np.asarray(values, dtype=np.float32)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


@pytest.fixture(params=["exact", "chroma"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Index]:
    """Both indexes must pass the same suite."""
    made = ExactIndex() if request.param == "exact" else open_folder(tmp_path, fingerprint="t")
    assert made is not None
    yield made
    made.close()


def test_nearest_first_with_cosines(index: Index) -> None:
    """Cosines in [-1, 1], best first, no more than asked for."""
    index.upsert(["x", "y", "z"], np.stack([unit(1, 0), unit(1, 1), unit(-1, 0)]))
    found = index.nearest(unit(1, 0.1), k=2)
    assert [name for name, _ in found] == ["x", "y"]
    assert found[0][1] == pytest.approx(float(unit(1, 0) @ unit(1, 0.1)), abs=1e-5)
    assert len(index.nearest(unit(1, 0), k=99)) == 3


def test_an_empty_index_finds_nothing(index: Index) -> None:
    """No error, whatever is asked."""
    assert index.nearest(unit(1, 0), k=5) == [] and index.names() == set()


def test_an_upsert_replaces(index: Index) -> None:
    """The same name twice is one entry with the newer vector."""
    index.upsert(["x"], unit(1, 0)[None, :])
    index.upsert(["x"], unit(0, 1)[None, :])
    assert index.names() == {"x"}
    assert index.nearest(unit(0, 1), k=1)[0][1] == pytest.approx(1, abs=1e-5)


def test_removing(index: Index) -> None:
    """What is gone is not found; removing what is not there is fine."""
    index.upsert(["x", "y"], np.stack([unit(1, 0), unit(0, 1)]))
    index.remove(["x", "never"])
    assert index.names() == {"y"}
    assert [name for name, _ in index.nearest(unit(1, 0), k=2)] == ["y"]


def test_chroma_goes_on_after_a_clean_close(tmp_path: Path) -> None:
    """The same encoder finds its vectors and the change number; another one starts anew."""
    first = open_folder(tmp_path, fingerprint="a")
    assert first is not None
    first.upsert(["x"], unit(1, 0)[None, :])
    first.applied = 7
    first.close()
    second = open_folder(tmp_path, fingerprint="a")
    assert second is not None and second.names() == {"x"} and second.applied == 7
    second.close()
    third = open_folder(tmp_path, fingerprint="b")
    assert third is not None and third.names() == set() and third.applied == 0
    third.close()


def test_a_chroma_that_was_not_closed_is_built_anew(tmp_path: Path) -> None:
    """A crash leaves the dirty mark; a damaged folder is thrown away as well."""
    crashed = open_folder(tmp_path, fingerprint="a")
    assert crashed is not None
    crashed.upsert(["x"], unit(1, 0)[None, :])
    os.close(crashed._lock)
    crashed._lock = -1
    again = open_folder(tmp_path, fingerprint="a")
    assert again is not None and again.names() == set()
    again.upsert(["x"], unit(1, 0)[None, :])
    again.close()
    for file in tmp_path.glob("epoch-*/chroma.sqlite3"):
        file.write_bytes(b"damaged")
    mended = open_folder(tmp_path, fingerprint="a")
    assert mended is not None and mended.names() == set() and mended.applied == 0
    mended.close()


def test_every_damaged_file_is_noticed(tmp_path: Path) -> None:
    """Zeroed vectors give wrong neighbours, a cut header ends the process: never opened."""
    whole = tmp_path / "whole"
    made = open_folder(whole, fingerprint="a")
    assert made is not None
    vectors = np.random.default_rng(7).normal(size=(1_100, 16)).astype(np.float32)
    made.upsert([f"n{number}" for number in range(1_100)], vectors)
    made.applied = 3
    made.close()
    files = [file.relative_to(whole) for file in whole.glob("epoch-*/**/*") if file.is_file()]
    assert {"chroma.sqlite3", "header.bin", "data_level0.bin"} <= {file.name for file in files}
    for number, file in enumerate(files):
        copy = tmp_path / str(number)
        shutil.copytree(whole, copy)
        (copy / file).write_bytes(b"\0" * (copy / file).stat().st_size)
        opened = open_folder(copy, fingerprint="a")
        assert opened is not None and (opened.applied, opened.names()) == (0, set()), file
        opened.close()
    for text in ("", "[]", '{"fingerprint": "a", "files": {}, "clean": true}'):
        (whole / "state.json").write_text(text)
        opened = open_folder(whole, fingerprint="a")
        assert opened is not None and opened.names() == set()
        opened.close()


def test_an_index_that_is_ahead_is_built_anew(tmp_path: Path, encoder: Encoder) -> None:
    """The store was put back to an older copy: what the index knows beyond it is forgotten."""
    with SkillLibrary(tmp_path / "l", encoder=encoder, index="chroma") as library:
        library.add(simple("shout", "Return the text in capitals."))
        library.search("capitals")
    shutil.copy(tmp_path / "l" / "habilis.db", tmp_path / "old.db")
    with SkillLibrary(tmp_path / "l", encoder=encoder, index="chroma") as library:
        library.add(simple("whisper", "Return the text in small letters."))
        library.add(simple("shout", "Return how many sheep there are.", "return text[1:]"))
        library.search("capitals")
    shutil.copy(tmp_path / "old.db", tmp_path / "l" / "habilis.db")
    with SkillLibrary(tmp_path / "l", encoder=encoder, index="chroma") as library:
        assert library.index_kind == "chroma"
        (hit,) = library.search("capitals")
        assert hit.skill.name == "shout" and hit.cosine > 0.3
        assert library.check() == []


def test_searches_go_on_when_chroma_cannot_be_opened(tmp_path: Path, encoder: Encoder) -> None:
    """They are exact then, and check() says why."""
    with SkillLibrary(tmp_path / "l", encoder=encoder, index="exact") as library:
        library.add(simple("shout", "Return the text in capitals."))
    (tmp_path / "l" / "chroma").write_text("a file where a folder should be")
    with SkillLibrary(tmp_path / "l", encoder=encoder, index="chroma") as library:
        assert library.search("capitals")[0].skill.name == "shout"
        assert library.index_kind == "exact"
        assert [problem for problem in library.check() if "cannot be opened" in problem]


def test_searches_go_on_when_chroma_fails(tmp_path: Path, encoder: Encoder) -> None:
    """Its collection is gone behind its back: the answer is exact, the next start is clean."""
    with SkillLibrary(tmp_path / "l", encoder=encoder, index="chroma") as library:
        library.add(simple("shout", "Return the text in capitals."))
        assert library.search("capitals") and library.index_kind == "chroma"
        index = library._catalogue.index
        assert isinstance(index, ChromaIndex)
        index._client.delete_collection("skills")
        assert library.search("capitals")[0].skill.name == "shout"
        assert library.index_kind == "exact" and "failed" in library.check()[0]
        library.check(fix=True)
        assert library.check() == []
    with SkillLibrary(tmp_path / "l", encoder=encoder, index="chroma") as library:
        assert library.search("capitals")[0].skill.name == "shout"
        assert library.index_kind == "chroma" and library.check() == []


def test_one_owner_everybody_else_exact(tmp_path: Path, encoder: Encoder) -> None:
    """A second library on the same folder searches exactly and finds the same."""
    with (
        SkillLibrary(tmp_path / "l", encoder=encoder, index="chroma") as owner,
        SkillLibrary(tmp_path / "l", encoder=encoder, index="chroma") as other,
    ):
        assert (owner.index_kind, other.index_kind) == ("chroma", "exact")
        assert owner.news() == [] and "exact" in other.news()[0] and other.news() == []
        owner.add(simple("shout", "Return the text in capitals."))
        other.add(simple("whisper", "Return the text in small letters."))
        for library in (owner, other):
            assert library.search("capitals")[0].skill.name == "shout"
            assert library.search("small letters")[0].skill.name == "whisper"
            assert library.check() == []


def test_a_lost_index_is_made_again_from_the_store(tmp_path: Path, encoder: Encoder) -> None:
    """Everything derived can be deleted."""
    with SkillLibrary(tmp_path / "l", encoder=encoder, index="chroma") as library:
        library.add(simple("shout", "Return the text in capitals."))
        assert library.search("capitals")
    shutil.rmtree(tmp_path / "l" / "chroma")
    with SkillLibrary(tmp_path / "l", encoder=encoder, index="chroma") as library:
        assert library.search("capitals")[0].skill.name == "shout" and library.check() == []


def test_a_stray_entry_is_reported_and_mended(tmp_path: Path, encoder: Encoder) -> None:
    """check() says what is wrong; check(fix=True) puts it right."""
    with SkillLibrary(tmp_path / "l", encoder=encoder, index="exact") as library:
        library.add(simple("shout", "Return the text in capitals."))
        library.search("capitals")
        index = library._catalogue.index
        index.upsert(["stray"], index_vectors(encoder))
        index.remove(["shout"])
        assert len(library.check()) == 2
        assert library.check(fix=True) == [] and library.check() == []


def index_vectors(encoder: Encoder) -> Vectors:
    return encoder.encode(["stray"])
