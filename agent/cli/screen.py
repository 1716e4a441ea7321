"""What a person sees while tasks run: short lines on standard error, a table at the end."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Self

from rich.console import Console
from rich.table import Table

from habilis.agent.budget import StopReason
from habilis.agent.cli.clean import clean
from habilis.agent.cli.live import LiveLines
from habilis.agent.cli.progress import Progress
from habilis.agent.report.words import plural, reason
from habilis.agent.result import Result
from habilis.events import (
    Acted,
    AnswerChecked,
    AuthorAsked,
    Event,
    Notice,
    Paused,
    SkillKept,
    SkillNotKept,
    SkillsRecalled,
    TaskFinished,
    TaskStarted,
)
from habilis.memory.usage import Usage

_NO_ANSWER = "[red]no answer[/]"
_REASONS = 20  # told below a table
_ANSWERED = (StopReason.ANSWERED, StopReason.RECALLED)


class Screen:
    """Shows events as they come; where standard error is no terminal only pauses, unless told.

    In a terminal the last lines say how far the running tasks are, `begun` where they
    begin. Leaving `with` gives the terminal back.
    """

    def __init__(
        self,
        *,
        as_json: bool = False,
        always: bool = False,
        learns: bool = False,
        begun: Progress = Progress(),
    ) -> None:
        self._json, self._learns = as_json, learns
        self.console = Console(stderr=True, highlight=False, emoji=False)
        self._shows = always or self.console.is_terminal
        lively = self.console.is_terminal and not self.console.is_dumb_terminal and not as_json
        self._live = LiveLines(self.console, begun=begun) if lively else None
        self._told = ""  # the task of the last line

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.pause()

    def pause(self) -> None:
        """Give the terminal back until the next event: somebody is asked something."""
        if self._live is not None:
            self._live.stop()

    def __call__(self, event: Event) -> None:
        if self._live is not None:
            self._live.tell(event)
        if self._json:
            print(json.dumps(event.to_json(), ensure_ascii=False, default=str), flush=True)
        elif self._shows or isinstance(event, Paused):
            line = describe(event)
            if isinstance(event, AnswerChecked) and event.passed and self._learns:
                line = "  [dim]answer accepted; looking for a skill in it …[/]"
            if line:
                self.console.print(self._headed(line, event))

    def _headed(self, line: str, event: Event) -> str:
        """Name the task where a line is not about the one of the line above."""
        task, before = event.task_id, self._told
        self._told = task
        is_other = bool(task) and task != before and not isinstance(event, TaskStarted)
        return f"[bold]{clean(task)}[/]{line}" if is_other else line

    def results(self, results: Sequence[Result], *, others: Mapping[str, Usage] = {}) -> None:
        """Print the table of a session; `others` is what was paid beside these tasks."""
        if self._json:
            return
        console = Console(highlight=False, emoji=False)
        if not results and not others:
            console.print("No task is finished yet.")
            return
        console.print(results_table(results, others=others))
        failed = [r for r in results if r.solved is False or not r.answered]
        for result in failed[:_REASONS]:
            why = clean(result.detail, 200) or reason(result.stop_reason.value)
            console.print(f"{clean(result.task_id)}: {why}", soft_wrap=True)
        if len(failed) > _REASONS:
            console.print(f"and {len(failed) - _REASONS} more without a solution")


def describe(event: Event) -> str:
    """Return one line of rich markup for an event, empty for those a person need not see."""
    match event:
        case TaskStarted():
            return f"[bold]▸ {clean(event.task_id)}[/]  {clean(event.instruction, 90)}"
        case SkillsRecalled(solved_by=solver) if solver:
            return f"  [cyan]recalled[/] {clean(solver)}"
        case SkillsRecalled(names=names) if names:
            return f"  [cyan]recalls[/] {clean(', '.join(names))}"
        case AuthorAsked():
            return f"  [dim]{clean(event.author)}: {clean(event.purpose)} …[/]"
        case Acted():
            called = f", called {', '.join(event.skills_called)}" if event.skills_called else ""
            colour = "green" if event.outcome == "ok" else "yellow"
            lines = len(event.source.splitlines())
            return f"  ran {lines} lines: [{colour}]{clean(event.outcome)}[/]{clean(called)}"
        case AnswerChecked(passed=False):
            return f"  [yellow]not right[/] {clean(event.detail, 120)}"
        case SkillKept():
            calls = f", calls {', '.join(event.requires)}" if event.requires else ""
            return f"  [green]kept skill[/] {clean(event.name)}{clean(calls)}"
        case SkillNotKept():
            return f"  [yellow]no skill kept[/] ({clean(event.check)}: {clean(event.evidence)})"
        case TaskFinished():
            marks = {True: "[green]solved[/]", False: "[red]not solved[/]", None: "answered"}
            mark = marks[event.solved]
            if event.solved is None and event.stop_reason not in _ANSWERED:
                mark = _NO_ANSWER
            failed = event.solved is False or mark is _NO_ANSWER
            why = f": {clean(event.detail, 120)}" if failed and event.detail else ""
            return f"  {mark} in {event.seconds:.1f} s, {event.tokens:,} tokens{why}"
        case Paused():
            span = f" {event.seconds:.0f} s" if event.seconds else ""
            return f"  [yellow]waits{span}[/]: {clean(event.reason, 160)}"
        case Notice():
            return f"  [dim]{clean(event.text)}[/]"
    return ""


def results_table(results: Sequence[Result], *, others: Mapping[str, Usage] = {}) -> Table:
    """Return the table of a session: one row a task, and what else it paid for; sums below."""
    table = Table(show_footer=True, header_style="bold")
    solved = sum(result.solved is True for result in results)
    made = sum(len(result.skills_made) for result in results)
    used = sum(bool(result.skills_used) for result in results)
    seconds = sum(result.seconds for result in results)
    spent = [*(result.usage for result in results), *others.values()]
    tokens = sum(usage.tokens for usage in spent)
    table.add_column("task", footer="all")
    table.add_column("solved", footer=f"{solved} of {len(results)}")
    table.add_column("skills made", footer=str(made))
    table.add_column("skills called", footer=f"in {plural(used, 'task')}")
    table.add_column("seconds", justify="right", footer=f"{seconds:.1f}")
    table.add_column("tokens", justify="right", footer=f"{tokens:,}")
    words = {True: "[green]yes[/]", False: "[red]no[/]", None: "unchecked"}
    for result in results:
        unanswered = result.solved is None and not result.answered
        recalled = " (recall)" if result.stop_reason.value == "recalled" else ""
        table.add_row(
            clean(result.task_id),
            _NO_ANSWER if unanswered else words[result.solved] + recalled,
            clean(", ".join(result.skills_made)),
            clean(", ".join(result.skills_used)),
            f"{result.seconds:.2f}",
            f"{result.usage.tokens:,}",
        )
    for what, usage in others.items():
        table.add_row(f"[dim]{clean(what)}[/]", "", "", "", "", f"{usage.tokens:,}")
    return table


def print_json(value: object) -> None:
    """Print one JSON value on standard output."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2, default=str)
    print()
