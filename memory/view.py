"""One kind of vector of every skill, in an index, brought into step bit by bit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, islice

import numpy as np

from habilis.memory.embeddings import Embeddings, text_hash
from habilis.memory.exact import ExactIndex, Index
from habilis.memory.vectors import Vectors

_TASK_WEIGHT = 0.5
_PART = 512

# Texts and the hashes of further texts, whose mean is added with half the weight.
Written = tuple[str, tuple[str, ...]]


class View:
    """An index and the names that it lacks, because they are new or were changed.

    `read` gives what is written of names, fewer where some are gone; `texts` gives the
    texts behind the further hashes of names. What is computed is kept in
    the store, so that work broken off is not lost and every other index can use it.
    """

    def __init__(
        self,
        embeddings: Embeddings,
        read: Callable[[Sequence[str]], Mapping[str, Written]],
        texts: Callable[[Sequence[str]], Iterable[str]],
    ) -> None:
        self._embeddings, self._read, self._texts = embeddings, read, texts
        self.index: Index = ExactIndex()
        self.pending: dict[str, None] = {}
        self._unread: dict[str, None] = {}  # those whose vectors may be in the store by now
        self.marked_to = -1  # the change up to which `pending` is complete

    def use(self, index: Index, *, applied: int) -> None:
        """Go on with another index, which has taken in all changes up to `applied`."""
        self.index, self.marked_to = index, applied
        self.pending.clear()
        self._unread.clear()

    def mark(self, names: Iterable[str]) -> None:
        """Say that these names changed."""
        new = dict.fromkeys(names)
        self.pending |= new
        self._unread |= new

    def fill(self) -> None:
        """Put everything into the index whose vectors have come into the store.

        Looks only at what was marked or given out as missing since the last time: of many
        that wait for the encoder, each is read a few times in all.
        """
        names = sorted(self._unread)
        for start in range(0, len(names), _PART):
            part = names[start : start + _PART]
            written = self._read(part)
            self.index.remove([name for name in part if name not in written])
            needed = {name: (text_hash(text), *more) for name, (text, more) in written.items()}
            known = self._embeddings.known({h for every in needed.values() for h in every})
            ready = {
                name: _mixed(*(known[h] for h in every))
                for name, every in needed.items()
                if all(h in known for h in every)
            }
            if ready:
                self.index.upsert(list(ready), np.stack(list(ready.values())))
            for name in part:
                del self._unread[name]
                if name in ready or name not in written:
                    del self.pending[name]

    def missing(self, limit: int, *, first: Sequence[str] = ()) -> list[str]:
        """Return texts of pending names that no encoder has seen, at most `limit` of them.

        Those of the names `first` come first. The next `fill` looks at them again.
        """
        found: dict[str, None] = {}
        sooner = [name for name in first if name in self.pending]
        names = chain(sooner, (name for name in self.pending if name not in sooner))
        while len(found) < limit and (part := list(islice(names, limit))):
            self._unread |= dict.fromkeys(part)
            written = self._read(part)
            own = {text_hash(text): text for text, _ in written.values()}
            others = {h for _, more in written.values() for h in more}
            known = self._embeddings.known([*own, *others])
            found |= dict.fromkeys(text for h, text in own.items() if h not in known)
            if others - known.keys():
                further = {text_hash(text): text for text in self._texts(part)}
                found |= {further[h]: None for h in others - known.keys() if h in further}
        return list(found)[:limit]


def _mixed(text: Vectors, *more: Vectors) -> Vectors:
    """Return the text's vector moved towards the mean of the others, of length 1."""
    if not more:
        return text
    whole = text + _TASK_WEIGHT * np.mean(more, axis=0)
    return np.asarray(whole / np.linalg.norm(whole), np.float32)
