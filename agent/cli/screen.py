"""What a person sees while tasks run: short lines on standard error, a table at the end."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from habilis.agent.result import Result
from habilis.events import (
    Acted,
    AnswerChecked,
    AuthorAsked,
    Event,
    Notice,
    SkillKept,
    SkillNotKept,
    SkillsRecalled,
    TaskFinished,
    TaskStarted,
)


class Screen:
    """Shows events as they come. Quiet where standard error is no terminal, unless told."""

    def __init__(self, *, as_json: bool = False, always: bool = False) -> None:
        self._json = as_json
        self.console = Console(stderr=True, highlight=False)
        self._shows = always or self.console.is_terminal

    def __call__(self, event: Event) -> None:
        if self._json:
            print(json.dumps(event.to_json(), ensure_ascii=False, default=str), flush=True)
        elif self._shows:
            line = describe(event)
            if line:
                self.console.print(line)

    def results(self, results: Sequence[Result]) -> None:
        """Print the table of a session."""
        if not self._json:
            Console(highlight=False).print(results_table(results))


def describe(event: Event) -> str:
    """Return one line of rich markup for an event, empty for those a person need not see."""
    match event:
        case TaskStarted():
            return f"[bold]▸ {escape(event.task_id)}[/]  {escape(event.instruction[:90])}"
        case SkillsRecalled(solved_by=solver) if solver:
            return f"  [cyan]recalled[/] {escape(solver)}"
        case SkillsRecalled(names=names) if names:
            return f"  [cyan]recalls[/] {escape(', '.join(names))}"
        case AuthorAsked():
            return f"  [dim]{escape(event.author)}: {escape(event.purpose)} …[/]"
        case Acted():
            called = f", called {', '.join(event.skills_called)}" if event.skills_called else ""
            colour = "green" if event.outcome == "ok" else "yellow"
            lines = len(event.source.splitlines())
            return f"  ran {lines} lines: [{colour}]{event.outcome}[/]{escape(called)}"
        case AnswerChecked(passed=False):
            return f"  [yellow]not right[/] {escape(event.detail[:120])}"
        case SkillKept():
            calls = f", calls {', '.join(event.requires)}" if event.requires else ""
            return f"  [green]kept skill[/] {escape(event.name)}{escape(calls)}"
        case SkillNotKept():
            return f"  [yellow]no skill kept[/] ({escape(event.check)}: {escape(event.evidence)})"
        case TaskFinished():
            marks = {True: "[green]solved[/]", False: "[red]not solved[/]", None: "answered"}
            mark = marks[event.solved]
            return f"  {mark} in {event.seconds:.1f} s, {event.tokens:,} tokens"
        case Notice():
            return f"  [dim]{escape(event.text)}[/]"
    return ""


def results_table(results: Sequence[Result]) -> Table:
    """Return the table of a session: one row a task, sums in the footer."""
    table = Table(show_footer=True, header_style="bold")
    solved = sum(result.solved is True for result in results)
    made = sum(len(result.skills_made) for result in results)
    used = sum(bool(result.skills_used) for result in results)
    seconds = sum(result.seconds for result in results)
    tokens = sum(result.usage.tokens for result in results)
    table.add_column("task", footer="all")
    table.add_column("solved", footer=f"{solved} of {len(results)}")
    table.add_column("skills made", footer=str(made))
    table.add_column("skills called", footer=f"in {used} tasks")
    table.add_column("seconds", justify="right", footer=f"{seconds:.1f}")
    table.add_column("tokens", justify="right", footer=f"{tokens:,}")
    words = {True: "[green]yes[/]", False: "[red]no[/]", None: "unchecked"}
    for result in results:
        recalled = " (recall)" if result.stop_reason.value == "recalled" else ""
        table.add_row(
            escape(result.task_id),
            words[result.solved] + recalled,
            escape(", ".join(result.skills_made)),
            escape(", ".join(result.skills_used)),
            f"{result.seconds:.2f}",
            f"{result.usage.tokens:,}",
        )
    return table


def print_json(value: object) -> None:
    """Print one JSON value on standard output."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2, default=str)
    print()
