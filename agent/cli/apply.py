"""`habilis run --examples FILE --apply FILE`: the function on the rest of a person's file."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import compress
from pathlib import Path
from typing import Final

from rich.console import Console

from habilis.agent.agent import Agent
from habilis.agent.authors.compose.found import Found
from habilis.agent.cli.clean import clean, clean_values
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
        self._console = Console(stderr=True, highlight=False, emoji=False)

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
            text = f"{plural(len(results), 'row')} written to {clean(str(out))}"
            if self._rest.overwrites:
                text += f"; the column {clean(repr(self._rest.output))} was there and is replaced"
            self._console.print(text, soft_wrap=True)

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
            written = self._rest.written(value)  # a number with its decimals is a text
            is_text = isinstance(value, str)
            result = clean_values([written], 60) if is_text else clean(str(written), 60)
            self._console.print(f"  {shown(row)} [dim]->[/] {result}")

    def _doubts(self, outcomes: Sequence[Outcome | None], found: Found | None) -> None:
        """List the rows that failed, and those on which answers as likely would differ."""
        rows = self._rest.inputs
        self._list("no number where one is needed, left empty", [row is None for row in rows])
        failed = [each is not None and not each.ok for each in outcomes]
        self._list("failed, left empty", failed, why=_first_error(outcomes))
        if found is not None:
            distinct = self._rest.distinct
            doubtful = {repr(distinct[place]) for place in found.unsure}
            self._list("not sure", [repr(row) in doubtful for row in rows])

    def _list(self, what: str, which: Sequence[bool], *, why: str = "") -> None:
        table = self._rest.table
        places = list(compress(table.places, which))
        if places:
            some = ", ".join(map(str, places[:20])) + (", ..." if len(places) > 20 else "")
            word = table.word if len(places) == 1 else table.words
            text = f"[yellow]{what}[/]: {plural(len(places), 'row')} ({word} {some})"
            self._console.print(f"{text}: {why}" if why else text, soft_wrap=True)


def _first_error(outcomes: Sequence[Outcome | None]) -> str:
    """Return what went wrong first, as one line of markup; empty where nothing did."""
    failed = next((each for each in outcomes if each is not None and not each.ok), None)
    if failed is None:
        return ""
    lines = failed.error.strip().splitlines()
    return clean(lines[-1] if lines else failed.kind.value.replace("_", " "), 100)


def may_ask(*, no_ask: bool, as_json: bool) -> bool:
    """Tell whether there is somebody to ask."""
    return not no_ask and not as_json and sys.stdin.isatty()
