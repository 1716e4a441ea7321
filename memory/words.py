"""Which skills are written about in the words of a text: BM25 over split identifiers."""

from __future__ import annotations

import math
from array import array
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from habilis.memory.postings import Postings, joined, merged
from habilis.memory.vocabulary import Numbers, Vocabulary, split_words, spread

_K1, _B = 1.2, 0.75
_RAREST = 3
_PART = 2_000  # texts read into arrays at once, for the memory that takes


def card_text(name: str, description: str) -> str:
    """Return the text that stands for a skill among vectors."""
    return f"{' '.join(split_words(name))}: {description}"


@dataclass(frozen=True, slots=True)
class Written:
    """What is written about a skill; `card` says what it is for."""

    name: str
    card: str
    text: str


class Words:
    """BM25 over what is written about each skill (Robertson and Walker, 1994).

    Rows are only ever appended; one that was replaced is skipped, and all are numbered
    anew when half of them are such.
    """

    def __init__(self) -> None:
        self.vocabulary = Vocabulary()
        self.names: list[str] = []
        self._rows: dict[str, int] = {}
        self._alive, self._lengths = array("b"), array("f")
        self._cards, self._card_ends = array("I"), array("I", [0])  # words of each row's card
        self._held = np.zeros(0, np.int64)  # rows alive that hold a word
        self._postings: list[Postings] = []
        self._total = 0.0

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, name: str, *, card: str, text: str) -> None:
        """Take in a skill in place of what was known of it."""
        self.put_all([Written(name, card, text)])

    def put_all(self, written: Iterable[Written]) -> None:
        """Take in skills of different names, each in place of what was known of it."""
        rest = iter(written)
        while part := list(islice(rest, _PART)):
            self.drop([each.name for each in part])
            self._append(part)
        self._postings = merged(self._postings, self.alive())

    def drop(self, names: Iterable[str]) -> None:
        """Forget what is written about these."""
        rows = [self._rows.pop(name) for name in names if name in self._rows]
        if not rows:
            return
        going = np.zeros(len(self.names), bool)
        going[rows] = True
        np.asarray(self._alive)[rows] = 0
        self._total -= float(np.asarray(self._lengths)[rows].sum())
        for one in self._postings:
            words = one.words_at(np.flatnonzero(going[one.rows]))
            self._held -= np.bincount(words, minlength=len(self._held))
        if len(self.names) > 2 * len(self._rows) + 64:
            self._number_anew()

    def _append(self, part: Sequence[Written]) -> None:
        rows, words, times = self.vocabulary.counted(each.text for each in part)
        cards, card_words, _ = self.vocabulary.counted(each.card for each in part)
        lengths = np.bincount(rows, times, minlength=len(part))
        first = len(self.names)
        for row, each in enumerate(part, first):
            self._rows[each.name] = row
            self.names.append(each.name)
        self._alive.extend([1] * len(part))
        self._lengths.extend(lengths)
        self._total += float(lengths.sum())
        ends = np.cumsum(np.bincount(cards, minlength=len(part))) + len(self._cards)
        self._card_ends.extend(ends.tolist())
        self._cards.extend(card_words.tolist())
        held = np.bincount(words, minlength=self.vocabulary.size)
        held[: len(self._held)] += self._held
        self._held = held
        self._postings.append(Postings.of(rows + first, words, times))

    def _number_anew(self) -> None:
        """Leave no room to rows, and to words, that are gone."""
        alive = self.alive()
        rows, words, times = joined(self._postings, alive).entries()
        kept = np.flatnonzero(alive)
        owner, card_words = self.cards(kept)
        known = np.unique(np.concatenate([words, card_words]))
        self.vocabulary.keep(known)
        self.names = [self.names[row] for row in kept]
        self._rows = {name: row for row, name in enumerate(self.names)}
        self._alive = array("b", [1] * len(kept))
        self._lengths = array("f", np.asarray(self._lengths)[kept])
        self._cards = array("I", np.searchsorted(known, card_words).tolist())
        ends = np.cumsum(np.bincount(owner, minlength=len(kept)))
        self._card_ends = array("I", [0, *ends.tolist()])
        words = np.searchsorted(known, words)
        self._held = np.bincount(words, minlength=len(known))
        self._postings = [Postings.of(np.searchsorted(kept, rows), words, times)]

    def match(self, query: str) -> Match:
        """Compare a text with every skill."""
        return Match(self, list(dict.fromkeys(split_words(query))))

    # what a match reads ------------------------------------------------------

    def rows(self, names: Iterable[str]) -> Numbers:
        """Return the row of each name, -1 for one that is not there."""
        return np.array([self._rows.get(name, -1) for name in names], np.int64)

    def alive(self) -> NDArray[np.bool_]:
        return np.array(self._alive, np.bool_)

    def cards(self, rows: Numbers) -> tuple[Numbers, Numbers]:
        """Return (place in `rows`, word) of all words of their cards."""
        ends, words = np.asarray(self._card_ends), np.asarray(self._cards)
        starts = ends[rows].astype(np.int64)
        counts = ends[rows + 1] - starts
        return np.repeat(np.arange(len(rows)), counts), words[spread(starts, counts)]

    def rarity(self, words: Numbers) -> NDArray[np.float64]:
        """How much each word says: BM25's inverse document frequency."""
        held = self._held[words]
        return np.log1p((len(self) - held + 0.5) / (held + 0.5))

    def scores(
        self, words: Numbers, rarities: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], Numbers, Numbers]:
        """Return BM25 of every row, and (place in `words`, row) of the words held."""
        lengths = np.asarray(self._lengths)
        scale = _K1 * _B * len(self) / max(1.0, self._total)
        parts = []
        for one in self._postings:
            which, places = one.find(words)
            rows, times = one.rows[places], one.times[places].astype(np.float32)
            gains = rarities[which] * (times / (times + lengths[rows] * scale + _K1 * (1 - _B)))
            parts.append((which, rows, gains))
        empty = (np.zeros(0, np.int64), np.zeros(0, np.uint32), np.zeros(0))
        which, rows, gains = (np.concatenate(p) for p in zip(*(parts or [empty]), strict=True))
        summed = np.bincount(rows, (_K1 + 1) * gains, minlength=len(self.names))
        found = summed.astype(np.float64)  # integers where there is nothing to sum
        if len(self.names) > len(self):
            found[~self.alive()] = 0
        return found, which, rows


