"""`habilis run --examples FILE --apply FILE`: the function on the rest of a person's file."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from habilis.agent.agent import Agent
from habilis.agent.authors.compose.found import Found
from habilis.agent.cli.clean import clean
from habilis.agent.cli.doubts import shown
from habilis.agent.cli.rest import Rest, write_rest
from habilis.agent.report.words import plural
from habilis.agent.result import Result
from habilis.skills.calling import call_until
from habilis.skills.outcome import Outcome
from habilis.skills.sandbox.client import Worker

_SHOWN: Final = 5
_SECONDS: Final = 600.0
_ACTION_S: Final = 10.0


class Applied:
    """Applies what was found to every row of a file, and shows what it does."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._console = Console(stderr=True, highlight=False)

    def finish(
        self, result: Result, agent: Agent, *, found: Found | None, out: Path | None
    ) -> None:
        """Apply the function of a result to every row; write them where `out` says."""
        outcomes = iter(self._outcomes(result, agent))
        of_rows = [None if row is None else next(outcomes) for row in self._rest.inputs]
        results = [each.value if each is not None and each.ok else None for each in of_rows]
        self._preview(of_rows)
        self._doubts(of_rows, found)
        if out is not None:
            write_rest(self._rest, results, out)
            self._console.print(f"{plural(len(results), 'row')} written to {clean(str(out))}")

    def _outcomes(self, result: Result, agent: Agent) -> Sequence[Outcome]:
        load = agent.library.closure if agent.library is not None else None
        with Worker(load_skill=load) as worker:
            worker.run(str(result.output))
            return call_until(
                worker,
                result.function,
                self._rest.usable,
                seconds_left=lambda: _SECONDS,
                action_s=_ACTION_S,
            )

    def _preview(self, outcomes: Sequence[Outcome | None]) -> None:
        changed = [
            (row, outcome.value)
            for row, outcome in zip(self._rest.inputs, outcomes, strict=True)
            if row is not None and outcome is not None and outcome.ok and row != (outcome.value,)
        ]
        what = f"{len(changed):,} of {plural(len(outcomes), 'row')} change"
        self._console.print(f"{what}, for example:" if changed else what)
        for row, value in changed[:_SHOWN]:
            result = clean(repr(self._rest.written(value)), 60)
            self._console.print(f"  {shown(row)} [dim]->[/] {result}")

    def _doubts(self, outcomes: Sequence[Outcome | None], found: Found | None) -> None:
        """List the rows that failed, and those on which answers as likely would differ."""
        first = 2 if self._rest.header else 1
        unread = [n for n, row in enumerate(self._rest.inputs, first) if row is None]
        self._list("no number where one is needed, left empty", unread)
        failed = [n for n, each in enumerate(outcomes, first) if each is not None and not each.ok]
        self._list("failed, left empty", failed)
        if found is None:
            return
        rows = list(dict.fromkeys(self._rest.usable))
        doubtful = {rows[place] for place in found.unsure}
        places = [n for n, row in enumerate(self._rest.inputs, first) if row in doubtful]
        self._list("not sure", places)

    def _list(self, what: str, lines: Sequence[int]) -> None:
        if lines:
            some = ", ".join(map(str, lines[:20])) + (", ..." if len(lines) > 20 else "")
            word = "line" if len(lines) == 1 else "lines"
            text = f"[yellow]{what}[/]: {plural(len(lines), 'row')} ({word} {some})"
            self._console.print(text, soft_wrap=True)


def may_ask(*, no_ask: bool, as_json: bool) -> bool:
    """Tell whether there is somebody to ask."""
    return not no_ask and not as_json and sys.stdin.isatty()
