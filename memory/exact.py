"""The exact index: a matrix in memory. The yardstick, and what every process can have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from habilis.memory.embed import Vectors


class Index(Protocol):
    """Finds names by vector. Derived from the store, so it can always be thrown away.

    `applied` is the number of the last change it has taken in.
    """

    kind: str
    applied: int

    def upsert(self, names: Sequence[str], vectors: Vectors) -> None: ...

    def remove(self, names: Sequence[str]) -> None: ...

    def nearest(self, vector: Vectors, *, k: int) -> list[tuple[str, float]]:
        """Return the `k` names nearest to a unit vector with their cosines, best first."""
        ...

    def names(self) -> set[str]: ...

    def close(self) -> None: ...

    def abandon(self) -> None:
        """Give it up as it is: it is broken, or belongs to this child's parent."""
        ...


class ExactIndex:
    """Compares the query with every vector; nothing on disk, nothing approximate."""

    kind = "exact"

    def __init__(self) -> None:
        self.applied = 0
        self._vectors: dict[str, Vectors] = {}
        self._matrix: Vectors | None = None

    def upsert(self, names: Sequence[str], vectors: Vectors) -> None:
        self._vectors.update(zip(names, vectors, strict=True))
        self._matrix = None

    def remove(self, names: Sequence[str]) -> None:
        for name in names:
            self._vectors.pop(name, None)
        self._matrix = None

    def nearest(self, vector: Vectors, *, k: int) -> list[tuple[str, float]]:
        if not self._vectors or k < 1:
            return []
        if self._matrix is None:
            self._matrix = np.stack(list(self._vectors.values()))
        # vecdot, not @: on a loaded machine BLAS threads cost 25 times the time
        cosines = np.vecdot(self._matrix, vector)
        order = np.argsort(-cosines, kind="stable")[:k]
        names = list(self._vectors)
        return [(names[i], float(cosines[i])) for i in order]

    def names(self) -> set[str]:
        return set(self._vectors)

    def close(self) -> None:
        self._vectors.clear()
        self._matrix = None

    def abandon(self) -> None:
        self.close()
