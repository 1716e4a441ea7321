"""Texts as numbered words, many at a time: identifiers split, plurals cut, stop words left out."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.integer[Any]]

_RAW = re.compile(r"\d+|[^\W\d_]+")
_RUN = re.compile(r"[^\W_]+")
# The same for ASCII, where translating and splitting takes a third of the time.
_SPACED = {code: code if chr(code).isalnum() else " " for code in range(128)}
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_STOP = frozenset(
    "a an and are as at be by def for from given if import in into is it its list none of on or "
    "return returns self str int float bool that the then this to what which with you your".split()
)
_LONGEST = 64  # letters of a word; a longer one is data, not language


def split_words(text: str) -> list[str]:
    """Split text and identifiers (snake_case, camelCase, digits) into plain lower-case words."""
    return [word for run in _runs(text) for word in _plain(run)]


def spread(starts: Numbers, counts: Numbers) -> Numbers:
    """Return the numbers from each start on, as many as its count, one after the other."""
    before = np.cumsum(counts) - counts
    return np.repeat(starts - before, counts) + np.arange(counts.sum())


class Vocabulary(dict[str, int]):
    """The number of each run of letters and digits that was met, and the words in it."""

    def __init__(self) -> None:
        super().__init__()
        self._words: dict[str, int] = {}
        self._starts, self._spans, self._parts = array("I"), array("I"), array("I")

    def __missing__(self, run: str) -> int:
        number = self[run] = len(self)
        words = _plain(run)
        self._starts.append(len(self._parts))
        self._spans.append(len(words))
        self._parts.extend(self._words.setdefault(word, len(self._words)) for word in words)
        return number

    @property
    def size(self) -> int:
        """How many words there are; their numbers are below."""
        return len(self._words)

    def number(self, word: str) -> int:
        """Return the number of a word, -1 for one never met."""
        return self._words.get(word, -1)

    def counted(self, texts: Iterable[str]) -> tuple[Numbers, Numbers, Numbers]:
        """Return (text, word, how often), ordered by text, then by word."""
        runs, sizes = array("I"), array("I")
        for text in texts:
            before = len(runs)
            runs.extend(map(self.__getitem__, _runs(text)))
            sizes.append(len(runs) - before)
        run = np.asarray(runs)
        spans = np.asarray(self._spans)[run].astype(np.int64)
        words = np.asarray(self._parts)[spread(np.asarray(self._starts)[run], spans)]
        texts_of = np.repeat(np.repeat(np.arange(len(sizes)), np.asarray(sizes)), spans)
        least = max(1, self.size)
        keys, times = np.unique(texts_of * least + words, return_counts=True)
        return keys // least, keys % least, times

    def keep(self, words: Numbers) -> None:
        """Forget all but these; the first of them becomes number 0, and so on."""
        every = list(self._words)
        self.clear()
        self.__init__()  # type: ignore[misc]
        self._words = {every[word]: number for number, word in enumerate(words)}


def _runs(text: str) -> list[str]:
    return text.translate(_SPACED).split() if text.isascii() else _RUN.findall(text)


@lru_cache(maxsize=100_000)
def _plain(run: str) -> tuple[str, ...]:
    """Return the words in a run of letters and digits."""
    parts = (part for raw in _RAW.findall(run) for part in _CAMEL.sub(" ", raw).split())
    words = (part.lower()[:_LONGEST] for part in parts)
    return tuple(_stem(word) for word in words if word not in _STOP)


def _stem(word: str) -> str:
    """Cut plurals, as the S-stemmer of Harman (1991) does."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith("s") and not word.endswith(("ss", "us")) and len(word) > 3:
        return word[:-1]
    return word
