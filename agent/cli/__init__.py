"""The command line, the only part of habilis that prints."""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from habilis import __version__
from habilis.agent.cli import check, doctor, library, report, run, session, skills
from habilis.agent.cli.clean import clean_lines
from habilis.errors import HabilisError

app = typer.Typer(
    help="An agent that writes its own tools, proves them and keeps them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("doctor")(doctor.doctor)
session.app.command("check")(check.check)
session.app.command("report")(report.report)
app.add_typer(session.app, name="session")
app.add_typer(skills.app, name="skills")
app.add_typer(library.app, name="library")

_ERROR = 2


@app.callback(invoke_without_command=True)
def about(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """An agent that writes its own tools, proves them and keeps them."""
    if version:
        print(f"habilis {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line: exit 0 when solved, 1 when not, 2 on an error, 130 on Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal may lack letters of an answer
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except HabilisError as error:
        print(f"habilis: {clean_lines(str(error))}", file=sys.stderr)
        sys.exit(_ERROR)
