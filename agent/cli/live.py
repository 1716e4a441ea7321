"""The last lines of a terminal while tasks run: where each task is, what is spent and left."""

from __future__ import annotations

import atexit
import sys
import threading
import time
from collections.abc import Callable

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from habilis.agent.cli.clean import clean
from habilis.agent.cli.progress import Progress, TaskProgress
from habilis.events import Event

_MOST_TASKS = 8  # lines; of more tasks at once the rest is counted
_REFRESHES = 4  # a second


class LiveLines:
    """Shows progress below what is printed; on while a task runs, and gone without a trace.

    Events may come from several threads. Whoever forgets `stop` gets the terminal back
    when no task runs any more, at the latest when Python ends.
    """

    def __init__(
        self, console: Console, *, tasks: int = 0, clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self._progress = Progress(total=tasks)
        self._lock = threading.Lock()
        self._live = Live(
            console=console,
            get_renderable=self._draw,
            refresh_per_second=_REFRESHES,
            transient=True,
            redirect_stdout=sys.stdout.isatty(),  # else it would not reach the file or pipe
        )
        atexit.register(self._live.stop)

    def tell(self, event: Event) -> None:
        """Take in an event; while no task runs nothing is shown."""
        with self._lock:
            self._progress = self._progress.after(event)
            if self._progress.running and not self._live.is_started:
                self._live.start()
            elif not self._progress.running:
                self._live.stop()

    def stop(self) -> None:
        """Give the terminal back. May be called twice."""
        with self._lock:
            self._live.stop()

    def _draw(self) -> RenderableType:
        return draw(self._progress, now=self._clock())


def draw(progress: Progress, *, now: float) -> RenderableType:
    """Return the lines: one a running task, then the sum of those that are done."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, max_width=28, overflow="ellipsis")
    for _ in range(4):
        table.add_column(no_wrap=True)
    running = list(progress.running.values())
    for task in running[:_MOST_TASKS]:
        table.add_row(*_cells(task, now=now))
    lines: list[RenderableType] = [table]
    if len(running) > _MOST_TASKS:
        lines.append(Text(f"and {len(running) - _MOST_TASKS} more tasks at once", style="dim"))
    lines.append(Text.from_markup(f"[dim]{_sums(progress)}[/]"))
    return Group(*lines)


def _cells(task: TaskProgress, *, now: float) -> tuple[str, ...]:
    steps = f"step {task.steps}"
    spent = f"{task.tokens:,} tokens" + (f", ${task.usd:.4f}" if task.usd else "")
    skills = [f"{len(task.used)} used"] if task.used else []
    skills += [f"{task.made} made"] if task.made else []
    return (
        f"[bold]{clean(task.task_id, 80)}[/]",
        f"{steps}, {now - task.started_at:.0f} s",
        f"{clean(task.doing)}{_in_brackets(skills)}",
        spent,
        _left(task.left(now)),
    )


def _in_brackets(words: list[str]) -> str:
    return f" ({', '.join(words)})" if words else ""


def _left(left: dict[str, float]) -> str:
    forms = {"steps": "{:.0f} steps", "tokens": "{:,.0f} tokens", "usd": "${:.4f}"}
    shown = ", ".join(forms.get(name, "{:.0f} s").format(most) for name, most in left.items())
    return f"[dim]left: {shown}[/]" if shown else ""


def _sums(progress: Progress) -> str:
    of = f" of {progress.total}" if progress.total else ""
    parts = [f"{progress.done}{of} done", f"{progress.solved} solved"]
    running = progress.running.values()
    tokens = progress.tokens + sum(task.tokens for task in running)
    prices = [progress.usd, *(task.usd for task in running)]
    parts.append(f"{tokens:,} tokens")
    if None not in prices and any(prices):
        parts.append(f"${sum(price or 0.0 for price in prices):.4f}")
    parts.append(f"{progress.made + sum(task.made for task in running)} skills made")
    parts.append(f"saved skills used in {progress.reused}")
    return " · ".join(parts)
