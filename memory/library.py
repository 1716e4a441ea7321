"""Skills and how to find them: the store and its index in step."""

from __future__ import annotations

import difflib
import json
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Self, SupportsIndex

from habilis.errors import SkillNotFound
from habilis.memory import health, records, upkeep
from habilis.memory.address import Address
from habilis.memory.books import Books
from habilis.memory.catalogue import Catalogue
from habilis.memory.closure import closure
from habilis.memory.elsewhere import open_again
from habilis.memory.embed import SentenceTransformerEncoder, as_encoder
from habilis.memory.embeddings import Embeddings
from habilis.memory.function import SkillFunction
from habilis.memory.hits import Hit, narrowed, search
from habilis.memory.journal import Journal
from habilis.memory.opening import open_store
from habilis.memory.reading import keepable, spelled
from habilis.memory.shelf import FOUND
from habilis.memory.store import storable
from habilis.memory.vectors import Encoder, Vectors
from habilis.skills.skill import Case, Skill, SkillState

_QUERY_CHARS = 20_000


class SkillLibrary(Books):
    """Skills in a folder (SQLite is the truth) or a Postgres database, with an index of them.

    `path` is a folder or postgresql://USER@HOST/DATABASE. `encoder` is "minilm", the
    name or folder of a sentence-transformers model, or an `Encoder`. `index` is "auto" (Chroma
    for a running agent, exact for one-off searches and wherever another process owns the
    Chroma folder), "chroma" or "exact". `library.path` is this machine's folder of it.

    Raises:
        NotALibrary: the folder holds something else.
        LibraryTooNew: a newer habilis wrote it.
        LibraryReadOnly: it cannot be made here.
        LibraryError: its server does not answer.
    """

    def __init__(
        self,
        path: str | Path | Address = ".habilis",
        *,
        encoder: str | Encoder = "minilm",
        index: str = "auto",
        read_only: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if index not in ("auto", "chroma", "exact") and "://" not in index:
            raise ValueError(
                f'index={index!r}: write "auto", "chroma", "exact" or "http://HOST:PORT"'
            )
        self._encoder, self._index = as_encoder(encoder), index
        self.store = open_store(path, read_only=read_only, clock=clock)
        self.path = self.store.folder
        self.journal = Journal(self.store)
        self._embeddings = Embeddings(self.store, self._encoder)
        self._catalogue = Catalogue(self.store, self._embeddings, kind=index)
        self._told: set[str] = set()  # kinds of news

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[object, ...]:
        return (open_again, (self.store.address.without_password, self._encoder, self._index))

    def close(self) -> None:
        """Close the files. May be called twice."""
        self._catalogue.close()
        self.store.close()

    def warm(self) -> None:
        """Begin, in the background, what a running agent will need: encoder and Chroma."""
        if isinstance(self._encoder, SentenceTransformerEncoder):
            self._encoder.warm()
        self._catalogue.warm()

    @property
    def index_kind(self) -> str:
        """The index that answers now: "chroma" or "exact"."""
        return self._catalogue.index.kind

    @property
    def progress(self) -> tuple[int, int]:
        """How many of how many skills that can be found have their vector.

        Behind after an import or under another encoder; a thread catches up, meanwhile
        they are found by their words.
        """
        return self._catalogue.progress()

    def news(self) -> list[str]:
        """Return, each once, what slows searches or makes them worse: to tell an observer."""
        done, every = self.progress
        found = {"trouble": self._catalogue.trouble}
        if self._catalogue.elsewhere:
            found["elsewhere"] = "another process owns the Chroma index; searches are exact"
        if done < every:
            found["behind"] = f"{done} of {every} skills have vectors; words find the others"
        if unread := sorted(self._catalogue.unread):
            some = f"{', '.join(map(repr, unread[:3]))}{', ...' * (len(unread) > 3)}"
            found["unread"] = f"cannot read {some}: run `habilis library check --fix`"
        told = [text for kind, text in found.items() if text and kind not in self._told]
        self._told.update(kind for kind, text in found.items() if text)
        return told

    def sync(self) -> None:
        """Bring the index into step now; what takes long goes on in the background."""
        self._catalogue.step()

    def encode(self) -> None:
        """Encode all that is missing before going on, instead of in the background."""
        while self._catalogue.encode_some():
            pass

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector a text, as `search` would ask the encoder for it."""
        return self._embeddings.vectors(texts, asked=True)

    # read --------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._catalogue)

    def __iter__(self) -> Iterator[Skill]:
        return iter(self.skills(FOUND))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and records.is_kept(self.store, spelled(name))

    def __getitem__(self, name: str) -> SkillFunction:
        return SkillFunction(self.get(name), self.closure)

    def get(self, name: str) -> Skill:
        """Return a skill's current version, whatever its state.

        Raises:
            SkillNotFound: offers the nearest names.
            LibraryError: what is kept of it cannot be read.
        """
        name = spelled(name)
        skill = records.current_skill(self.store, name)
        if skill is None:
            near = difflib.get_close_matches(name, self.names(), n=3, cutoff=0.5)
            raise SkillNotFound(name, tuple(near))
        return skill

    def skills(self, states: Iterable[SkillState] = tuple(SkillState)) -> list[Skill]:
        """Return current versions by name, archived ones too unless `states` says otherwise.

        What cannot be read is left out; `news` and `check` name it.
        """
        return records.current_skills(self.store, states=states, unread=self._catalogue.unread)

    def names(self) -> list[str]:
        """Return the names of all skills that are not archived."""
        return self._catalogue.names()

    def closure(self, name: str, pinned: str = "") -> list[tuple[str, str]]:
        """Return (name, source) of all that a skill requires, then of itself.

        Of its current version, or of the one with the hash `pinned`. Each calls, of every
        name, the last one above it. So a name may stand there in two versions, and a
        version more than once.

        Raises:
            SkillNotFound: there is no such skill, or a version it has pinned is gone.
            LibraryError: no order gives each the versions it has pinned.
        """
        return closure(self.store, self.get(name), pinned=pinned)

    def search(
        self,
        query: str,
        *,
        k: int = 5,
        draft: str = "",
        states: Collection[SkillState] = (),
        tags: Iterable[str] = (),
        takes: str = "",
        gives: str = "",
        anyway: bool = False,
    ) -> list[Hit]:
        """Return the skills that fit best, best first, each with its reason.

        Fewer than `k` where fewer fit, none when nothing does (`anyway` gives the best
        all the same). Never archived ones. `draft` is code already written for the task:
        the strongest hint of all. The rest leaves only skills in one of the `states`, with
        all of the `tags`, with a parameter of type `takes`, returning the type `gives`.

        Raises:
            TypeError: the query is no text, or k no whole number.
            ValueError: the query is empty, k is below 1, or a type or a state is none.
            EncoderError: the encoder is needed and cannot be had.
        """
        if not isinstance(query, str):
            raise TypeError(f"query={query!r} is no text: say in words what you need")
        if not isinstance(k, SupportsIndex):
            raise TypeError(f"k={k!r} is no whole number: write how many to find, such as 5")
        if not query.strip():
            raise ValueError("the query is empty: say what you need")
        if k < 1:
            raise ValueError(f"k={k} finds nothing: ask for at least one")
        fits = narrowed(states=states, tags=tags, takes=takes, gives=gives)
        text = query[:_QUERY_CHARS]
        return search(self._catalogue, self.store, text, k=k, draft=draft, fits=fits, anyway=anyway)

    # write -------------------------------------------------------------------

    def add(self, skill: Skill, *, after: int | None = None, evidence: object = None) -> Skill:
        """Keep a skill; a name that exists gets a new version, an equal one takes in new cases.

        An archived skill comes back to the state that `skill` has, a candidate rises to
        it. `after` is the number of versions of this name that the skill was proved
        against; `evidence` is what the proof said, anything that can be JSON.

        Raises:
            NameTaken: there are more versions by now.
            TypeError: the evidence cannot be JSON.
            ValueError: its name is none that code can call, or its source no Unicode text.
        """
        return self.add_all(
            [skill],
            after={} if after is None else {skill.name: after},
            evidence={} if evidence is None else {skill.name: evidence},
        )[0]

    def add_all(
        self,
        skills: Sequence[Skill],
        *,
        after: Mapping[str, int] = MappingProxyType({}),
        evidence: Mapping[str, object] = MappingProxyType({}),
    ) -> list[Skill]:
        """Keep several skills as `add` does, in one transaction: all of them or none.

        `after` and `evidence` go by name. An update comes with its dependants this way.
        """
        proofs = {n: storable(json.dumps(e, ensure_ascii=False)) for n, e in evidence.items()}
        return records.keep_skills(
            self.store,
            [keepable(skill) for skill in skills],
            after={spelled(name): number for name, number in after.items()},
            evidence={spelled(name): proof for name, proof in proofs.items()},
        )

    def add_cases(self, name: str, cases: Iterable[Case]) -> Skill:
        """Add cases to a skill's current version, those that it has not yet.

        A version's code never changes; what is known of it may grow. Nothing is run here.

        Raises:
            SkillNotFound: there is no such skill.
        """
        grown = records.add_cases(self.store, spelled(name), cases)
        return grown or self.get(name)

    # health ------------------------------------------------------------------

    def check(self, *, fix: bool = False) -> list[str]:
        """Return what is inconsistent, empty when all is well; writes nothing but with `fix`.

        `fix` mends what can be: whatever is derived is made anew, damaged embeddings, cases
        that cannot be read and rows that point to nothing go, a skill of no known state is
        a candidate again. The rest is what is returned then.
        """
        looks = (lambda: health.problems(self.store), self._catalogue.problems)
        found = health.collected(*looks)
        if not found or not fix:
            return found
        mends = () if self.store.read_only else (lambda: health.mend(self.store),)
        return health.collected(*mends, self._catalogue.rebuild, *looks)

    def backup(self, to: str | Path) -> Path:
        """Copy the whole library into one new file while it is in use; `restore` takes it.

        Raises:
            LibraryError: the file exists, or cannot be written; or this is done by `pg_dump`.
        """
        self.store.backup(Path(to))
        return Path(to)

    def stats(self) -> dict[str, object]:
        """Return counts and sizes as `habilis library stats` prints them."""
        encoded, _ = self.progress
        return {**upkeep.stats(self.store), "encoded": encoded, "index": self.index_kind}
