"""What a benchmark says: rows of figures, ours beside a peer's, and the goal they are held to."""

from __future__ import annotations

import json
import operator
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

_RELATIONS: Final[dict[str, Callable[[float, float], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
}


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to run: the folder of the data, less of it, the environment the peers live in."""

    data: Path | None = None
    quick: bool = False
    peers: Path = Path(".venv-peers")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure. `goal` is ">= 98" or "<= 0.15", held against `judged`.

    `ours` or `peer` is None where it was not measured; `note` then says how to.
    `n` counts what was measured: replies, runs, queries.
    """

    name: str
    ours: float | None
    peer: float | None
    goal: str
    unit: str
    n: int
    judged: Literal["ratio", "ours"] = "ratio"
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours over the peer's; None where there is nothing to divide by."""
        return self.ours / self.peer if self.ours is not None and self.peer else None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where it was not measured."""
        value = self.ratio if self.judged == "ratio" else self.ours
        relation, bound = self.goal.split()
        return None if value is None else _RELATIONS[relation](value, float(bound))

    def to_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "ours": _rounded(self.ours),
            "peer": _rounded(self.peer),
            "ratio": _rounded(self.ratio),
            "goal": self.goal,
            "judged": self.judged,
            "met": self.met,
            "unit": self.unit,
            "n": self.n,
            **({"note": self.note} if self.note else {}),
        }


@dataclass(frozen=True, kw_only=True)
class Report:
    """All rows of one benchmark, with the machine they were measured on."""

    benchmark: str
    rows: Sequence[Row]

    def to_json(self) -> str:
        return json.dumps(
            {
                "benchmark": self.benchmark,
                "machine": {
                    "cores": os.cpu_count(),
                    "python": platform.python_version(),
                    "system": f"{platform.system()} {platform.machine()}",
                },
                "rows": [row.to_json() for row in self.rows],
            },
            ensure_ascii=False,
        )

    def to_table(self) -> str:
        """Return the rows for people, one line each."""
        titles = ("", "ours", "peer", "ratio", "goal", "met", "n")
        lines = [titles, *(_cells(row) for row in self.rows)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(titles))]
        table = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        ]
        return "\n".join([*table, *(f"{row.name}: {row.note}" for row in self.rows if row.note)])


def _cells(row: Row) -> tuple[str, ...]:
    met = "not measured" if row.met is None else "yes" if row.met else "no"
    goal = f"{row.judged} {row.goal}"
    return (
        row.name,
        _shown(row.ours, row.unit),
        _shown(row.peer, row.unit),
        _shown(row.ratio, ""),
        goal,
        met,
        str(row.n),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def _shown(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:.4g} {unit}".strip()
