from __future__ import annotations

import math
from pathlib import Path

import pytest

from habilis import SkillLibrary
from habilis.skills.skill import SkillState
from tests.making import HashEncoder, make_skill, simple

TEXTS = {
    "capitals": "Return the text in capitals.",
    "count_vowels": "Count the vowels of a text.",
    "mean_price": "Return the mean price of the orders.",
}


@pytest.fixture
def shelf(library: SkillLibrary) -> SkillLibrary:
    for name, about in TEXTS.items():
        library.add(simple(name, about))
    total = '    """Add up the numbers."""\n    return sum(values)\n'
    library.add(make_skill(f"def total(values: list[float]) -> float:\n{total}"))
    return library


def names(library: SkillLibrary, query: str, **filters: object) -> list[str]:
    return [hit.skill.name for hit in library.search(query, **filters)]  # type: ignore[arg-type]


def test_a_hit_says_why(shelf: SkillLibrary) -> None:
    """The views add up to the score; the words are those in common."""
    hit = shelf.search("how many vowels are in it?")[0]
    assert hit.skill.name == "count_vowels" and "vowel" in hit.words and hit.fits
    assert math.isclose(sum(hit.views.values()), hit.score) and {"card", "words"} <= set(hit.views)


def test_nothing_is_an_answer(shelf: SkillLibrary) -> None:
    """Where nothing fits nothing is shown; `anyway` shows the best and says that it does not."""
    for number in range(60):
        shelf.add(simple(f"price_{number}", f"Return the price of order {number}."))
    shelf.encode()
    query = "Who was the first emperor of Ethiopia, please tell me about his childhood and reign?"
    assert shelf.search(query) == []
    assert not any(hit.fits for hit in shelf.search(query, anyway=True))


def test_filters(shelf: SkillLibrary) -> None:
    """By state, tag and type; they narrow before anything is ranked."""
    shelf.tag("capitals", "text", "easy")
    shelf.tag("count_vowels", "text")
    shelf.set_state("total", SkillState.ACTIVE)
    assert names(shelf, "text", tags=["text", "easy"]) == ["capitals"]
    assert names(shelf, "numbers", states=[SkillState.ACTIVE]) == ["total"]
    assert names(shelf, "numbers", states=["active"]) == ["total"]
    assert names(shelf, "numbers", takes="list[ float ]", gives="float") == ["total"]
    assert names(shelf, "numbers", takes="bytes", anyway=True) == []
    with pytest.raises(ValueError, match="no type"):
        shelf.search("numbers", takes="list[")


def test_a_filter_that_nothing_can_pass_is_refused(shelf: SkillLibrary) -> None:
    """A state misspelt, or a text where a list belongs, would find nothing and not say why."""
    with pytest.raises(ValueError, match="no state 'acitve': write candidate, active"):
        shelf.search("numbers", states=["acitve"])  # type: ignore[list-item]
    with pytest.raises(ValueError, match=r"states='active' is one text: write \['active'\]"):
        shelf.search("numbers", states=SkillState.ACTIVE)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="tags='easy' is one text"):
        shelf.search("numbers", tags="easy")


def test_a_draft_finds_what_the_question_does_not(shelf: SkillLibrary) -> None:
    """Code that an author wrote is compared with the code of the skills."""
    draft = "def add_all(values):\n    total = sum(values)\n    return total\n"
    hits = shelf.search("what is left at the end of the month?", draft=draft, anyway=True)
    assert hits[0].skill.name == "total" and "code" in hits[0].views
    shelf.add(
        make_skill(
            'def largest(values: list[float]) -> float:\n    """Top."""\n    return max(values)\n'
        )
    )
    hits = shelf.search("the top", draft="def f(values):\n    return max(values)\n", anyway=True)
    assert hits[0].skill.name == "largest"


def test_a_bad_record_moves_a_skill_down(library: SkillLibrary) -> None:
    """Of two that say the same, the one that helped comes first."""
    for name in ("total_x", "total_y"):
        library.add(simple(name, "Add up the numbers."))
    for _ in range(5):
        library.record_use("total_x", helped=False)
        library.record_use("total_y", helped=True)
    assert names(library, "add up numbers")[0] == "total_y"
    for _ in range(30):
        library.record_use("total_x", helped=True)
        library.record_use("total_y", helped=False)
    assert names(library, "add up numbers")[0] == "total_x"


@pytest.mark.parametrize("k", [0, -1])
def test_a_number_of_hits_that_makes_no_sense(shelf: SkillLibrary, k: int) -> None:
    """It is refused; a very large one gives what there is."""
    with pytest.raises(ValueError, match="at least one"):
        shelf.search("text", k=k)
    assert len(shelf.search("text", k=1_000_000, anyway=True)) <= 4


def test_odd_queries(shelf: SkillLibrary) -> None:
    """A megabyte, control characters, nothing but signs, no Unicode: an answer, no error."""
    odd = ["vowels " * 150_000, "\x00\x1b[31m vowels \x07", "?!…—§", "vowels \ud800", "👍" * 500]
    for query in odd:
        shelf.search(query)
        shelf.search(query, draft=query, anyway=True)
    with pytest.raises(ValueError, match="empty"):
        shelf.search(" \n\t ")


def test_odd_skills(library: SkillLibrary) -> None:
    """Names in any script, control characters, 100 kB of docstring: kept and found."""
    library.add(simple("zähle_größe", "Zähle die Größe eines Textes."))
    library.add(simple("数える", "テキストの文字を数える。"))
    library.add(simple("bell", "Ring \\x07 the bell \\x1b[31m in red."))
    library.add(simple("long", "Read a manual. " + "It goes on about pumps. " * 4_200))
    assert names(library, "die Größe eines Textes")[0] == "zähle_größe"
    assert names(library, "テキストの文字を数える")[0] == "数える"
    assert names(library, "ring the bell")[0] == "bell"
    assert names(library, "a manual about pumps")[0] == "long"


def test_an_encoder_that_gives_nan(tmp_path: Path) -> None:
    """Refused with its name; the vectors that are there stay sound."""

    class Nan(HashEncoder):
        broken = False

        def encode(self, texts):  # type: ignore[no-untyped-def]
            return super().encode(texts) * (float("nan") if self.broken else 1.0)

    encoder = Nan()
    with SkillLibrary(tmp_path / "l", encoder=encoder, index="exact") as library:
        library.add(simple("shout", "Return the text in capitals."))
        assert library.search("capitals")
        encoder.broken = True
        with pytest.raises(Exception, match="NaN"):
            library.search("something else")
        assert library.search("capitals") and library.check() == []
