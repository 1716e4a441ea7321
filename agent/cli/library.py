"""`habilis library`: look after the file that holds everything."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from habilis.agent.cli import options
from habilis.agent.cli.clean import clean
from habilis.agent.cli.screen import print_json
from habilis.memory.upkeep import restore as put_back

app = typer.Typer(help="The library as a whole.", no_args_is_help=True)


@app.command()
def check(
    library: options.LibraryOption = options.DEFAULT_LIBRARY,
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended.")] = False,
    as_json: options.JsonOption = False,
) -> None:
    """Say what is inconsistent; exit 1 when something is."""
    with options.open_library(library) as shelf:
        problems = shelf.check(fix=fix)
        if fix:
            shelf.encode()
    if as_json:
        print_json({"problems": problems})
    else:
        for problem in problems:
            print(clean(problem, 2_000))
        if not problems:
            print("All is well.")
    if problems:
        raise typer.Exit(1)


@app.command()
def stats(
    library: options.LibraryOption = options.DEFAULT_LIBRARY,
    as_json: options.JsonOption = False,
) -> None:
    """Count skills, versions, cases, uses and vectors, and say how large they are."""
    with options.open_library(library) as shelf:
        figures = shelf.stats()
    if as_json:
        print_json(figures)
        return
    console = Console(highlight=False, emoji=False)
    for name, value in figures.items():
        console.print(f"{name.replace('_', ' '):16} {clean(_shown(value))}", soft_wrap=True)


@app.command()
def backup(
    to: Annotated[Path, typer.Argument(help="A new file.")],
    library: options.LibraryOption = options.DEFAULT_LIBRARY,
) -> None:
    """Copy the whole library into one file, while it may be in use."""
    with options.open_library(library) as shelf:
        shelf.backup(to)
    print(f"copied to {to}")


@app.command()
def restore(
    copy: Annotated[Path, typer.Argument(help="A file that `backup` wrote.")],
    library: options.LibraryOption = options.DEFAULT_LIBRARY,
) -> None:
    """Put a copy in the library's place; what is there now is kept beside it."""
    kept = put_back(library, copy)
    print(f"restored {copy}" + (f"; what was there is in {kept}" if kept is not None else ""))


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{count:,} {name}" for name, count in value.items()) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)
