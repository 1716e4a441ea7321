"""Which skills are written about in the words of a text: BM25 over split identifiers."""

from __future__ import annotations

import math
import re
from array import array
from collections import Counter
from collections.abc import Collection
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_K1, _B = 1.2, 0.75
_RAW = re.compile(r"\d+|[^\W\d_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_STOP = frozenset(
    "a an and are as at be by def for from given if import in into is it its list none of on or "
    "return returns self str int float bool that the then this to what which with you your".split()
)
_LONGEST = 64  # letters of a word; a longer one is data, not language


def split_words(text: str) -> list[str]:
    """Split text and identifiers (snake_case, camelCase, digits) into plain lower-case words."""
    return [word for raw in _RAW.findall(text) for word in _plain(raw)]


@lru_cache(maxsize=100_000)
def _plain(raw: str) -> tuple[str, ...]:
    words = (word.lower()[:_LONGEST] for word in _CAMEL.sub(" ", raw).split())
    return tuple(_stem(word) for word in words if word not in _STOP)


def _stem(word: str) -> str:
    """Cut plurals, as the S-stemmer of Harman (1991) does."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith("s") and not word.endswith(("ss", "us")) and len(word) > 3:
        return word[:-1]
    return word


def card_text(name: str, description: str) -> str:
    """Return the text that stands for a skill among vectors."""
    return f"{' '.join(split_words(name))}: {description}"


class Words:
    """BM25 over what is written about each skill (Robertson and Walker, 1994).

    Rows are only ever appended; a row that was replaced is skipped, and all are written
    anew when half of them are such.
    """

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self.names: list[str] = []
        self._rows: dict[str, int] = {}
        self._texts: list[Counter[str]] = []
        self._cards: list[frozenset[str]] = []
        self._lengths, self._alive = array("f"), array("b")
        self._postings: dict[str, tuple[array[int], array[int]]] = {}  # rows, how often
        self._total = 0.0
        self._weights: dict[int, float] = {}  # of cards, as long as nothing changes

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, name: str, *, card: str, text: str) -> None:
        """Take in a skill in place of what was known of it; `card` says what it is for."""
        counts: Counter[str] = Counter()
        for raw, times in Counter(_RAW.findall(text)).items():
            for word in _plain(raw):
                counts[word] += times
        self.drop(name)
        self._append(name, frozenset(split_words(card)), counts)

    def drop(self, name: str) -> None:
        row = self._rows.pop(name, None)
        if row is None:
            return
        self._alive[row] = 0
        self._weights.clear()
        self._total -= self._lengths[row]
        self._texts[row] = Counter()
        if len(self.names) > 2 * len(self._rows) + 64:
            kept = [(n, self._cards[r], self._texts[r]) for n, r in self._rows.items()]
            self._begin()
            for entry in kept:
                self._append(*entry)

    def _append(self, name: str, card: frozenset[str], counts: Counter[str]) -> None:
        row = self._rows[name] = len(self.names)
        self._weights.clear()
        length = counts.total()
        self.names.append(name)
        self._cards.append(card)
        self._texts.append(counts)
        self._lengths.append(length)
        self._alive.append(1)
        self._total += length
        for word, count in counts.items():
            posting = self._postings.get(word)
            if posting is None:
                posting = self._postings[word] = (array("I"), array("H"))
            posting[0].append(row)
            posting[1].append(min(count, 65_535))

    def match(self, query: str) -> Match:
        """Compare a text with every skill."""
        return Match(self, dict.fromkeys(split_words(query)))

    # what a match reads ------------------------------------------------------

    def row(self, name: str) -> int | None:
        return self._rows.get(name)

    def card(self, row: int) -> frozenset[str]:
        return self._cards[row]

    def weight(self, row: int) -> float:
        """How much the words of a card say together."""
        known = self._weights.get(row)
        if known is None:
            known = self._weights[row] = sum(map(self.rarity, self._cards[row]))
        return known

    def text(self, row: int) -> Counter[str]:
        return self._texts[row]

    def alive(self) -> NDArray[np.bool_]:
        return np.array(self._alive, dtype=np.bool_)

    def rarity(self, word: str) -> float:
        """How much a word says: BM25's inverse document frequency."""
        posting = self._postings.get(word)
        held = 0
        if posting is not None:
            held = len(posting[0])
            if len(self.names) > len(self._rows):
                held = int(self.alive()[np.frombuffer(posting[0], np.uint32)].sum())
        return math.log(1 + (len(self) - held + 0.5) / (held + 0.5))

    def scores(self, rarities: dict[str, float]) -> NDArray[np.float32]:
        """Return BM25 of every row."""
        found = np.zeros(len(self.names), np.float32)
        lengths = np.array(self._lengths, np.float32)
        norm = _K1 * (1 - _B + _B * lengths * (len(self) / max(1.0, self._total)))
        for word, rarity in rarities.items():
            if word in self._postings:
                rows = np.frombuffer(self._postings[word][0], np.uint32)
                times = np.frombuffer(self._postings[word][1], np.uint16).astype(np.float32)
                found[rows] += np.float32(rarity * (_K1 + 1)) * times / (times + norm[rows])
        if len(self.names) > len(self._rows):
            found[~self.alive()] = 0
        return found


class Match:
    """How one text compares with all skills. Valid until `Words` changes."""

    def __init__(self, words: Words, terms: dict[str, None]) -> None:
        self._words = words
        self._rarity = {term: words.rarity(term) for term in terms}
        self._scores = words.scores(self._rarity)

    @property
    def terms(self) -> int:
        return len(self._rarity)

    @property
    def weight(self) -> float:
        """The sum of what the text's words say."""
        return sum(self._rarity.values())

    def best(self, k: int, *, among: Collection[str] | None = None) -> list[str]:
        """Return the names of the `k` best that share a word, best first."""
        if among is not None:
            order = sorted((n for n in among if self.score(n) > 0), key=lambda n: -self.score(n))
            return order[:k]
        scores = self._scores
        rows = np.flatnonzero(scores) if len(scores) <= k else np.argpartition(-scores, k - 1)[:k]
        rows = rows[np.argsort(-scores[rows], kind="stable")]
        return [self._words.names[row] for row in rows if scores[row] > 0]

    def score(self, name: str) -> float:
        row = self._words.row(name)
        return 0.0 if row is None else float(self._scores[row])

    def coverage(self, name: str) -> float:
        """How much of what the skill's card says is said by the text, in [0, 1]."""
        row = self._words.row(name)
        if row is None:
            return 0.0
        said = sum(self._rarity[word] for word in self._words.card(row) & self._rarity.keys())
        return said / self._words.weight(row) if said else 0.0

    def shared(self, name: str) -> tuple[str, ...]:
        """Return the words in common, in the text's order."""
        row = self._words.row(name)
        known = Counter[str]() if row is None else self._words.text(row)
        return tuple(term for term in self._rarity if term in known)
