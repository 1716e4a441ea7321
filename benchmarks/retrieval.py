"""Questions with the functions that answer them: read, pooled, and three ways to rank them."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from habilis.memory.embed import SentenceTransformerEncoder
from habilis.memory.embeddings import Embeddings
from habilis.memory.exact import ExactIndex
from habilis.memory.exported import cache_home
from habilis.memory.migrations import STEPS
from habilis.memory.opening import open_store
from habilis.memory.retrieve import Query, Ranking, find, parts
from habilis.memory.vectors import Vectors
from habilis.memory.words import Words, card_text

DEPTH = 20  # names that are ranked
_CRAFT_VOTES = 10  # of each view
_TASKS = 10


@dataclass(frozen=True, kw_only=True)
class Function:
    """One function of a set; `tasks` are questions it was made for."""

    key: str
    name: str
    signature: str
    description: str
    docstring: str = ""
    code: str = ""
    tasks: tuple[str, ...] = ()

    @property
    def voyager(self) -> str:
        """What Voyager embeds: the head of the program with its description as a comment."""
        return f"def {self.name}():\n    # {self.description}"


@dataclass(frozen=True, kw_only=True)
class Question:
    text: str
    gold: tuple[str, ...]
    group: str = ""
    draft: str = ""


@dataclass(frozen=True, kw_only=True)
class Set:
    name: str
    functions: tuple[Function, ...]
    questions: tuple[Question, ...]


def read_sets(data: Path, *, limit: int | None) -> list[Set]:
    """Return the sets of a folder, or of its folder `retrieval`.

    With a `limit`, a random part of the questions. One whose functions are not all there
    is left out.
    """
    folder = data / "retrieval" if (data / "retrieval").is_dir() else data
    return [_read_set(path, limit) for path in sorted(folder.glob("*.skills.jsonl"))]


def _read_set(path: Path, limit: int | None) -> Set:
    name = path.name.removesuffix(".skills.jsonl")
    functions = [_function(row) for row in _rows(path)]
    known = {function.key for function in functions}
    questions = [
        Question(
            text=row["question"],
            gold=tuple(row["gold"]),
            group=row.get("group") or "",
            draft=row.get("draft") or "",
        )
        for row in _rows(path.with_name(f"{name}.questions.jsonl"))
        if row["gold"] and known.issuperset(row["gold"])
    ]
    if limit is not None and limit < len(questions):
        questions = random.Random(0).sample(questions, limit)
    return Set(name=name, functions=tuple(functions), questions=tuple(questions))


def _function(row: Mapping[str, Any]) -> Function:
    texts = {k: row.get(k) or "" for k in ("name", "signature", "description", "docstring", "code")}
    return Function(key=row["key"], tasks=tuple(row.get("tasks") or ()), **texts)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def mixed(sets: Sequence[Set]) -> Set:
    """Return one set of all functions and all questions."""
    return Set(
        name="mixed",
        functions=tuple(
            Function(**{**f.__dict__, "key": f"{s.name}|{f.key}"})
            for s in sets
            for f in s.functions
        ),
        questions=tuple(
            Question(**{**q.__dict__, "gold": tuple(f"{s.name}|{g}" for g in q.gold)})
            for s in sets
            for q in s.questions
        ),
    )


def open_embeddings() -> Embeddings:
    """Return MiniLM's vectors, kept in the user's cache: a second run encodes nothing.

    Each format of the store has its own, so that older checkouts can run beside newer ones.
    """
    folder = cache_home() / f"benchmarks-{len(STEPS)}"
    return Embeddings(open_store(folder), SentenceTransformerEncoder())


@dataclass
class Pool:
    """The functions of a set as each way indexes them."""

    functions: Sequence[Function]
    embeddings: Embeddings
    with_tasks: bool = False
    with_code: bool = False
    words: Words = field(default_factory=Words)

    def __post_init__(self) -> None:
        self.names = {f.key: f.name for f in self.functions}
        self.cards, self.code, self.voyager = ExactIndex(), ExactIndex(), ExactIndex()
        keys = [f.key for f in self.functions]
        cards = self.embeddings.vectors([card_text(f.name, f.description) for f in self.functions])
        if self.with_tasks:
            cards = np.stack(
                [self._moved(v, f) for v, f in zip(cards, self.functions, strict=True)]
            )
        self.cards.upsert(keys, cards)
        self.voyager.upsert(keys, self.embeddings.vectors([f.voyager for f in self.functions]))
        if self.with_code:
            self.code.upsert(keys, self.embeddings.vectors([f.code for f in self.functions]))
        for f in self.functions:
            tasks = f.tasks[-_TASKS:] if self.with_tasks else ()
            text = (f.name, f.name, f.signature, f.description, f.docstring, f.code, *tasks)
            self.words.put(f.key, card=f"{f.name} {f.description}", text="\n".join(text))

    def _moved(self, card: Vectors, function: Function) -> Vectors:
        if not function.tasks:
            return card
        whole = card + 0.5 * self.embeddings.vectors(function.tasks[-_TASKS:]).mean(axis=0)
        return np.asarray(whole / np.linalg.norm(whole), np.float32)

    def ours(
        self, question: Question, *, draft: bool = False, without: frozenset[str] = frozenset()
    ) -> Ranking:
        """Rank as a library does; `without` takes functions of these names out."""
        vectors = self.embeddings.vectors([question.text, *parts(question.text)])
        code = self.embeddings.vectors([question.draft])[0] if draft else None
        among = None
        if without:
            among = {key for key, name in self.names.items() if name not in without}
        return find(
            Query(
                text=question.text,
                vectors=vectors,
                draft=question.draft if draft else "",
                draft_vector=code,
            ),
            cards=self.cards,
            code=self.code if draft else None,
            words=self.words,
            k=3 * DEPTH,
            among=among,
        )

    def our_keys(self, question: Question) -> list[str]:
        return [found.name for found in self.ours(question).found]

    def draft_keys(self, question: Question) -> list[str]:
        return [found.name for found in self.ours(question, draft=True).found]

    def voyager_keys(self, question: Question) -> list[str]:
        """Rank by the cosine of the question with name and description (Voyager, 2023)."""
        vector = self.embeddings.vectors([question.text])[0]
        return [key for key, _ in self.voyager.nearest(vector, k=3 * DEPTH)]

    def craft_keys(self, question: Question) -> list[str]:
        """Rank by votes of three views, ties by likeness (CRAFT, 2023, section 2.3).

        The views are name, docstring and description; the question stands for all three
        texts that CRAFT has a model write.
        """
        vector = self.embeddings.vectors([question.text])[0]
        votes: Counter[str] = Counter()
        likeness: dict[str, float] = {}
        for index in (*self._craft(), self.cards):
            for key, cosine in index.nearest(vector, k=_CRAFT_VOTES):
                votes[key] += 1
                likeness[key] = max(cosine, likeness.get(key, -1.0))
        return sorted(votes, key=lambda key: (-votes[key], -likeness[key]))

    def _craft(self) -> tuple[ExactIndex, ExactIndex]:
        if not hasattr(self, "_craft_views"):
            names, docs = ExactIndex(), ExactIndex()
            keys = [f.key for f in self.functions]
            names.upsert(keys, self.embeddings.vectors([f.name for f in self.functions]))
            texts = [f.docstring or f.description for f in self.functions]
            docs.upsert(keys, self.embeddings.vectors(texts))
            self._craft_views = (names, docs)
        return self._craft_views

    def shares(
        self, questions: Sequence[Question], rank: Callable[[Question], list[str]]
    ) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        """Return, a row a question, the share found at 1, 5, 10 and 20, and 1 / rank of the first.

        Functions of the same name count as one.
        """
        rows = []
        for question in questions:
            gold = {self.names[key] for key in question.gold}
            ranked = list(dict.fromkeys(self.names[key] for key in rank(question)))[:DEPTH]
            hits = [place for place, name in enumerate(ranked, 1) if name in gold]
            found = [sum(place <= k for place in hits) / len(gold) for k in (1, 5, 10, 20)]
            rows.append([*found, 1 / hits[0] if hits else 0.0])
        return np.array(rows).reshape(-1, 5)
