"""Skills for the tests of memory."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from habilis.memory.vectors import Vectors
from habilis.skills.skill import Case, CaseOrigin, Provenance, Skill, read_source


def make_skill(
    source: str,
    *,
    cases: tuple[Case, ...] = (),
    requires: Mapping[str, str] | None = None,
    task: str = "a task",
) -> Skill:
    """Return a skill of this source, as the agent would make it."""
    facts = read_source(source)
    return Skill(
        name=facts.name,
        source=source,
        signature=facts.signature,
        description=facts.description,
        cases=cases,
        requires=requires or {},
        provenance=Provenance(task=task, author="test", made_at=1.0),
    )


def simple(name: str, doc: str, body: str = "return text") -> Skill:
    """Return a skill over one text."""
    return make_skill(f'def {name}(text: str) -> str:\n    """{doc}"""\n    {body}\n')


def case(argument: object, expected: object) -> Case:
    return Case(arguments=(argument,), expected=expected, origin=CaseOrigin.USER)


class HashEncoder:
    """Unit vectors drawn by the hash of the text: equal texts are equal, all others far apart."""

    def __init__(self, key: str = "hash", dimension: int = 32) -> None:
        self.key, self.dimension = key, dimension

    def encode(self, texts: Sequence[str]) -> Vectors:
        rows = []
        for text in texts:
            digest = hashlib.sha256(f"{self.key}{text}".encode()).digest()
            row = np.random.default_rng(list(digest)).standard_normal(self.dimension)
            rows.append(row / np.linalg.norm(row))
        return np.asarray(rows, np.float32).reshape(len(texts), self.dimension)
