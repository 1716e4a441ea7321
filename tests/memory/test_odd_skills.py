from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from habilis import SkillLibrary
from habilis.memory.embeddings import Embeddings
from habilis.memory.view import View, Written
from tests.making import HashEncoder, make_skill, simple

SHOUT = simple("shout", "Return the text in capitals.")


@pytest.mark.parametrize("name", ["", "not-a-name", "two words", "1st", "class", "x\n"])
def test_a_name_that_code_cannot_call_is_refused(library: SkillLibrary, name: str) -> None:
    """Of several skills none is kept then."""
    with pytest.raises(ValueError, match="names no skill"):
        library.add_all([SHOUT, replace(SHOUT, name=name)])
    assert library.names() == []


def test_a_skill_under_another_name_than_its_own_is_told(tmp_path: Path) -> None:
    """Loading it would define something else."""
    with SkillLibrary(tmp_path / "l", encoder=HashEncoder()) as library:
        library.add(replace(SHOUT, name="whisper"))
        assert library.check() == ["'whisper' has the source of 'shout': archive it"]


def test_any_text_is_kept_as_it_is_and_found(library: SkillLibrary) -> None:
    """Other scripts, control characters and a docstring of 100 kB."""
    texts = {
        "größe_日本": "Größe in Zentimetern: 日本語 👍 \u202e left.",
        "bell": "Ring \x07 the \x1b[31mred\x1b[0m bell \x7f twice.",
        "manual": "Read the manual about pumps. " + "It goes on and on. " * 5_300,
    }
    for name, doc in texts.items():
        made = make_skill(f"def {name}(x: int) -> int:\n    {doc!r}\n    return x\n")
        library.add(replace(made, description=doc))
    for name, doc in texts.items():
        assert library.get(name).description == doc
        assert library.search(doc, k=1, anyway=True)[0].skill.name == name


def test_ten_thousand_skills(tmp_path: Path) -> None:
    """Each is found by its own card, by whoever opens the library."""
    some = [simple(f"skill_{n}", f"Return variant {n}.") for n in range(10_000)]
    with SkillLibrary(tmp_path / "l", encoder=HashEncoder(), index="exact") as library:
        library.add_all(some)
        library.encode()
        assert library.progress == (10_000, 10_000)
    with SkillLibrary(tmp_path / "l", encoder=HashEncoder(), index="exact") as library:
        assert len(library) == 10_000
        for number in range(0, 10_000, 501):
            (hit,) = library.search(f"skill {number}: Return variant {number}.", k=1)
            assert hit.skill.name == f"skill_{number}" and hit.cosine > 0.999
        assert library.check() == []


def test_each_skill_that_waits_for_its_vector_is_read_a_few_times(tmp_path: Path) -> None:
    """Not once for every batch that is encoded and every search meanwhile."""
    read = 0

    def written(names: Sequence[str]) -> Mapping[str, Written]:
        nonlocal read
        read += len(names)
        return {name: (f"what {name} does", ()) for name in names}

    with SkillLibrary(tmp_path / "l", encoder=HashEncoder()) as library:
        embeddings = Embeddings(library.store, HashEncoder())
        view = View(embeddings, written, lambda _: ())
        view.mark(f"skill_{n}" for n in range(2_000))
        while texts := view.missing(50):
            embeddings.vectors(texts)
            for _ in range(3):  # searches
                view.fill()
        assert not view.pending and len(view.index.names()) == 2_000
        assert read <= 4 * 2_000
