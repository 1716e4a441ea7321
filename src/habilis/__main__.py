"""`python -m habilis` and the `habilis` command."""

from __future__ import annotations

import sys

_INTERRUPTED = 130


def main() -> None:
    """Run the command line; Ctrl-C ends it with exit code 130 and a line, also while it loads."""
    try:
        from habilis.agent.cli import main as run

        run()
    except KeyboardInterrupt:
        _say_interrupted()
        sys.exit(_INTERRUPTED)
    except SystemExit as stop:
        if stop.code == _INTERRUPTED:  # what typer makes of Ctrl-C in a command, without a word
            _say_interrupted()
        raise


def _say_interrupted() -> None:
    sys.stderr.write("habilis: interrupted; finished work is kept\n")


if __name__ == "__main__":
    main()
