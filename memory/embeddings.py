"""The vectors that were computed before, kept in the store by the hash of their text."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from habilis.errors import EncoderError, LibraryError
from habilis.memory.store import Store, storable
from habilis.memory.vectors import Encoder, Vectors

_FLOAT_BYTES = 4
_ASKED = 2_000  # queries remembered; 1.5 kB each with MiniLM


def text_hash(text: str) -> str:
    """Return the name under which the vector of a text is kept."""
    return hashlib.sha256(storable(text).encode()).hexdigest()


class Embeddings:
    """Vectors of texts, kept in the store: a text seen before needs no encoder."""

    def __init__(self, store: Store, encoder: Encoder) -> None:
        self._store, self.encoder = store, encoder
        self._bytes = 0
        self._unkept: dict[str, Vectors] = {}  # of a store that cannot be written

    def vectors(self, texts: Sequence[str], *, asked: bool = False) -> Vectors:
        """Return one unit vector a text, encoding only those not seen before.

        Texts that are only `asked` for are kept for a while, those of skills for good.

        Raises:
            EncoderError: the encoder gives something else than finite rows of the length
                that it has always given.
        """
        texts = [storable(text) for text in texts]  # tokenizers take nothing but Unicode
        hashes = [text_hash(text) for text in texts]
        known = self.known(hashes)
        new = {h: text for h, text in zip(hashes, texts, strict=True) if h not in known}
        if new:
            known |= dict(zip(new, self._encode(list(new.values())), strict=True))
            self._remember({h: known[h] for h in new}, asked=asked)
        return np.stack([known[h] for h in hashes]) if hashes else np.zeros((0, 0), np.float32)

    def known(self, hashes: Iterable[str]) -> dict[str, Vectors]:
        """Return the vectors that are there, by text hash; those of a wrong length are not."""
        wanted = sorted(set(hashes))
        found = {h: self._unkept[h] for h in wanted if h in self._unkept}
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            rows = self._store.rows(
                "SELECT text_hash, vector FROM embedding WHERE encoder = ? AND text_hash IN "
                f"({', '.join('?' * len(part))})",
                [self.encoder.key, *part],
            )
            for row in rows:
                vector = row["vector"]
                if isinstance(vector, bytes) and len(vector) == self._size():
                    found[row["text_hash"]] = np.frombuffer(vector, np.float32)
        return found

    def _size(self) -> int:
        """Return how many bytes a vector of this encoder has here, 0 when there is none."""
        if not self._bytes:
            rows = self._store.rows(
                "SELECT length(vector) FROM embedding WHERE encoder = ? LIMIT 100",
                (self.encoder.key,),
            )
            sizes = Counter(row[0] for row in rows if row[0] % _FLOAT_BYTES == 0)
            self._bytes = max(sizes, key=lambda size: (sizes[size], size), default=0)
        return self._bytes

    def _encode(self, texts: list[str]) -> Vectors:
        key = self.encoder.key
        vectors = np.asarray(self.encoder.encode(texts), dtype=np.float32)
        if vectors.ndim != 2 or len(vectors) != len(texts):
            raise EncoderError(
                f"encoder {key!r} gave an array of shape {vectors.shape} for {len(texts)} texts"
            )
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.isfinite(lengths).all() or not lengths.all():
            raise EncoderError(f"encoder {key!r} gave a vector of length 0, infinite or NaN")
        known = self._size() // vectors.itemsize
        if known and known != vectors.shape[1]:
            raise EncoderError(
                f"encoder {key!r} gave vectors of dimension {vectors.shape[1]}, but this library "
                f"has such of {known}: give another model another key"
            )
        return np.asarray(vectors / lengths, dtype=np.float32)

    def _remember(self, vectors: dict[str, Vectors], *, asked: bool) -> None:
        if self._store.read_only:
            self._unkept |= vectors
            return
        try:
            self._write(vectors, asked=asked)
        except LibraryError:  # the disk is full: searching goes on, and tries again another time
            self._unkept |= vectors

    def _write(self, vectors: dict[str, Vectors], *, asked: bool) -> None:
        key = self.encoder.key
        with self._store.change() as connection:
            connection.executemany(
                "INSERT INTO embedding (encoder, text_hash, vector, asked) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (encoder, text_hash) DO UPDATE SET vector = excluded.vector, "
                "asked = embedding.asked * excluded.asked",
                [(key, h, vector.tobytes(), asked) for h, vector in vectors.items()],
            )
            if asked:
                connection.execute(
                    "DELETE FROM embedding WHERE asked = 1 AND id <= (SELECT id FROM embedding "
                    "WHERE asked = 1 ORDER BY id DESC LIMIT 1 OFFSET ?)",
                    (_ASKED,),
                )
