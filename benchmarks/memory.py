"""Finding the right skill, and how fast: beside Voyager's way and CRAFT's, on public sets.

All ways use the same encoder, functions and questions in the same run. Each question is
asked as it stands; no model rewrites it for anybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.memory_speed import speed_rows
from benchmarks.report import Report, Row, own_row, tell
from benchmarks.retrieval import Pool, Set, mixed, open_embeddings, read_sets
from habilis.memory.embeddings import Embeddings
from habilis.memory.hits import NOTHING

_QUICK_QUESTIONS, _ABSTENTION_QUESTIONS = 60, 500
_DRAWS = 1_000  # of the bootstrap
Shares = NDArray[np.float64]


def run(data: Path, *, peers: Path, quick: bool) -> Report:
    """Return the rows of finding, of abstention and of speed. `peers` is not needed."""
    sets = read_sets(data, limit=_QUICK_QUESTIONS if quick else None)
    embeddings = open_embeddings()
    return Report(benchmark="memory", rows=tell(_rows(sets, embeddings, quick=quick)))


def _rows(sets: Sequence[Set], embeddings: Embeddings, *, quick: bool) -> Iterator[Row]:
    yield from speed_rows(quick=quick)
    yield from _finding_rows(sets, embeddings)
    yield from _mixed_rows(sets, embeddings)
    yield from _draft_rows(sets, embeddings)
    yield from _abstention_rows(sets, embeddings)


def _finding_rows(sets: Sequence[Set], embeddings: Embeddings) -> list[Row]:
    """All sets apart, averaged over sets; no function knows a question it was made for."""
    ours, voyager, craft = [], [], []
    for one in sets:
        pool = Pool(one.functions, embeddings)
        ours.append(pool.shares(one.questions, pool.our_keys))
        voyager.append(pool.shares(one.questions, pool.voyager_keys))
        craft.append(pool.shares(one.questions, pool.craft_keys))
    goals = {0: ">= 1.25", 1: ">= 1.15"}
    names = ("recall@1", "recall@5", "recall@10", "recall@20", "MRR")
    rows = [
        _row(f"{name} over Voyager's way", ours, voyager, column, goals.get(column, ""))
        for column, name in enumerate(names)
    ]
    rows.append(_row("recall@1 over CRAFT's votes", ours, craft, 0))
    rows.append(_row("recall@5 over CRAFT's votes", ours, craft, 1))
    for one, own, theirs in zip(sets, ours, voyager, strict=True):
        rows.append(_row(f"recall@5 over Voyager's way, {one.name}", [own], [theirs], 1))
    return rows


def _mixed_rows(sets: Sequence[Set], embeddings: Embeddings) -> list[Row]:
    if len(sets) < 2:
        return []
    one = mixed(sets)
    pool = Pool(one.functions, embeddings)
    ours = pool.shares(one.questions, pool.our_keys)
    voyager = pool.shares(one.questions, pool.voyager_keys)
    name = f"recall@5 over Voyager's way, {len(one.functions)} functions in one pool"
    return [_row(name, [ours], [voyager], 1, ">= 1.2")]


def _draft_rows(sets: Sequence[Set], embeddings: Embeddings) -> list[Row]:
    """Questions that no function was made for, with the code that a model wrote for them.

    Functions know the other questions that they were made for.
    """
    rows = []
    for one in sets:
        held = [q for q in one.questions if q.group.endswith("_held") and q.draft]
        if not held or not any(f.code for f in one.functions):
            continue
        pool = Pool(one.functions, embeddings, with_tasks=True, with_code=True)
        voyager = pool.shares(held, pool.voyager_keys)
        craft = pool.shares(held, pool.craft_keys)
        asked = pool.shares(held, pool.our_keys)
        ours = pool.shares(held, pool.draft_keys)
        name = f"recall@5 of {one.name}, held-out questions"
        rows += [
            _row(f"{name}, with the draft, over Voyager's way", [ours], [voyager], 1, ">= 2.5"),
            _row(f"{name}, with the draft, over CRAFT's votes", [ours], [craft], 1),
            _row(f"{name}, without the draft, over Voyager's way", [asked], [voyager], 1),
        ]
    return rows


@dataclass(frozen=True, kw_only=True)
class _Told:
    """Evidence of right first hits, and of first hits after the answer was taken out."""

    right: Shares
    removed: Shares

    @property
    def area(self) -> float:
        """The chance that a right hit has more evidence than one without an answer."""
        above = (self.right[:, None] > self.removed[None, :]).mean()
        return float(above + 0.5 * (self.right[:, None] == self.removed[None, :]).mean())


def _abstention_rows(sets: Sequence[Set], embeddings: Embeddings) -> list[Row]:
    told = [_tell(one, embeddings) for one in sets]
    told = [one for one in told if len(one.right) and len(one.removed)]
    if not told:
        return []
    lost = 100 * float(np.mean([(one.right < NOTHING).mean() for one in told]))
    silent = 100 * float(np.mean([(one.removed < NOTHING).mean() for one in told]))
    apart = ", ".join(f"{one.area:.2f}" for one in told)
    count = sum(len(one.right) + len(one.removed) for one in told)
    return [
        own_row(
            "right hits told from hits after removal, area under the curve",
            float(np.mean([one.area for one in told])),
            goal=">= 0.84",
            unit="",
            n=count,
            note=f"by set: {apart}; near copies stay in the pool, so the best possible is below 1",
        ),
        own_row(
            "right hits lost by showing nothing",
            lost,
            goal="<= 5",
            unit="%",
            n=count,
            note=f"nothing is shown to {silent:.0f} % of the questions without an answer",
        ),
    ]


def _tell(one: Set, embeddings: Embeddings) -> _Told:
    pool = Pool(one.functions, embeddings)
    right, removed = [], []
    single = [q for q in one.questions if len(q.gold) == 1][:_ABSTENTION_QUESTIONS]
    for question in single:
        gold = pool.names[question.gold[0]]
        whole = pool.ours(question)
        if whole.found and pool.names[whole.found[0].name] == gold:
            right.append(whole.evidence)
        removed.append(pool.ours(question, without=frozenset({gold})).evidence)
    return _Told(right=np.array(right), removed=np.array(removed))


def _row(
    name: str, ours: Sequence[Shares], theirs: Sequence[Shares], column: int, goal: str = ""
) -> Row:
    """Return the means over sets, in per cent, with the bootstrap interval of their ratio."""
    own, peer = (np.mean([100 * s[:, column].mean() for s in each]) for each in (ours, theirs))
    generator = np.random.default_rng(0)
    ratios = []
    for _ in range(_DRAWS):
        picks = [generator.integers(0, len(shares), len(shares)) for shares in ours]
        drawn = [
            np.mean([s[pick, column].mean() for s, pick in zip(each, picks, strict=True)])
            for each in (ours, theirs)
        ]
        ratios.append(drawn[0] / drawn[1] if drawn[1] else np.nan)
    low, high = np.nanpercentile(ratios, [2.5, 97.5]) if np.isfinite(ratios).any() else (0, 0)
    return Row(
        name=name,
        ours=float(own),
        peer=float(peer),
        goal=goal,
        unit="%",
        n=sum(len(shares) for shares in ours),
        note=f"95 % of resamplings give a ratio of {low:.2f} to {high:.2f}",
    )
