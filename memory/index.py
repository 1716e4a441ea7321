"""The Chroma index. The only file that knows chromadb.

A folder of Chroma's loses vectors for good when two processes write it, so it has one
owner: who holds the lock file. Everybody else searches exactly. Each rebuild takes a
new epoch folder, because a client that was closed badly cannot be trusted to reopen.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from habilis.memory.embed import Vectors

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection

_COLLECTION = "skills"
_BATCH = 1_000


class ChromaIndex:
    """The vectors of the skills in a Chroma collection that this process owns.

    Made by `open_chroma`. While it is open its state file says so; one that was not
    closed is thrown away at the next opening and built anew from the store.
    """

    kind = "chroma"

    def __init__(self, folder: Path, *, lock: int, fingerprint: str) -> None:
        self._folder, self._lock, self._fingerprint = folder, lock, fingerprint
        state = _read_state(folder)
        sound = state.get("clean") is True and state.get("fingerprint") == fingerprint
        self._epoch = state["epoch"] if sound else _new_epoch()
        self.applied = int(state.get("applied", 0)) if sound else 0
        try:
            self._collection = self._open(fresh=not sound)
            damaged = sound and self._collection.count() != state.get("count")
        except Exception:  # noqa: BLE001 - a damaged folder can raise anything at all
            damaged = True
        if damaged:
            self._epoch, self.applied = _new_epoch(), 0
            self._collection = self._open(fresh=True)
        self._write_state(clean=False)

    def upsert(self, names: Sequence[str], vectors: Vectors) -> None:
        for start in range(0, len(names), _BATCH):
            part = slice(start, start + _BATCH)
            self._collection.upsert(ids=list(names[part]), embeddings=vectors[part])

    def remove(self, names: Sequence[str]) -> None:
        held = self.names().intersection(names)
        if held:
            self._collection.delete(ids=sorted(held))

    def nearest(self, vector: Vectors, *, k: int) -> list[tuple[str, float]]:
        k = min(k, self._collection.count())
        if k < 1:
            return []
        found = self._collection.query(
            query_embeddings=vector[None, :], n_results=k, include=["distances"]
        )
        distances = found["distances"] or [[]]
        return [
            (name, 1.0 - distance)
            for name, distance in zip(found["ids"][0], distances[0], strict=True)
        ]

    def names(self) -> set[str]:
        return set(self._collection.get(include=[])["ids"])

    def close(self) -> None:
        """Leave the folder in a state that the next owner can go on with."""
        if self._lock < 0:
            return
        self._write_state(clean=True)
        self._client.close()
        os.close(self._lock)  # also gives up the lock
        self._lock = -1

    def _open(self, *, fresh: bool) -> Collection:
        import chromadb
        from chromadb.config import Settings

        if fresh:
            for old in self._folder.glob("epoch-*"):
                shutil.rmtree(old, ignore_errors=True)
        self._client = chromadb.PersistentClient(
            path=str(self._folder / f"epoch-{self._epoch}"),
            settings=Settings(anonymized_telemetry=False),
        )
        return self._client.get_or_create_collection(
            _COLLECTION, embedding_function=None, metadata={"hnsw:space": "cosine"}
        )

    def _write_state(self, *, clean: bool) -> None:
        state = {
            "fingerprint": self._fingerprint,
            "epoch": self._epoch,
            "applied": self.applied,
            "count": self._collection.count(),
            "clean": clean,
        }
        scratch = self._folder / "state.json.new"
        scratch.write_text(json.dumps(state))
        scratch.replace(self._folder / "state.json")


def open_chroma(folder: Path, *, fingerprint: str) -> ChromaIndex | None:
    """Return the index in this folder, or None when another process owns it.

    `fingerprint` names the encoder: vectors of another one are thrown away.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return ChromaIndex(folder, lock=lock, fingerprint=fingerprint)


def _new_epoch() -> str:
    """A name never used before: Chroma keeps what it opened by path, even after a deletion."""
    return uuid.uuid4().hex[:12]


def _read_state(folder: Path) -> dict[str, Any]:
    try:
        state = json.loads((folder / "state.json").read_text())
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}
