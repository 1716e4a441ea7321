"""The command line, the only part of habilis that prints."""

from __future__ import annotations

import sys

import typer

from habilis.agent.cli import doctor, run, session, skills
from habilis.errors import HabilisError

app = typer.Typer(
    help="An agent that writes its own tools, proves them and keeps them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("doctor")(doctor.doctor)
app.add_typer(session.app, name="session")
app.add_typer(skills.app, name="skills")

EXIT_UNSOLVED, EXIT_ERROR, EXIT_INTERRUPTED = 1, 2, 130


def main() -> None:
    """Run the command line: exit 0 when solved, 1 when not, 2 on an error, 130 on Ctrl-C."""
    try:
        app()
    except HabilisError as error:
        print(f"habilis: {error}", file=sys.stderr)
        sys.exit(EXIT_ERROR)
    except KeyboardInterrupt:
        print("habilis: interrupted; finished work is kept", file=sys.stderr)
        sys.exit(EXIT_INTERRUPTED)
