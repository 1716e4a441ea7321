"""Which rows hold which words, how often. Immutable; new rows make new ones, which are merged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from habilis.memory.vocabulary import Numbers, spread

_MOST = 65_535
_MUCH_LARGER = 4


@dataclass(frozen=True, kw_only=True, eq=False)
class Postings:
    """Entries ordered by word: those of `words[i]` begin at `starts[i]`."""

    words: Numbers
    starts: Numbers
    rows: Numbers
    times: Numbers

    @classmethod
    def of(cls, rows: Numbers, words: Numbers, times: Numbers) -> Self:
        order = np.argsort(words, kind="stable")
        known, starts = np.unique(words[order], return_index=True)
        return cls(
            words=known.astype(np.uint32),
            starts=np.append(starts, len(words)),
            rows=rows[order].astype(np.uint32),
            times=np.minimum(times, _MOST)[order].astype(np.uint16),
        )

    def __len__(self) -> int:
        return len(self.rows)

    def entries(self) -> tuple[Numbers, Numbers, Numbers]:
        """Return (row, word, how often) of all."""
        return self.rows, np.repeat(self.words, np.diff(self.starts)), self.times

    def find(self, wanted: Numbers) -> tuple[Numbers, Numbers]:
        """Return (place in `wanted`, place of the entry) of all entries of these words."""
        place = np.searchsorted(self.words, wanted)
        place[place == len(self.words)] = 0
        here = self.words[place] == wanted if len(self.words) else np.zeros(len(wanted), bool)
        starts = np.where(here, self.starts[place], 0)
        counts = np.where(here, self.starts[place + here] - starts, 0)
        return np.repeat(np.arange(len(wanted)), counts), spread(starts, counts)

    def words_at(self, places: Numbers) -> Numbers:
        """Return the words of entries."""
        return self.words[np.searchsorted(self.starts, places, side="right") - 1]


def merged(every: Sequence[Postings], alive: NDArray[np.bool_]) -> list[Postings]:
    """Merge the last ones, until each is much larger than all after it together.

    So there are few, and each entry is written a few times only (O'Neil et al., the
    log-structured merge-tree, 1996). Entries of rows that are not alive go.
    """
    first, size = len(every) - 1, 0
    while first > 0:
        size += len(every[first])
        if len(every[first - 1]) > _MUCH_LARGER * size:
            break
        first -= 1
    if first >= len(every) - 1:
        return list(every)
    return [*every[:first], joined(every[first:], alive)]


def joined(every: Sequence[Postings], alive: NDArray[np.bool_]) -> Postings:
    """Return all entries of rows that are alive as one."""
    rows, words, times = (
        np.concatenate(part) for part in zip(*(one.entries() for one in every), strict=True)
    )
    kept = alive[rows]
    return Postings.of(rows[kept], words[kept], times[kept])
