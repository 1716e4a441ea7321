from __future__ import annotations

from habilis.memory.retrieve import Words, rank, split_words
from tests.making import simple


def test_identifiers_are_split_into_words() -> None:
    """Snake case, camel case, acronyms, digits; stop words and plurals are cut."""
    assert split_words("parse_HTTPDate2 of theNames") == ["parse", "http", "date", "2", "name"]
    assert split_words("Straße été") == ["straße", "été"]


def test_bm25_prefers_rare_words_and_forgets_what_was_dropped() -> None:
    """A word that every skill has says little."""
    words = Words()
    words.put(simple("date_year", "Return the year of a date."), [])
    words.put(simple("date_month", "Return the month of a date."), ["birthday month"])
    scores = words.scores("month of the date")
    assert scores["date_month"][0] > scores["date_year"][0]
    assert scores["date_month"][1] == ("month", "date")
    words.drop("date_month")
    assert set(words.scores("birthday month date")) == {"date_year"}


def test_both_views_count_and_noise_is_left_out() -> None:
    """A hit needs some likeness or a word in common."""
    skills = {n: simple(n, f"Return {n}.") for n in ("alpha", "beta", "gamma")}
    hits = rank(skills, {"alpha": 0.6, "beta": 0.6, "gamma": 0.1}, {"beta": (3.0, ("beta",))}, k=9)
    assert [hit.skill.name for hit in hits] == ["beta", "alpha"]
    assert hits[0].words == ("beta",) and hits[0].score > hits[1].score
    assert rank(skills, {}, {}, k=3) == []
