from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from habilis import SkillLibrary
from habilis.memory.embed import Encoder
from tests.making import simple

pytestmark = pytest.mark.on_both_stores

FORK = multiprocessing.get_context("fork")
HANGS_S = 60.0  # a hanging child fails its test instead of stopping the run


def _write_after(library: SkillLibrary, signals: Connection) -> None:
    library.add(simple("before", "Return it."))
    signals.send("wrote")
    signals.recv()
    library.add(simple("after", "Return it."))


def test_a_child_goes_on_writing_after_its_parent_has_closed(address: str) -> None:
    """The parent's close must not delete the log that the child writes to.

    Two libraries of one folder: the child must give up both connections.
    """
    ours, theirs = FORK.Pipe()
    with SkillLibrary(address, index="exact") as second:
        first = SkillLibrary(address, index="exact")
        first.add(simple("parents", "Return it."))
        assert second.names() == ["parents"]
        child = FORK.Process(target=_write_after, args=(first, theirs))
        child.start()
        assert ours.recv() == "wrote"
        first.close()
    with SkillLibrary(address, index="exact") as library:
        library.add(simple("others", "Return it."))
    ours.send("closed")
    child.join(HANGS_S)
    assert child.exitcode == 0
    with SkillLibrary(address, index="exact") as library:
        assert library.names() == ["after", "before", "others", "parents"]
        assert library.check() == []


def _search(library: SkillLibrary, query: str) -> None:
    assert library.search(query)[0].skill.name == "shout"
    assert library.index_kind == "exact"
    library.close()


def test_a_child_searches_exactly(tmp_path: Path, encoder: Encoder) -> None:
    """Chroma's client and torch's threads hang in a child; the parent keeps both."""
    with SkillLibrary(tmp_path / "l", encoder=encoder, index="chroma") as library:
        library.add(simple("shout", "Return the text in capitals."))
        library.add(simple("whisper", "Return the text in small letters."))
        encoder.encode([f"texts enough for threads, number {n}" for n in range(40)])
        assert library.search("capitals")
        child = FORK.Process(target=_search, args=(library, "capitals, in words not seen before"))
        child.start()
        child.join(HANGS_S)
        child.kill()
        assert child.exitcode == 0
        assert library.index_kind == "chroma"
        assert library.search("small letters")[0].skill.name == "whisper"
        assert library.check() == []
    with SkillLibrary(tmp_path / "l", encoder=encoder, index="chroma") as library:
        assert library.index_kind == "chroma"
