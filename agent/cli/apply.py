"""`habilis run --examples FILE --apply FILE`: the function on the rest of a person's file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import typer
from rich.console import Console

from habilis.agent.agent import Agent
from habilis.agent.authors.compose.author import ComposeAuthor
from habilis.agent.authors.compose.found import Found
from habilis.agent.authors.compose.rivals import Dispute
from habilis.agent.cli.clean import clean
from habilis.agent.cli.options import json_or_text
from habilis.agent.cli.rest import Rest, write_rest
from habilis.agent.example import Example
from habilis.agent.report.words import plural
from habilis.agent.result import Result
from habilis.skills.calling import call_until
from habilis.skills.outcome import Outcome
from habilis.skills.sandbox.client import Worker

_SHOWN: Final = 5
_SECONDS: Final = 600.0
_ACTION_S: Final = 10.0


class Applied:
    """Asks for the examples that settle most, then applies what was found and shows it.

    `before_asking` is called before the terminal is written on.
    """

    def __init__(self, rest: Rest, *, asks: bool) -> None:
        self._rest, self._asks = rest, asks
        self.before_asking: Callable[[], None] = lambda: None
        self._found: Found | None = None
        self._console = Console(stderr=True, highlight=False)

    def author(self) -> ComposeAuthor:
        """Return the author that knows the file."""
        others = list(dict.fromkeys(self._rest.inputs))
        ask = self._ask if self._asks else None
        return ComposeAuthor(others=others, ask=ask, tell=self._tell)

    def finish(self, result: Result, agent: Agent, out: Path | None) -> None:
        """Apply the function of a result to every row; write them where `out` says."""
        outcomes = self._outcomes(result, agent)
        results = [outcome.value if outcome.ok else None for outcome in outcomes]
        self._preview(results)
        self._doubts(outcomes)
        if out is not None:
            write_rest(self._rest, results, out)
            self._console.print(f"{len(results):,} rows written to {clean(str(out))}")

    def _outcomes(self, result: Result, agent: Agent) -> Sequence[Outcome]:
        load = agent.library.closure if agent.library is not None else None
        with Worker(load_skill=load) as worker:
            worker.run(str(result.output))
            return call_until(
                worker,
                result.function,
                self._rest.inputs,
                seconds_left=lambda: _SECONDS,
                action_s=_ACTION_S,
            )

    def _tell(self, found: Found) -> None:
        self._found = found

    def _ask(self, dispute: Dispute) -> Example | None:
        """Ask on the terminal; an empty answer, or the end of input, goes on without."""
        self.before_asking()
        self._console.print("\nThe examples leave open what this should give:")
        self._console.print(f"  {_shown(dispute.inputs)}")
        for number, option in enumerate(dispute.options, start=1):
            self._console.print(f"  [bold]{number}[/] {clean(repr(option), 90)}")
        try:
            text = typer.prompt("a number, the right output, or nothing", default="", err=True)
        except typer.Abort:
            return None
        if not text:
            return None
        if text.isdigit() and 0 < int(text) <= len(dispute.options):
            return Example(inputs=dispute.inputs, output=dispute.options[int(text) - 1])
        is_text = any(isinstance(option, str) for option in dispute.options)
        output = text if is_text else json_or_text(text, what="the answer")
        return Example(inputs=dispute.inputs, output=output)

    def _preview(self, results: Sequence[object]) -> None:
        pairs = list(zip(self._rest.inputs, results, strict=True))
        changed = [(row, result) for row, result in pairs if row != (result,)]
        self._console.print(f"{len(changed):,} of {len(pairs):,} rows change, for example:")
        for row, result in changed[:_SHOWN]:
            self._console.print(f"  {_shown(row)} [dim]->[/] {clean(repr(result), 60)}")

    def _doubts(self, outcomes: Sequence[Outcome]) -> None:
        """List the rows that failed, and those on which answers as likely would differ."""
        first = 2 if self._rest.header else 1
        failed = [place for place, outcome in enumerate(outcomes) if not outcome.ok]
        self._list("failed, left empty", [place + first for place in failed])
        if self._found is None:
            return
        rows = list(dict.fromkeys(self._rest.inputs))
        doubtful = {rows[place] for place in self._found.unsure}
        places = [n for n, row in enumerate(self._rest.inputs, first) if row in doubtful]
        self._list("not sure", places)

    def _list(self, what: str, lines: Sequence[int]) -> None:
        if lines:
            some = ", ".join(map(str, lines[:20])) + (", ..." if len(lines) > 20 else "")
            self._console.print(f"[yellow]{what}[/]: {plural(len(lines), 'row')} (lines {some})")


def may_ask(*, no_ask: bool, as_json: bool) -> bool:
    """Tell whether there is somebody to ask."""
    return not no_ask and not as_json and sys.stdin.isatty()


def _shown(row: Sequence[object]) -> str:
    return clean(", ".join(map(repr, row)), 90)
