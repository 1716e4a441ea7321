"""`habilis session report`: what a session came to, as one HTML file."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from habilis.agent.cli import options
from habilis.errors import ConfigError


def report(
    name: Annotated[str, typer.Argument(help="The session's name.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file to write; - for standard output.")
    ] = None,
    library: options.LibraryOption = options.DEFAULT_LIBRARY,
) -> None:
    """Write what a session came to as one HTML file: open it in any browser."""
    from habilis.agent.report.facts import read_session
    from habilis.agent.report.page import render_page

    with options.open_library(library) as shelf:
        facts = read_session(shelf, name)
    page = render_page(facts, at=time.time()).encode("utf-8", "replace")
    if out == Path("-"):
        sys.stdout.buffer.write(page)
        return
    file = out or Path(f"{_file_name(name)}.html")
    try:
        file.write_bytes(page)
    except OSError as error:
        raise ConfigError(
            f"cannot write {str(file)!r}: {error.strerror}; name a file in a folder that is "
            "there and may be written with --out FILE, or --out - to print the page"
        ) from None
    print(f"wrote {file}")


def _file_name(name: str) -> str:
    """Return a plain file name for any session name."""
    return f"session-{re.sub(r'[^A-Za-z0-9_-]+', '-', name).strip('-')[:60] or 'report'}"
