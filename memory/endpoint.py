"""Vectors from an OpenAI-compatible `/v1/embeddings` endpoint."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from habilis.errors import EncoderError
from habilis.memory.vectors import Vectors

_BATCH, _TIMEOUT_S, _TRIES = 64, 30.0, 3
_CHARS = 20_000  # of a text: models take some 8,000 tokens


class EndpointEncoder:
    """A model of any server that speaks OpenAI's embeddings; `OPENAI_BASE_URL` names it.

    Texts of skills and queries leave the machine. Transient failures are tried again.

    Raises (when it encodes):
        EncoderError: nothing answers, the key is refused, or the answer makes no sense.
    """

    def __init__(self, model: str, *, base_url: str = "", api_key: str = "") -> None:
        self.key = f"openai:{model}"
        self._model = model
        default = os.environ.get("OPENAI_BASE_URL") or "https://api.openai.com/v1"
        self._url = f"{(base_url or default).rstrip('/')}/embeddings"
        self._api_key = api_key or os.environ.get("OPENAI_API_KEY", "")

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors, one a text."""
        rows: list[list[float]] = []
        for start in range(0, len(texts), _BATCH):
            rows += self._ask([text[:_CHARS] or " " for text in texts[start : start + _BATCH]])
        try:
            vectors = np.asarray(rows, np.float32)
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        except ValueError as error:
            raise EncoderError(f"encoder {self.key!r} gave no vectors: {error}") from None
        return np.asarray(vectors / np.where(lengths > 0, lengths, 1), np.float32)

    def _ask(self, texts: list[str]) -> list[list[float]]:
        import httpx

        problem = ""
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(0.5 * 2**attempt)
            try:
                answer = httpx.post(
                    self._url,
                    json={"model": self._model, "input": texts},
                    headers={"Authorization": f"Bearer {self._api_key}"} if self._api_key else {},
                    timeout=_TIMEOUT_S,
                )
            except httpx.TransportError as error:
                problem = f"{type(error).__name__}: {error}"
                continue
            if answer.status_code == 429 or answer.status_code >= 500:
                problem = f"status {answer.status_code}"
                continue
            if answer.status_code != 200:
                raise EncoderError(
                    f"encoder {self.key!r}: {self._url} answers {answer.status_code} "
                    f"({answer.text[:200]!r}); check OPENAI_BASE_URL, OPENAI_API_KEY and the model"
                )
            return self._read(answer, len(texts))
        raise EncoderError(f"encoder {self.key!r}: {self._url} does not answer ({problem})")

    def _read(self, answer: Any, count: int) -> list[list[float]]:
        try:
            items = sorted(answer.json()["data"], key=lambda item: int(item["index"]))
            rows = [[float(x) for x in item["embedding"]] for item in items]
        except (ValueError, KeyError, TypeError) as error:
            raise EncoderError(f"encoder {self.key!r} gave no vectors: {error!r}") from None
        if len(rows) != count:
            raise EncoderError(f"encoder {self.key!r} gave {len(rows)} vectors for {count} texts")
        return rows
