"""What is found by searching: words and vectors, kept in step with the store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from habilis.errors import HabilisError
from habilis.memory import records
from habilis.memory.background import Background
from habilis.memory.embeddings import Embeddings
from habilis.memory.exact import ExactIndex, Index
from habilis.memory.forks import tell_of_forks
from habilis.memory.index import open_chroma
from habilis.memory.retrieve import Query, Ranking, find, parts
from habilis.memory.shelf import FOUND, Entry, Shelf
from habilis.memory.store import Store
from habilis.memory.view import View, Written

_T = TypeVar("_T")
_AT_ONCE = 64  # texts that a search encodes itself; more come in the background, meanwhile
_BATCH = 64  # texts encoded at a time there; a crash loses no more
_DRAFT_CHARS = 20_000


class Catalogue:
    """Searches the current versions of all skills that are not archived.

    Searching is exact until Chroma is open, and for good where another process owns the
    Chroma folder (`elsewhere`), in a forked child, and after Chroma has failed: `index.kind`
    says which and `trouble` what failed. Every search first takes in what any process has
    changed since the last one; skills without a vector yet are found by their words, those
    that cannot be read not at all (`unread`).
    """

    def __init__(self, store: Store, embeddings: Embeddings, *, kind: str) -> None:
        self._store, self._embeddings, self._kind = store, embeddings, kind
        self._lock = threading.RLock()
        self.trouble, self.elsewhere, self.unread = "", False, set[str]()
        self._begin()
        self._wants_chroma = kind != "exact" and not store.read_only
        tell_of_forks(self)
        if kind not in ("auto", "exact") and self._wants_chroma:
            self._open_chroma()

    def _begin(self) -> None:
        self._shelf = Shelf(self._store, self.unread)
        self._cards = View(self._embeddings, self._written_cards, self._task_texts)
        self._code: View | None = None  # from the first draft on
        self._opening: threading.Thread | None = None
        self._background = Background(self.encode_some)

    @property
    def encoder(self) -> str:
        """The key of the encoder."""
        return self._embeddings.encoder.key

    @property
    def index(self) -> Index:
        """The index of the cards."""
        return self._cards.index

    def warm(self) -> None:
        """Open Chroma in the background; until then searches are exact."""
        with self._lock:
            if self._wants_chroma and self._opening is None and self.index.kind == "exact":
                self._opening = threading.Thread(target=self._open_chroma)
                self._opening.start()

    def close(self) -> None:
        """Close the index so that the next process can go on with it."""
        self._background.stop()
        if self._opening is not None:
            self._opening.join()
        with self._lock:
            self._wants_chroma = False
            try:
                self.index.close()
            except Exception as error:  # noqa: BLE001 - Chroma's; what is left is built anew
                self._fail_over(error)

    def names(self) -> list[str]:
        """Return the names of the skills that can be found, by the alphabet."""
        with self._lock:
            self._read()
            return sorted(self._shelf.entries)

    def __len__(self) -> int:
        with self._lock:
            self._read()
            return len(self._shelf.entries)

    def search(
        self,
        text: str,
        *,
        k: int,
        draft: str = "",
        fits: Callable[[Entry], bool] | None = None,
        anyway: bool = False,
    ) -> Ranking:
        """Return the skills that fit best; none for an empty library, with no encoder loaded."""
        if not len(self):
            return Ranking(found=(), evidence=-np.inf)
        draft = draft[:_DRAFT_CHARS]
        texts = [text, *parts(text), *([draft] if draft else [])]
        vectors = self._embeddings.vectors(texts, asked=True)
        query = Query(
            text=text,
            vectors=vectors[:-1] if draft else vectors,
            draft=draft,
            draft_vector=vectors[-1] if draft else None,
        )
        with self._lock:
            self.step(text=text)
            entries = self._shelf.entries.items()
            among = None if fits is None else {name for name, entry in entries if fits(entry)}
            if draft:
                self._step_code()
            return self._with_index(
                lambda index: find(
                    query,
                    cards=index,
                    words=self._shelf.words,
                    k=k,
                    code=None if self._code is None else self._code.index,
                    among=among,
                    prior=self._shelf.priors,
                    anyway=anyway,
                )
            )

    # in step with the store --------------------------------------------------

    def step(self, *, at_once: int = _AT_ONCE, text: str = "") -> None:
        """Bring the index into step; what takes long goes on in the background.

        Skills written about in the words of `text` come first.
        """
        with self._lock:
            self._read()
            self._with_index(lambda index: self._fill())
            if self._cards.pending and at_once:
                first = self._shelf.words.match(text).best(at_once) if text else ()
                self._embeddings.vectors(self._cards.missing(at_once, first=first))
                self._with_index(lambda index: self._fill())
            if self._cards.pending:
                self._background.go_on()

    def _fill(self) -> None:
        view, newest = self._cards, self._shelf.read_to
        if not view.pending and view.index.applied == newest:
            return
        with view.index.alone():
            changed = self._shelf.changed_since(view.marked_to)
            if changed is None or view.marked_to > newest:  # the store is another than it was
                view.index.remove(sorted(view.index.names() - self._shelf.entries.keys()))
                changed = set(self._shelf.entries)
            view.mark(changed)
            view.marked_to = newest
            view.fill()
            if not view.pending:
                view.index.applied = newest

    def _step_code(self) -> None:
        if self._code is None:
            self._code = View(self._embeddings, self._written_code, lambda _: ())
            self._code.mark(self._shelf.entries)
        self._code.fill()
        if self._code.pending:
            self._embeddings.vectors(self._code.missing(_AT_ONCE))
            self._code.fill()
            self._background.go_on()

    def _read(self) -> None:
        changed = self._shelf.read()
        if changed is None and self._code is not None:
            self._code = None
        if changed and self._code is not None:
            self._code.mark(changed)

    def _written_cards(self, names: Sequence[str]) -> Mapping[str, Written]:
        entries = self._shelf.entries
        return {n: (entries[n].card, entries[n].tasks) for n in names if n in entries}

    def _written_code(self, names: Sequence[str]) -> Mapping[str, Written]:
        skills = records.current_skills(self._store, states=FOUND, names=names, cases=False)
        return {skill.name: (skill.source[:_DRAFT_CHARS], ()) for skill in skills}

    def _task_texts(self, names: Sequence[str]) -> Iterable[str]:
        marks = ", ".join("?" * len(names))
        query = f"SELECT DISTINCT instruction FROM solved_task WHERE name IN ({marks})"
        return [row["instruction"] for row in self._store.rows(query, names)]

    # in the background -------------------------------------------------------

    def progress(self) -> tuple[int, int]:
        """Return how many of how many skills have their vector in the index."""
        with self._lock:
            self._read()
            self._with_index(lambda index: self._fill())
            return len(self._shelf.entries) - len(self._cards.pending), len(self._shelf.entries)

    def encode_some(self) -> bool:
        """Encode one batch of what is missing; tell whether there was any."""
        with self._lock:
            self._read()
            self._with_index(lambda index: self._fill())
            missing = self._cards.missing(_BATCH)
            if not missing and self._code is not None:
                missing = self._code.missing(_BATCH)
        if missing:
            self._embeddings.vectors(missing)
        with self._lock:
            self._with_index(lambda index: self._fill())
            if self._code is not None:
                self._code.fill()
        return bool(missing)

    # health ------------------------------------------------------------------

    def problems(self) -> list[str]:
        """Return what is wrong with the index; skills that wait for their vector are not."""
        with self._lock:
            if not len(self):
                return [self.trouble] if self.trouble else []
            self._with_index(lambda index: self._fill())  # encodes nothing: that would write
            held, wanted = self._with_index(lambda index: index.names()), set(self._shelf.entries)
            lacking = wanted - held - self._cards.pending.keys()
            found = [f"the index lacks {name!r}" for name in sorted(lacking)]
            found += [f"the index holds a stray {name!r}" for name in sorted(held - wanted)]
            return [*found, *([self.trouble] if self.trouble else [])]

    def rebuild(self) -> None:
        """Throw away what is derived and make it anew from the store, to the end."""
        with self._lock:
            self._shelf.forget()
            self._code = None
            self.unread.clear()
            self._with_index(lambda index: index.remove(sorted(index.names())))
            self._cards.use(self.index, applied=-1)
            self.step()
        while self.encode_some():
            pass
        self.trouble = ""

    # forks -------------------------------------------------------------------

    def before_fork(self) -> None:
        """Nothing: a search may take seconds, and the child begins anew anyway."""

    def after_fork(self, *, in_child: bool) -> None:
        if in_child:
            self._lock = threading.RLock()
            self.index.abandon()
            self._wants_chroma = False
            self._begin()

    # Chroma ------------------------------------------------------------------

    def _open_chroma(self) -> None:
        try:
            index = open_chroma(self._kind, self._store, encoder=self.encoder)
        except Exception as error:  # noqa: BLE001 - Chroma raises anything; searches go on exactly
            self.trouble = f"the Chroma index cannot be opened: {error}; searches are exact"
            return
        self.elsewhere = index is None
        if index is None:
            return
        with self._lock:
            exact = self.index
            self._cards.use(index, applied=index.applied)
            try:
                self.step(at_once=0)
            except HabilisError:  # of the encoder or the store: the next search will say it
                index.abandon()
                self._cards.use(exact, applied=exact.applied)

    def _with_index(self, work: Callable[[Index], _T]) -> _T:
        """Do something with the index; with the exact one, if Chroma fails at it."""
        try:
            return work(self.index)
        except HabilisError:
            raise
        except Exception as error:
            if self.index.kind == "exact":
                raise
            self._fail_over(error)
        self._fill()
        return work(self.index)

    def _fail_over(self, error: Exception) -> None:
        """Go on exactly after Chroma has failed; its folder is built anew another time."""
        self.trouble = f"the Chroma index failed: {error}; searches are exact"
        self.index.abandon()
        self._cards.use(ExactIndex(), applied=-1)
