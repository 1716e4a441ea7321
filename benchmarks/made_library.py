"""Libraries of any size, made in seconds: skills of ordinary length with vectors of chance."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from habilis import SkillLibrary
from habilis.memory import records
from habilis.memory.vectors import Vectors
from habilis.skills.skill import Case, CaseOrigin, Provenance, Skill

DIMENSION = 384
_BATCH = 1_000
_VERBS = "sum count sort merge split parse format rank group filter join scale clean fold".split()
_NOUNS = (
    "orders dates prices words lines rows paths colours points angles grades names rates "
    "tables weights matrices polygons invoices tokens cities planets trains recipes"
).split()
_HOW = "by value, by name, in order, without copies, in pairs, per day, with limits".split(", ")


class ChanceEncoder:
    """Unit vectors drawn by the hash of the text: encoding takes no time worth measuring."""

    key = "chance"

    def encode(self, texts: Sequence[str]) -> Vectors:
        rows = []
        for text in texts:
            seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
            rows.append(np.random.default_rng(seed).standard_normal(DIMENSION))
        found = np.array(rows)
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


def skills(count: int, *, first: int = 0) -> Iterator[Skill]:
    """Return skills of some 600 characters, all different, the same ones each time."""
    for number in range(first, first + count):
        draw = random.Random(number)
        verb, noun, other = draw.choice(_VERBS), draw.choice(_NOUNS), draw.choice(_NOUNS)
        how = draw.choice(_HOW)
        name = f"{verb}_{noun}_{other}_{number}"
        about = f"{verb.title()} {noun} of {other} {how}, variant {number}."
        lines = "\n".join(
            f"    {draw.choice(_NOUNS)}_{i} = [item * {draw.randint(2, 99)} for item in {noun}]"
            for i in range(7)
        )
        yield Skill(
            name=name,
            source=f'def {name}({noun}: list[float]) -> list[float]:\n    """{about}"""\n{lines}\n'
            f"    return {noun}\n",
            signature=f"({noun}: list[float]) -> list[float]",
            description=about,
            cases=(Case(arguments=([1.0],), expected=[1.0], origin=CaseOrigin.USER),),
            provenance=Provenance(task=about, author="benchmark", made_at=1.0),
        )


def query(number: int) -> str:
    """Return an ordinary question."""
    draw = random.Random(-number - 1)
    return (
        f"I have {draw.choice(_NOUNS)} and want to {draw.choice(_VERBS)} the "
        f"{draw.choice(_NOUNS)} {draw.choice(_HOW)}, case {number}"
    )


def make_library(folder: Path, count: int) -> None:
    """Write a library with its vectors, many skills a transaction."""
    with SkillLibrary(folder, encoder=ChanceEncoder(), index="exact") as library:
        every = skills(count)
        while batch := list(islice(every, _BATCH)):
            with library.store.change() as connection:
                for skill in batch:
                    records.write_version(connection, skill)
                    connection.execute(
                        "INSERT INTO change (at, kind, name) VALUES (1, 'skill_added', ?)",
                        (skill.name,),
                    )
        library.encode()
