"""What can be done next with a session, as commands to type."""

from __future__ import annotations

import json
import re
import shlex

from habilis.agent.cli import options
from habilis.agent.cli.clean import clean_lines
from habilis.memory.address import Address
from habilis.memory.journal import SessionRow

_OPTION = re.compile(r"--all-\w+")


def how_to_go_on(row: SessionRow, library: Address) -> str:
    """Say how a session that does not run goes on, by what started it."""
    if not row.source and "goal" not in json.loads(row.settings):
        return "go on by what started it: from Python, or `habilis run --session`"
    return how_to_resume(row.name, library, why=row.waiting)


def how_to_resume(name: str, library: Address, *, why: str = "") -> str:
    """Say how a session goes on; `why` it stopped may name the limit that has to be raised."""
    limit = _OPTION.search(why)
    raised = f" {limit[0]} MORE" if limit else ""
    return f"go on with `habilis session resume {_typed(name)}{raised}{_where(library)}`"


def how_to_look(name: str, library: Address) -> str:
    """Say what may be done with a session whose tasks are all finished."""
    name, where = _typed(name), _where(library)
    return (
        f"see them with `habilis session show {name}{where}` or `... report {name}{where}`, "
        f"do them again with `... fork {name} NEW --keep 0{where}`"
    )


def _where(library: Address) -> str:
    return "" if library == options.DEFAULT_LIBRARY else f" --library {_typed(str(library))}"


def _typed(text: str) -> str:
    """Return a text as a shell takes it, in one piece and fit for the screen."""
    return clean_lines(shlex.quote(text))