class Match:
    """How one text compares with all skills. Valid until `Words` changes."""

    def __init__(self, words: Words, terms: Sequence[str]) -> None:
        numbers = np.array([words.vocabulary.number(term) for term in terms], np.int64)
        known = np.flatnonzero(numbers >= 0)
        self._words, self._terms, self._known = words, terms, numbers[known]
        self._rarities = rarities = words.rarity(self._known)
        self._places = known
        self._scores, which, self._rows = words.scores(self._known, rarities)
        self._which = known[which]
        unknown = (len(terms) - len(known)) * math.log1p(2 * len(words) + 1)
        self.weight = float(rarities.sum()) + unknown  # what the text's words say together

    @property
    def terms(self) -> int:
        return len(self._terms)

    def best(self, k: int, *, among: Collection[str] | None = None) -> list[str]:
        """Return the names of the `k` best that share a word, best first."""
        scores = self._scores
        if among is not None:
            scores = np.zeros(len(scores))
            rows = self._words.rows(among)
            scores[rows[rows >= 0]] = self._scores[rows[rows >= 0]]
        k = min(k, len(scores))
        best = np.argpartition(-scores, k - 1)[:k] if k else np.zeros(0, np.int64)
        best = best[np.argsort(-scores[best], kind="stable")]
        return [self._words.names[row] for row in best[scores[best] > 0]]

    def scores(self, rows: Numbers) -> NDArray[np.float64]:
        """Return BM25 of rows, 0 for row -1."""
        found = self._scores[rows] if len(self._scores) else np.zeros(len(rows))
        found[rows < 0] = 0
        return found

    def coverage(self, rows: Numbers) -> NDArray[np.float64]:
        """How much of what each skill's card says is said by the text, in [0, 1]."""
        here = np.flatnonzero(rows >= 0)
        owner, words = self._words.cards(rows[here])
        rarities = self._words.rarity(words)
        asked = np.zeros(self._words.vocabulary.size, bool)
        asked[self._known] = True
        whole = np.bincount(owner, rarities, minlength=len(here))
        said = np.bincount(owner, rarities * asked[words], minlength=len(here))
        found = np.zeros(len(rows))
        found[here] = said / np.maximum(whole, 1e-9)
        return found

    def rarest(self, row: int) -> float:
        """How much of what its three rarest known words say a row has, in [0, 1]."""
        best = np.argsort(-self._rarities, kind="stable")[:_RAREST]
        held = np.isin(self._places[best], self._which[self._rows == row])
        said = float(self._rarities[best].sum())
        return float(self._rarities[best][held].sum()) / said if said else 0.0

    def shared(self, row: int) -> tuple[str, ...]:
        """Return the words in common with a row, in the text's order; none with row -1."""
        held = self._which[self._rows == row]
        return tuple(self._terms[which] for which in sorted(held.tolist()))
