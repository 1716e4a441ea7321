"""The exact index: a matrix in memory. The yardstick, and what every process can have."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import numpy as np

from habilis.memory.vectors import Vectors

_ROOM = 64


class Index(Protocol):
    """Finds names by vector. Derived from the store, so it can always be thrown away.

    `applied` is the number of the last change it has taken in.
    """

    kind: str
    applied: int

    def upsert(self, names: Sequence[str], vectors: Vectors) -> None: ...

    def remove(self, names: Sequence[str]) -> None: ...

    def nearest(
        self, vector: Vectors, *, k: int, among: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """Return the `k` names nearest to a unit vector with their cosines, best first.

        With `among`, only of these names.
        """
        ...

    def cosines(self, vectors: Vectors, names: Sequence[str]) -> Vectors:
        """Return the cosine of each of the unit vectors (a row) with each name (a column).

        NaN for a name that is not there.
        """
        ...

    def names(self) -> set[str]: ...

    def alone(self) -> AbstractContextManager[None]:
        """Keep other processes from bringing the same index into step meanwhile."""
        ...

    def close(self) -> None: ...

    def abandon(self) -> None:
        """Give it up as it is: it is broken, or belongs to this child's parent."""
        ...


class ExactIndex:
    """Compares the query with every vector; nothing on disk, nothing approximate."""

    kind = "exact"

    def __init__(self) -> None:
        self.applied = 0
        self._rows: dict[str, int] = {}
        self._names: list[str] = []
        self._matrix: Vectors = np.zeros((0, 0), np.float32)

    def upsert(self, names: Sequence[str], vectors: Vectors) -> None:
        new = [name for name in dict.fromkeys(names) if name not in self._rows]
        self._make_room(len(self._names) + len(new), vectors.shape[1] if len(vectors) else 0)
        for name in new:
            self._rows[name] = len(self._names)
            self._names.append(name)
        if len(names):
            self._matrix[[self._rows[name] for name in names]] = vectors

    def _make_room(self, rows: int, dimension: int) -> None:
        if dimension and rows > len(self._matrix):
            grown = np.zeros((max(_ROOM, rows, 3 * len(self._matrix) // 2), dimension), np.float32)
            grown[: len(self._names)] = self._used() if self._names else 0
            self._matrix = grown

    def _used(self) -> Vectors:
        return self._matrix[: len(self._names)]

    def remove(self, names: Sequence[str]) -> None:
        for name in names:
            row = self._rows.pop(name, None)
            if row is None:
                continue
            last = self._names.pop()  # fills the gap
            if last != name:
                self._matrix[row] = self._matrix[len(self._names)]
                self._rows[last], self._names[row] = row, last

    def nearest(
        self, vector: Vectors, *, k: int, among: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        names = self._names if among is None else [n for n in among if n in self._rows]
        k = min(k, len(names))
        if k < 1:
            return []
        used = self._used() if among is None else self._matrix[[self._rows[n] for n in names]]
        # vecdot, not @: on a loaded machine BLAS threads cost 25 times the time
        cosines = np.vecdot(used, vector)
        best = np.argpartition(-cosines, k - 1)[:k] if k < len(names) else np.arange(k)
        best = best[np.argsort(-cosines[best], kind="stable")]
        return [(names[row], float(cosines[row])) for row in best]

    def cosines(self, vectors: Vectors, names: Sequence[str]) -> Vectors:
        found = np.full((len(vectors), len(names)), np.nan, np.float32)
        here = [column for column, name in enumerate(names) if name in self._rows]
        if here:
            rows = self._matrix[[self._rows[names[column]] for column in here]]
            found[:, here] = np.vecdot(vectors[:, None, :], rows[None, :, :])
        return found

    def names(self) -> set[str]:
        return set(self._names)

    def alone(self) -> AbstractContextManager[None]:
        return nullcontext()

    def close(self) -> None:
        self.__init__()  # type: ignore[misc]

    def abandon(self) -> None:
        self.close()
