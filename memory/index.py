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
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import numpy as np

from habilis.errors import LibraryError
from habilis.memory.store import Store
from habilis.memory.vectors import Vectors

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection as ChromaCollection

_COLLECTION = "skills"
RECIPE: Final = "card+tasks-2"  # how a skill becomes a vector; another one makes a new index
_BATCH = 1_000


class _InCollection:
    """What an index does with its collection, wherever that lies."""

    _collection: ChromaCollection

    def upsert(self, names: Sequence[str], vectors: Vectors) -> None:
        for start in range(0, len(names), _BATCH):
            part = slice(start, start + _BATCH)
            self._collection.upsert(ids=list(names[part]), embeddings=vectors[part])

    def remove(self, names: Sequence[str]) -> None:
        held = self.names().intersection(names)
        if held:
            self._collection.delete(ids=sorted(held))

    def nearest(
        self, vector: Vectors, *, k: int, among: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        ids = None if among is None else sorted(self.names().intersection(among))
        k = min(k, self._collection.count() if ids is None else len(ids))
        if k < 1:
            return []
        found = self._collection.query(
            query_embeddings=vector[None, :], n_results=k, ids=ids, include=["distances"]
        )
        distances = found["distances"] or [[]]
        return [
            (name, 1.0 - distance)
            for name, distance in zip(found["ids"][0], distances[0], strict=True)
        ]

    def cosines(self, vectors: Vectors, names: Sequence[str]) -> Vectors:
        got = self._collection.get(ids=list(names), include=["embeddings"]) if names else None
        held = np.asarray([] if got is None else got["embeddings"], np.float32)
        column = {name: i for i, name in enumerate(names)}
        found = np.full((len(vectors), len(names)), np.nan, np.float32)
        if got is not None and len(held):
            where = [column[name] for name in got["ids"]]
            found[:, where] = np.vecdot(vectors[:, None, :], held[None, :, :])
        return found

    def names(self) -> set[str]:
        return set(self._collection.get(include=[])["ids"])


class ChromaIndex(_InCollection):
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

    def alone(self) -> AbstractContextManager[None]:
        return nullcontext()

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

    def _open(self, *, fresh: bool) -> ChromaCollection:
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


class ServerIndex(_InCollection):
    """The vectors in a collection on a Chroma server, shared by processes and machines.

    One process at a time brings it into step, by a lock of the store, so that an old vector
    is never written over a newer one.

    Raises:
        LibraryError: the collection of our name belongs to something else.
    """

    kind = "server"

    def __init__(self, url: str, *, store: Store, fingerprint: str) -> None:
        import chromadb
        from chromadb.config import Settings

        parsed = urlsplit(url)
        self._store = store
        library = store.rows("SELECT value FROM fact WHERE key = 'library'")[0]["value"]
        self._client: Any = chromadb.HttpClient(
            host=parsed.hostname or "localhost",
            port=parsed.port or (443 if parsed.scheme == "https" else 8000),
            ssl=parsed.scheme == "https",
            settings=Settings(anonymized_telemetry=False),
        )
        digest = hashlib.sha256(fingerprint.encode()).hexdigest()[:12]
        self._mine = {"library": library, "fingerprint": fingerprint}
        self._collection = self._client.get_or_create_collection(
            f"habilis-{library}-{digest}",
            embedding_function=None,
            metadata={"hnsw:space": "cosine", "applied": 0, **self._mine},
        )
        self._check_owner()

    @property
    def applied(self) -> int:
        return int((self._collection.metadata or {}).get("applied", 0))

    @applied.setter
    def applied(self, number: int) -> None:
        self._collection.modify(metadata={**self._mine, "applied": number})

    @contextmanager
    def alone(self) -> Iterator[None]:
        with self._store.alone("index"):
            self._collection = self._client.get_collection(
                self._collection.name, embedding_function=None
            )
            self._check_owner()
            yield

    def close(self) -> None:
        self.abandon()

    def abandon(self) -> None:
        """Nothing to give up: the server goes on."""

    def _check_owner(self) -> None:
        held = self._collection.metadata or {}
        if any(held.get(key) != value for key, value in self._mine.items()):
            raise LibraryError(
                f"the collection {self._collection.name!r} on the Chroma server belongs to "
                "something else; name another server, or delete it there"
            )


def open_chroma(kind: str, store: Store, *, encoder: str) -> ChromaIndex | ServerIndex | None:
    """Return the index that `kind` names, or None when another process owns its folder.

    Vectors of another encoder or recipe are never taken for ours.
    """
    fingerprint = f"{encoder} {RECIPE}"
    if "://" in kind:
        return ServerIndex(kind, store=store, fingerprint=fingerprint)
    return open_folder(store.folder / "chroma", fingerprint=fingerprint)


def open_folder(folder: Path, *, fingerprint: str) -> ChromaIndex | None:
    """Return the index in this folder, or None when another process owns it."""
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
