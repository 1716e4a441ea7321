"""The last lines of a terminal while tasks run: where each task is, what is spent and left."""

from __future__ import annotations

import atexit
import math
import sys
import threading
import time
from collections.abc import Callable

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from habilis.agent.cli.progress import Progress, TaskProgress
from habilis.agent.observe import one_line
from habilis.agent.report.words import count, money, plural
from habilis.events import Event

_MOST_TASKS = 8  # lines; of more tasks at once the rest is counted
_REFRESHES = 4  # a second
_NAME_CHARS = 20


class LiveLines:
    """Shows progress below what is printed; on while a task runs, and gone without a trace.

    Events may come from several threads. Whoever forgets `stop` gets the terminal back
    when no task runs any more, at the latest when Python ends.
    """

    def __init__(
        self, console: Console, *, begun: Progress, clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self._progress = begun
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
    """Return the lines: one a running task, then the sum of those that are done.

    Figures stand before their limit, as in 3/20; "left" is of the limit nearest to its
    end. In a narrow window the ends of the lines go, which say the least.
    """
    running = list(progress.running.values())
    lines = _aligned([_cells(task, now=now) for task in running[:_MOST_TASKS]])
    if len(running) > _MOST_TASKS:
        more = plural(len(running) - _MOST_TASKS, "more task")
        lines.append(Text(f"and {more} at once", style="dim"))
    sums = _sums(progress, now=now)
    lines.append(Text(sums, style="dim", no_wrap=True, overflow="ellipsis"))
    return Group(*lines)


def _aligned(rows: list[tuple[str, ...]]) -> list[Text]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for name, *figures, doing in rows:
        cells = [cell.rjust(width) for cell, width in zip(figures, widths[1:-1], strict=True)]
        line = Text(f"{name.ljust(widths[0])}  ", no_wrap=True, overflow="ellipsis")
        line.stylize("bold")
        lines.append(line.append("  ".join([*filter(None, cells), doing]), style="not bold"))
    return lines


def _cells(task: TaskProgress, *, now: float) -> tuple[str, ...]:
    most, left = task.limits, task.left(now)
    skills = [f"{len(task.used)} used"] if task.used else []
    skills += [f"{task.made} made"] if task.made else []
    least = min((left[name] / most[name] for name in left), default=None)
    return (
        _name(task.task_id),
        f"step {_of(task.steps, most.get('steps'))}",
        f"{_of(max(0.0, now - task.started_at), most.get('seconds'))} s",
        f"{_of(task.tokens, most.get('tokens'))} tokens",
        _price(task),
        "" if least is None else f"{least:.0%} left",
        f"{_doing(task, now=now)}{_in_brackets(skills)}",
    )


def _doing(task: TaskProgress, *, now: float) -> str:
    doing = one_line(task.doing, 60)
    if task.reply_by is None:
        return doing
    return f"{doing}, {max(0, math.ceil(task.reply_by - now))} s left"


def _name(task_id: str) -> str:
    name = one_line(task_id[: 4 * _NAME_CHARS], 4 * _NAME_CHARS)
    return name if len(name) <= _NAME_CHARS else f"{name[: _NAME_CHARS - 1]}…"


def _of(spent: float, most: float | None) -> str:
    return count(int(spent)) if most is None else f"{count(int(spent))}/{count(most)}"


def _price(task: TaskProgress) -> str:
    most = task.limits.get("usd")
    if not task.usd and most is None:
        return ""
    return money(task.usd) if most is None else f"{money(task.usd)}/{money(most)}"


def _in_brackets(words: list[str]) -> str:
    return f" ({', '.join(words)})" if words else ""


def _sums(progress: Progress, *, now: float) -> str:
    of = f" of {progress.total}" if progress.total else ""
    parts = [f"{progress.done}{of} done", f"{progress.solved} solved"]
    spent = progress.spent(now)
    parts.append(f"{count(spent['tokens'] or 0)} tokens")
    parts += [money(spent["usd"])] if spent["usd"] else []
    left = progress.left(now)
    parts += [] if left is None else [f"{left:.0%} of the budget left"]
    made = progress.made + sum(task.made for task in progress.running.values())
    parts += [f"{plural(made, 'skill')} made", f"used in {plural(progress.reused, 'task')}"]
    return " · ".join(parts)
