"""The learning curve: tasks in the order they finished, as at most sixty bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from habilis.agent.report.facts import TaskFacts
from habilis.agent.report.words import count, duration, line, money, plural

MOST_BARS = 60
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 400, 150, 54, 20, 8


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Some tasks in a row; `first` and `last` are their numbers."""

    tasks: tuple[TaskFacts, ...]
    made_so_far: int

    @property
    def first(self) -> int:
        return self.tasks[0].number

    @property
    def last(self) -> int:
        return self.tasks[-1].number

    @property
    def label(self) -> str:
        """Name the tasks: one by its id, several by their numbers."""
        if len(self.tasks) == 1:
            return f"task {self.first}, {line(self.tasks[0].id, 40)}"
        return f"tasks {self.first:,} to {self.last:,}"

    def share(self, wanted: Callable[[TaskFacts], bool]) -> float:
        """Return the share of tasks for which this is so, in [0, 1]."""
        return sum(map(wanted, self.tasks)) / len(self.tasks)

    def mean(self, value: Callable[[TaskFacts], float]) -> float:
        return sum(map(value, self.tasks)) / len(self.tasks)


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One mark: a rectangle in the chart's units, its colour by `kind`, its words."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A line of the grid: where, and what is written beside it."""

    at: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """One small chart; all of them share the horizontal axis. `summary` is read aloud."""

    title: str
    summary: str
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    marks: tuple[Tick, ...]  # below the axis


def bins(tasks: Sequence[TaskFacts]) -> list[Bin]:
    """Return at most sixty bins of tasks, all of one size but the last."""
    size = -(-len(tasks) // MOST_BARS) or 1
    found, made = [], set[str]()
    for start in range(0, len(tasks), size):
        part = tuple(tasks[start : start + size])
        made |= {name for task in part for name in task.skills_made}
        found.append(Bin(tasks=part, made_so_far=len(made)))
    return found


def charts(rows: Sequence[Bin]) -> list[Chart]:
    """Return the charts of the curve, those first that a reader asks for first."""
    if not rows:
        return []
    drawn = [
        _solved(rows),
        _amounts(rows, "Tokens per task", lambda task: task.tokens, count),
        _amounts(rows, "Time per task", lambda task: task.seconds, duration),
        _growth(rows),
        _reuse(rows),
    ]
    if any(task.usd for row in rows for task in row.tasks):
        drawn.append(_amounts(rows, "Money per task", lambda task: task.usd or 0.0, money))
    return drawn


def change(rows: Sequence[Bin], value: Callable[[TaskFacts], float]) -> float | None:
    """Return the mean of the last third over that of the first; None where that says nothing."""
    tasks = [task for row in rows for task in row.tasks]
    third = len(tasks) // 3
    before = sum(map(value, tasks[:third]))
    return sum(map(value, tasks[-third:])) / before if third >= 3 and before else None


def _solved(rows: Sequence[Bin]) -> Chart:
    bars = []
    for index, row in enumerate(rows):
        parts = [
            ("good", row.share(lambda task: task.solved is True), "solved"),
            ("plain", row.share(lambda task: not task.failed and task.solved is None), "unchecked"),
            ("bad", row.share(lambda task: task.failed), "not solved"),
        ]
        base = 0.0
        for kind, share, word in parts:
            if share:
                number = round(share * len(row.tasks))
                said = word if len(row.tasks) == 1 else f"{number} of {len(row.tasks)} {word}"
                bars.append(_bar(rows, index, base, share, kind, f"{row.label}: {said}"))
            base += share
    solved = sum(task.solved is True for row in rows for task in row.tasks)
    total = sum(len(row.tasks) for row in rows)
    ticks = tuple(Tick(at=_y(share), text=f"{share:.0%}") for share in (0, 0.5, 1))
    return Chart(
        title="Solved",
        summary=f"{solved} of {plural(total, 'task')} solved, by the order they finished.",
        bars=tuple(bars),
        ticks=ticks,
        marks=_numbers(rows),
    )


def _amounts(
    rows: Sequence[Bin],
    title: str,
    value: Callable[[TaskFacts], float],
    words: Callable[[float], str],
) -> Chart:
    means = [row.mean(value) for row in rows]
    top = _round_up(max(means))
    shown = [(mean, words(mean)) for mean in means]
    return _bars(rows, title, shown, ticks=_ticks(top, words), top=top, kind="accent")


def _bars(
    rows: Sequence[Bin],
    title: str,
    values: Sequence[tuple[float, str]],
    *,
    ticks: Sequence[tuple[float, str]],
    top: float,
    kind: str,
) -> Chart:
    """Return a chart of one bar for each bin; `values` and `ticks` come with their words."""
    most = max(values, key=lambda value: value[0])
    return Chart(
        title=title,
        summary=f"{title}: {values[0][1]} at first, {values[-1][1]} at the end, {most[1]} at most.",
        bars=tuple(
            _bar(rows, i, 0, value / top, kind, f"{row.label}: {said}")
            for i, (row, (value, said)) in enumerate(zip(rows, values, strict=True))
            if value > 0
        ),
        ticks=tuple(Tick(at=_y(at / top), text=text) for at, text in ticks),
        marks=_numbers(rows),
    )


def _ticks(top: float, words: Callable[[float], str]) -> list[tuple[float, str]]:
    return [(top * share, words(top * share)) for share in (0.0, 0.5, 1.0)]


def _reuse(rows: Sequence[Bin]) -> Chart:
    shares = [row.share(lambda task: bool(task.skills_used)) for row in rows]
    return _bars(
        rows,
        "Tasks that call saved skills",
        [(share, f"{share:.0%}") for share in shares],
        ticks=((0.0, "0%"), (0.5, "50%"), (1.0, "100%")),
        top=1.0,
        kind="accent",
    )


def _growth(rows: Sequence[Bin]) -> Chart:
    top = _round_up(max(1, rows[-1].made_so_far))
    return _bars(
        rows,
        "Skills made so far",
        [(row.made_so_far, f"{row.made_so_far:,}") for row in rows],
        ticks=_ticks(top, count),
        top=top,
        kind="accent",
    )


def _step(rows: Sequence[Bin]) -> float:
    return (WIDTH - LEFT) / max(len(rows), 8)


def _bar(rows: Sequence[Bin], index: int, base: float, share: float, kind: str, title: str) -> Bar:
    step, height = _step(rows), share * (HEIGHT - BOTTOM - TOP)
    gap = min(3.0, step * 0.2)
    return Bar(
        x=round(LEFT + index * step + gap / 2, 1),
        y=round(_y(base) - height, 1),
        width=round(step - gap, 1),
        height=round(max(height, 1.0), 1),
        kind=kind,
        title=title,
    )


def _y(share: float) -> float:
    return round(HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP), 1)


def _numbers(rows: Sequence[Bin]) -> tuple[Tick, ...]:
    every = -(-len(rows) // 6)
    step = _step(rows)
    return tuple(
        Tick(at=round(LEFT + (i + 0.5) * step, 1), text=f"{rows[i].first:,}")
        for i in range(0, len(rows), every)
    )


def _round_up(value: float) -> float:
    """Return the next of 1, 2, 5, 10, 20, ... so that the axis has round numbers."""
    size = 1.0 if value >= 1 else 1e-6
    while True:
        for factor in (1, 2, 4, 5, 10):
            if value <= size * factor:
                return size * factor
        size *= 10
