"""What a vector is here, and what gives some."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Encoder(Protocol):
    """Turns texts into unit vectors. `key` names the model: vectors of two keys never mix."""

    @property
    def key(self) -> str: ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return an array of shape (len(texts), dimension), each row of length 1."""
        ...
