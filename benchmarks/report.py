"""What a benchmark says: rows of figures, ours beside a peer's, and the goal they are held to."""

from __future__ import annotations

import json
import operator
import os
import platform
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

_RELATIONS: Final[dict[str, Callable[[float, float], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure. `goal` is ">= 98" or "<= 0.15", held against `goal_is_about`; it may be empty.

    `ours` or `peer` is None where it was not measured; `note` then says how to.
    `n` counts what was measured: replies, runs, queries.
    """

    name: str
    ours: float | None
    peer: float | None
    goal: str = ""
    unit: str
    n: int
    goal_is_about: Literal["ratio", "ours"] = "ratio"
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours over the peer's; None where there is nothing to divide by."""
        return self.ours / self.peer if self.ours is not None and self.peer else None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none or it was not measured."""
        value = self.ratio if self.goal_is_about == "ratio" else self.ours
        if value is None or not self.goal:
            return None
        relation, bound = self.goal.split()
        return _RELATIONS[relation](value, float(bound))

    def to_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "ours": _rounded(self.ours),
            "peer": _rounded(self.peer),
            "ratio": _rounded(self.ratio),
            "goal": self.goal,
            "goal_is_about": self.goal_is_about,
            "met": self.met,
            "unit": self.unit,
            "n": self.n,
            **({"note": self.note} if self.note else {}),
        }


def own_row(
    name: str, value: float | None, unit: str, goal: str = "", *, n: int = 1, note: str = ""
) -> Row:
    """Return a figure of ours that no peer has; a goal is about it alone."""
    return Row(
        name=name,
        ours=value,
        peer=None,
        goal=goal,
        unit=unit,
        n=n,
        goal_is_about="ours",
        note=note,
    )


@dataclass(frozen=True, kw_only=True)
class Report:
    """All rows of one benchmark; `causes` count what the figures leave out or miss, and why."""

    benchmark: str
    rows: Sequence[Row]
    causes: Mapping[str, int] = field(default_factory=dict)

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
                **({"causes": dict(self.causes)} if self.causes else {}),
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
        notes = [f"{row.name}: {row.note}" for row in self.rows if row.note]
        causes = [f"{n:6}  {cause}" for cause, n in sorted(self.causes.items())]
        return "\n".join([*table, *notes, *causes])


def tell(rows: Iterable[Row]) -> list[Row]:
    """Return the rows, each printed on standard error as soon as it is measured.

    A long run that is broken off then leaves the figures it had.
    """
    told = []
    for row in rows:
        shown = [*_cells(row), *([f"({row.note})"] if row.note else [])]
        print("  ".join(cell for cell in shown if cell), file=sys.stderr, flush=True)
        told.append(row)
    return told


def _cells(row: Row) -> tuple[str, ...]:
    met = "yes" if row.met else "no"
    if row.met is None:
        met = "not measured" if row.goal else ""
    goal = f"{row.goal_is_about} {row.goal}" if row.goal else ""
    figures = (_shown(row.ours, row.unit), _shown(row.peer, row.unit), _shown(row.ratio, ""))
    return (row.name, *figures, goal, met, str(row.n))


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def _shown(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:.4g} {unit}".strip()
