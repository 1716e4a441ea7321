"""`habilis run --examples FILE`: how far to trust what is found, and what would settle it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import typer
from rich.console import Console

from habilis.agent.authors.compose.author import ComposeAuthor
from habilis.agent.authors.compose.found import Found
from habilis.agent.authors.compose.rivals import Dispute
from habilis.agent.cli.clean import clean, clean_values
from habilis.agent.cli.options import json_or_text
from habilis.agent.example import Example
from habilis.errors import ConfigError

_WORDS = {bool: "true or false", int: "a number", float: "a number", list: "a list as in JSON"}


class Doubts:
    """Asks a person on the terminal where examples leave something open, and says what stays so.

    `others` are the inputs of the rest of their file, `names` what the inputs are called.
    `before_asking` is called before the terminal is written on.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        *,
        others: Sequence[Sequence[object]] = (),
        names: Sequence[str] = (),
        asks: bool,
    ) -> None:
        self._outputs = [example.output for example in examples]
        self._others, self._names, self._asks = others, names, asks
        self.before_asking: Callable[[], None] = lambda: None
        self.found: Found | None = None
        self._console = Console(stderr=True, highlight=False, emoji=False)

    def author(self) -> ComposeAuthor:
        """Return the embedded author that knows the file and whom to ask."""
        return ComposeAuthor(
            others=self._others,
            parameters=self._names,
            ask=self._ask if self._asks else None,
            tell=self._tell,
        )

    def say(self, *, recalled: str = "") -> None:
        """Say whether to rely on what was found; where not, what would settle it.

        Of a skill that was `recalled` nobody knows: nothing was searched.
        """
        if self.found is None:
            if recalled:
                text = f"[cyan]recalled[/] {clean(recalled)}, which gives the examples; "
                text += "whether other answers fit was not looked at this time"
                self._console.print(text, soft_wrap=True)
            return
        if self.found.sure:
            but = " but for the lines above" if self.found.unsure else ""
            self._console.print(f"[green]sure[/]{but}: other answers that fit the examples agree")
            return
        text = "[yellow]not sure[/]: the examples allow other answers; give one more"
        dispute = self.found.dispute
        if dispute is not None:
            text += f", best of what {shown(dispute.inputs)} should give"
        self._console.print(text, soft_wrap=True)

    def _tell(self, found: Found) -> None:
        self.found = found

    def _ask(self, dispute: Dispute) -> Example | None:
        """Ask on the terminal; an empty answer, or the end of input, goes on without."""
        self.before_asking()
        self._console.print(f"\n{_why(dispute)}")
        self._console.print(f"  {shown(dispute.inputs)}")
        for number, option in enumerate(dispute.options, start=1):
            self._console.print(f"  [bold]{number}[/] {clean_values([option], 90)}")
        wanted = "a number, the right output, or nothing" if dispute.options else "what, or nothing"
        while True:
            try:
                text = typer.prompt(wanted, default="", show_default=False, err=True)
            except typer.Abort:
                return None
            if not text:
                return None
            if text.isdigit() and 0 < int(text) <= len(dispute.options):
                return Example(inputs=dispute.inputs, output=dispute.options[int(text) - 1])
            try:
                return Example(inputs=dispute.inputs, output=self._read(text))
            except ConfigError as error:
                self._console.print(f"  {clean(str(error))}")

    def _read(self, text: str) -> object:
        """Return what is typed, of the type that the examples give."""
        kinds = {type(output) for output in self._outputs}
        if str in kinds:
            return text
        value = json_or_text(text, what="the answer")
        kinds |= {int} if float in kinds else set()
        if type(value) not in kinds and value is not None:
            wanted = " or ".join(dict.fromkeys(_WORDS.get(kind, kind.__name__) for kind in kinds))
            raise ConfigError(f"{text!r} is not what the examples give: {wanted}")
        return value


def shown(row: Sequence[object]) -> str:
    """Return a row of inputs as one line of markup."""
    return clean_values(row, 90)


def _why(dispute: Dispute) -> str:
    if len(dispute.options) > 1:
        return "The examples leave open what this should give:"
    if dispute.options:
        return "This is least like the examples; is what it would give right?"
    return "This is least like the examples, and nothing found so far gives anything for it:"
