"""Pure ranking: which skills fit a text. No files, no models, no clock.

Half the z-score of the cosine, half that of BM25 over split identifiers. On nine public
sets this sum found 9 points more than the cosine alone (recall at 5); see docs/log.md.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from habilis.skills.skill import Skill

_K1, _B = 1.2, 0.75
_WORD = re.compile(r"\d+|[^\W\d_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_STOP = frozenset(
    "a an and are as at be by def for from given if import in into is it its list none of on or "
    "return returns self str int float bool that the then this to what which with you your".split()
)
# Below this likeness, with no word in common, a hit is noise: MiniLM gives unrelated
# sentences cosines up to about 0.2.
_NOISE = 0.25


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A skill that fits, and why: its scores and the words it shares with the query.

    `score` is comparable within one search only; `cosine` is in [-1, 1].
    """

    skill: Skill
    score: float
    cosine: float
    bm25: float
    words: tuple[str, ...]


def split_words(text: str) -> list[str]:
    """Split text and identifiers (snake_case, camelCase, digits) into plain lower-case words."""
    words = (word.lower() for word in _WORD.findall(_CAMEL.sub(" ", text)))
    return [_stem(word) for word in words if word not in _STOP]


def _stem(word: str) -> str:
    """Cut plurals, as the S-stemmer of Harman (1991) does."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith("s") and not word.endswith(("ss", "us")) and len(word) > 3:
        return word[:-1]
    return word


class Words:
    """BM25 over what is written about each skill (Robertson and Walker, 1994)."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[str]] = {}
        self._holders: Counter[str] = Counter()

    def put(self, skill: Skill, tasks: Sequence[str]) -> None:
        """Take in a skill with the tasks it solved, in place of what was known of it."""
        self.drop(skill.name)
        text = [skill.name, skill.name, skill.signature, skill.description, skill.source, *tasks]
        counts = Counter(split_words("\n".join(text)))
        self._counts[skill.name] = counts
        self._holders.update(counts.keys())

    def drop(self, name: str) -> None:
        self._holders.subtract(self._counts.pop(name, Counter()).keys())

    def scores(self, query: str) -> dict[str, tuple[float, tuple[str, ...]]]:
        """Return the score and the words in common of every skill that has any."""
        terms = Counter(split_words(query))
        total = len(self._counts)
        mean = sum(sum(c.values()) for c in self._counts.values()) / max(1, total)
        found = {}
        for name, counts in self._counts.items():
            shared = tuple(term for term in terms if term in counts)
            if shared:
                length = _K1 * (1 - _B + _B * sum(counts.values()) / mean)
                score = sum(
                    self._rarity(term, total) * counts[term] * (_K1 + 1) / (counts[term] + length)
                    for term in shared
                )
                found[name] = (score, shared)
        return found

    def _rarity(self, term: str, total: int) -> float:
        holders = self._holders[term]
        return math.log(1 + (total - holders + 0.5) / (holders + 0.5))


def rank(
    skills: Mapping[str, Skill],
    cosines: Mapping[str, float],
    words: Mapping[str, tuple[float, tuple[str, ...]]],
    *,
    k: int,
) -> list[Hit]:
    """Return the `k` best of the skills that either view has found, best first.

    A skill whose cosine is not known counts as the least alike that is.
    """
    names = [name for name in dict.fromkeys([*cosines, *words]) if name in skills]
    floor = min(cosines.values(), default=0.0)
    likeness = [cosines.get(name, floor) for name in names]
    lexical = [words.get(name, (0.0, ()))[0] for name in names]
    hits = [
        Hit(
            skill=skills[name],
            score=(a + b) / 2,
            cosine=cosine,
            bm25=score,
            words=words.get(name, (0.0, ()))[1],
        )
        for name, cosine, score, a, b in zip(
            names, likeness, lexical, _standard(likeness), _standard(lexical), strict=True
        )
    ]
    fitting = [hit for hit in hits if hit.cosine >= _NOISE or hit.words]
    return sorted(fitting, key=lambda hit: (-hit.score, -hit.cosine, hit.skill.name))[:k]


def _standard(values: Sequence[float]) -> list[float]:
    """Return z-scores; all zero when the values do not differ."""
    if not values:
        return []
    mean = sum(values) / len(values)
    spread = math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))
    return [(value - mean) / spread if spread > 1e-12 else 0.0 for value in values]
