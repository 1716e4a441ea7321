"""`habilis session`: durable runs over a file of tasks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from habilis.agent.cli import options
from habilis.agent.cli.clean import clean_lines
from habilis.agent.cli.screen import Screen, print_json
from habilis.agent.report.words import plural
from habilis.agent.session import Session
from habilis.agent.task_file import read_tasks
from habilis.errors import SessionError

app = typer.Typer(help="Durable runs over many tasks.", no_args_is_help=True)
NameArgument = Annotated[str, typer.Argument(help="The session's name.")]


@app.command()
def start(
    tasks: Annotated[Path, typer.Argument(help="JSON Lines: one task a line.")],
    name: Annotated[str, typer.Option("--name", "-n", help="Name of the session.")],
    model: options.ModelOption = "",
    library: options.LibraryOption = options.DEFAULT_LIBRARY,
    stream: options.StreamOption = False,
    steps: options.StepsOption = 20,
    seconds: options.SecondsOption = None,
    tokens: options.TokensOption = None,
    usd: options.UsdOption = None,
    learn: options.LearnOption = True,
    allow: options.AllowOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Run the tasks of a file; started again, it goes on where it was."""
    rows = read_tasks(tasks)
    options.require_author(model, has_examples=any(task.examples for task in rows))
    agent = options.make_agent(
        model=model,
        library=library,
        stream=stream,
        steps=steps,
        seconds=seconds,
        tokens=tokens,
        usd=usd,
        learn=learn,
        allow=allow,
    )
    screen = Screen(as_json=as_json, learns=learn)
    with agent:
        session = Session(agent, name, rows, source=str(tasks.resolve()))
        try:
            results = session.run_sync(observer=screen)
        except KeyboardInterrupt:
            _say_stopped(len(session.finished), len(rows), name, library)
            raise
    screen.results(results)
    if as_json:
        for result in results:
            row = {"event": "result", **json.loads(result.to_json())}
            print(json.dumps(row, ensure_ascii=False))
    if len(results) < len(rows):
        _say_stopped(len(results), len(rows), name, library)
    failed = any(result.solved is False or not result.answered for result in results)
    if failed or len(results) < len(rows):
        raise typer.Exit(1)


@app.command()
def resume(
    name: NameArgument,
    model: options.ModelOption = "",
    library: options.LibraryOption = options.DEFAULT_LIBRARY,
    as_json: options.JsonOption = False,
) -> None:
    """Go on with a session that was stopped or killed."""
    with options.open_library(library) as shelf:
        known = shelf.journal.session(name)
        names = [row.name for row in shelf.journal.sessions()]
    if known is None:
        raise SessionError(f"no session named {name!r}; there are: {', '.join(names) or 'none'}")
    if not known.source:
        raise SessionError(f"session {name!r} was started from Python; resume it from there")
    start(Path(known.source), name, model=model, library=library, as_json=as_json)


@app.command()
def status(
    name: Annotated[str, typer.Argument(help="The session's name; without it, all.")] = "",
    library: options.LibraryOption = options.DEFAULT_LIBRARY,
    as_json: options.JsonOption = False,
) -> None:
    """Say how far sessions are."""
    with options.open_library(library) as shelf:
        journal = shelf.journal
        rows = [row for row in journal.sessions() if name in ("", row.name)]
        states = [
            {
                "name": row.name,
                "state": row.state,
                "finished": len(journal.finished(row.name)),
                "tasks": row.count,
                "source": row.source,
            }
            for row in rows
        ]
    if name and not states:
        raise SessionError(f"no session named {name!r}; `habilis session status` lists all")
    if as_json:
        print_json(states)
        return
    for state in states:
        count, done = int(str(state["tasks"])), int(str(state["finished"]))
        tasks = f"{done} of {plural(count, 'task')}" if count else plural(done, "task")
        print(f"{clean_lines(str(state['name']))}: {state['state']}, {tasks} finished")
    if not states:
        print("No sessions yet.")


@app.command()
def stop(name: NameArgument, library: options.LibraryOption = options.DEFAULT_LIBRARY) -> None:
    """Ask a running session to stop after the task it is at."""
    with options.open_library(library) as shelf:
        known = shelf.journal.session(name)
        if known is None:
            raise SessionError(f"no session named {name!r}; `habilis session status` lists all")
        if known.state != "running":
            again = f"; {_how_to_resume(name, library)}" if known.state == "stopped" else ""
            print(f"{clean_lines(name)} is not running, it is {known.state}{again}")
            return
        shelf.journal.request_stop(name)
    print(f"{clean_lines(name)} will stop after its current task; {_how_to_resume(name, library)}")


def _say_stopped(done: int, count: int, name: str, library: Path) -> None:
    print(f"stopped after {done} of {plural(count, 'task')}; {_how_to_resume(name, library)}")


def _how_to_resume(name: str, library: Path) -> str:
    where = "" if library == options.DEFAULT_LIBRARY else f" --library {library}"
    return f"go on with `habilis session resume {clean_lines(name)}{where}`"
