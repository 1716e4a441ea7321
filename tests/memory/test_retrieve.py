from __future__ import annotations

import numpy as np

from habilis.memory.exact import ExactIndex
from habilis.memory.retrieve import Query, find, parts
from habilis.memory.vocabulary import split_words
from habilis.memory.words import Words

AXES = np.eye(4, dtype=np.float32)


def written(**texts: str) -> Words:
    """Return words of skills whose card and text are the same."""
    words = Words()
    for name, text in texts.items():
        words.put(name, card=f"{name} {text}", text=f"{name} {text}")
    return words


def test_identifiers_are_split_into_words() -> None:
    """Snake case, camel case, acronyms, digits; stop words and plurals are cut."""
    assert split_words("parse_HTTPDate2 of theNames") == ["parse", "http", "date", "2", "name"]
    assert split_words("Straße été") == ["straße", "été"]


def test_bm25_prefers_rare_words_and_forgets_what_was_dropped() -> None:
    """A word that every skill has says little."""
    words = written(date_year="Return the year of a date.", date_month="the month, of a birthday")
    match = words.match("month of the date")
    assert match.best(5) == ["date_month", "date_year"]
    nobody, month = words.rows(["nobody", "date_month"])
    assert match.shared(month) == ("month", "date") and match.shared(nobody) == ()
    assert match.scores(words.rows(["nobody"])) == [0]
    words.drop(["date_month"])
    assert words.match("birthday month date").best(5) == ["date_year"]


def test_replaced_rows_leave_no_trace() -> None:
    """After a thousand changes the scores are those of words written once."""
    changed, fresh = Words(), Words()
    for round_ in range(100):
        for number in range(10):
            text = f"skill {number} in round {round_} counts the word{number % 3}"
            changed.put(f"s{number}", card=text, text=text)
            if round_ == 99:
                fresh.put(f"s{number}", card=text, text=text)
    one, other = changed.match("word1 round 99"), fresh.match("word1 round 99")
    assert sorted(one.best(20)) == sorted(other.best(20)) and len(changed) == 10
    for number in range(10):
        name = f"s{number}"
        rows, others = changed.rows([name]), fresh.rows([name])
        assert abs(one.scores(rows) - other.scores(others)) < 1e-5
        assert abs(one.coverage(rows) - other.coverage(others)) < 1e-9


def test_all_views_count_and_noise_is_left_out() -> None:
    """A hit needs some likeness or a word in common."""
    cards = ExactIndex()
    cards.upsert(
        ["alpha", "beta", "gamma"],
        np.array([[0.6, 0.8, 0, 0], [0.6, 0, 0.8, 0], [0.1, 0, 0, 0.99]], np.float32),
    )
    words = written(alpha="one", beta="two", gamma="three")
    ranking = find(Query(text="beta", vectors=AXES[:1]), cards=cards, words=words, k=9)
    assert [hit.name for hit in ranking.found] == ["beta", "alpha"]
    beta, alpha = ranking.found
    assert beta.words == ("beta",) and beta.score > alpha.score
    assert abs(sum(beta.views.values()) - beta.score) < 1e-9
    nothing = find(Query(text="x", vectors=AXES[:1]), cards=ExactIndex(), words=Words(), k=3)
    assert nothing.found == () and nothing.evidence == -np.inf


def test_a_skill_without_a_vector_is_found_by_its_words() -> None:
    """While vectors are made in the background, its likeness counts as average."""
    cards = ExactIndex()
    cards.upsert(["alpha"], AXES[:1])
    words = written(alpha="one", beta="two sheep")
    ranking = find(Query(text="two sheep", vectors=AXES[1:2]), cards=cards, words=words, k=1)
    assert ranking.found[0].name == "beta" and np.isnan(ranking.found[0].cosine)


def test_a_draft_is_compared_with_the_code() -> None:
    """It outweighs the words of the question."""
    cards, code = ExactIndex(), ExactIndex()
    names = ["alpha", "beta", "gamma"]
    cards.upsert(names, AXES[:3])
    code.upsert(names, AXES[[1, 0, 2]])
    words = written(alpha="one", beta="two", gamma="three")
    query = Query(text="one", vectors=AXES[:1], draft="def beta(): two", draft_vector=AXES[0])
    ranking = find(query, cards=cards, words=words, k=1, code=code)
    assert ranking.found[0].name == "beta" and ranking.found[0].views["code"] > 0


def test_only_among_some() -> None:
    """Names outside are not even candidates."""
    cards = ExactIndex()
    cards.upsert(["alpha", "beta", "gamma"], AXES[:3])
    words = written(alpha="one", beta="two", gamma="three")
    query = Query(text="one alpha", vectors=AXES[:1])
    found = find(query, cards=cards, words=words, k=5, among={"beta"}).found
    assert {hit.name for hit in found} <= {"beta"}


def test_what_helped_before_moves_up_a_little() -> None:
    """Of two that fit alike the one with the better record comes first."""
    cards = ExactIndex()
    cards.upsert(["alpha", "beta"], AXES[[0, 0]])
    words = written(alpha="sum", beta="sum")
    query = Query(text="sum", vectors=AXES[:1])
    for best, other in (("alpha", "beta"), ("beta", "alpha")):
        prior = {best: 0.5, other: -0.5}
        found = find(query, cards=cards, words=words, k=2, prior=prior).found
        assert [hit.name for hit in found] == [best, other]


def test_a_text_that_asks_for_several_things() -> None:
    """Sentences and what comes after a "then" are parts; one thing has none."""
    assert parts("Sort the numbers. Then find their median.") == [
        "Sort the numbers.",
        "Then find their median.",
    ]
    assert parts("Sort the numbers") == [] and parts("then then. also!") == []
    assert len(parts("Do one more thing. " * 50)) == 8
