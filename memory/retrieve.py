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
        self._terms: dict[str, Counter[str]] = {}
        self._lengths: dict[str, int] = {}
        self._holders: dict[str, dict[str, int]] = {}  # how often each skill has a term
        self._total = 0

    def put(self, skill: Skill, tasks: Sequence[str]) -> None:
        """Take in a skill with the tasks it solved, in place of what was known of it."""
        self.drop(skill.name)
        text = [skill.name, skill.name, skill.signature, skill.description, skill.source, *tasks]
        counts = Counter(split_words("\n".join(text)))
        self._terms[skill.name], self._lengths[skill.name] = counts, counts.total()
        self._total += counts.total()
        for term, count in counts.items():
            self._holders.setdefault(term, {})[skill.name] = count

    def drop(self, name: str) -> None:
        self._total -= self._lengths.pop(name, 0)
        for term in self._terms.pop(name, Counter()):
            del self._holders[term][name]

    def scores(self, query: str) -> dict[str, tuple[float, tuple[str, ...]]]:
        """Return the score and the words in common of every skill that has any."""
        skills = len(self._lengths)
        mean = self._total / max(1, skills)
        scores: dict[str, float] = {}
        shared: dict[str, list[str]] = {}
        for term in dict.fromkeys(split_words(query)):
            holders = self._holders.get(term, {})
            rarity = math.log(1 + (skills - len(holders) + 0.5) / (len(holders) + 0.5))
            for name, count in holders.items():
                length = _K1 * (1 - _B + _B * self._lengths[name] / mean)
                gain = rarity * count * (_K1 + 1) / (count + length)
                scores[name] = scores.get(name, 0.0) + gain
                shared.setdefault(name, []).append(term)
        return {name: (score, tuple(shared[name])) for name, score in scores.items()}


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
