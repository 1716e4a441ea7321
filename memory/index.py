"""The Chroma index. The only file that knows chromadb.

A folder of Chroma's loses vectors for good when two processes write it, so it has one
owner: who holds the lock file. Everybody else searches exactly. Each rebuild takes a
new epoch folder, because a client that was closed badly cannot be trusted to reopen.
A closed folder is only opened again when every file is as it was left: damaged vector
files give wrong neighbours or end the process (tests/memory/test_index.py).
"""

from __future__ import annotations

import fcntl
import hashlib
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
        epoch, applied = state.get("epoch"), state.get("applied")
        sound = (
            isinstance(epoch, str)
            and isinstance(applied, int)
            and state.get("fingerprint") == fingerprint
            and state.get("files") == _digests(folder / f"epoch-{epoch}")
        )
        self._epoch = str(epoch) if sound else _new_epoch()
        self.applied = int(applied or 0) if sound else 0
        self._write_state(files=None)
        try:
            self._collection = self._open(fresh=not sound)
        except Exception:  # another chromadb wrote it: what it raises then is not documented
            if not sound:
                raise
            self._epoch, self.applied = _new_epoch(), 0
            self._collection = self._open(fresh=True)

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
        self._client.close()
        self._write_state(files=_digests(self._folder / f"epoch-{self._epoch}"))
        self.abandon()

    def abandon(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)  # gives up the lock, unless a forked child does this
        self._lock = -1

    def _open(self, *, fresh: bool) -> Collection:
        import chromadb
        from chromadb.config import Settings

        if fresh:
            for old in self._folder.glob("epoch-*"):
                shutil.rmtree(old, ignore_errors=True)
        self._client: Any = chromadb.PersistentClient(  # its declared type has no close()
            path=str(self._folder / f"epoch-{self._epoch}"),
            settings=Settings(anonymized_telemetry=False),
        )
        return self._client.get_or_create_collection(
            _COLLECTION, embedding_function=None, metadata={"hnsw:space": "cosine"}
        )

    def _write_state(self, *, files: dict[str, str] | None) -> None:
        """Say what stands in the folder; no `files` while it is open, so a crash shows."""
        state = {
            "fingerprint": self._fingerprint,
            "epoch": self._epoch,
            "applied": self.applied,
            "files": files,
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
    try:
        return ChromaIndex(folder, lock=lock, fingerprint=fingerprint)
    except BaseException:
        os.close(lock)
        raise


def _new_epoch() -> str:
    """A name never used before: Chroma keeps what it opened by path, even after a deletion."""
    return uuid.uuid4().hex[:12]


def _digests(folder: Path) -> dict[str, str]:
    """Return a digest of each file's content by its path in the folder (240 MB: 0.3 s)."""
    found = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "blake2b").hexdigest()[:32]
        found[str(file.relative_to(folder))] = digest
    return found


def _read_state(folder: Path) -> dict[str, Any]:
    try:
        state = json.loads((folder / "state.json").read_text())
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}
