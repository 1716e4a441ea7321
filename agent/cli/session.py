"""`habilis session`: durable runs over a file of tasks, or toward a goal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from habilis.agent.cli import limits, options, session_show
from habilis.agent.cli.advice import how_to_go_on, how_to_look
from habilis.agent.cli.clean import clean_lines
from habilis.agent.cli.session_run import (
    PATIENCE_S,
    check_endpoint,
    endpoint,
    run_session,
)
from habilis.agent.cli.session_show import NameArgument, known_session
from habilis.agent.curriculum import Curriculum
from habilis.agent.engines.engine import check_engine
from habilis.agent.report.words import plural
from habilis.errors import ConfigError, SessionError
from habilis.memory.journal import SessionRow

app = typer.Typer(help="Durable runs over many tasks.", no_args_is_help=True)
app.command("status")(session_show.status)
app.command("list")(session_show.list_sessions)
app.command("show")(session_show.show)

ParallelOption = Annotated[int | None, typer.Option(min=1, help="Tasks to run side by side.")]
EngineOption = Annotated[
    str, typer.Option(help="Where tasks run: dask://HOST:PORT, ray://HOST:PORT, or threads.")
]


@app.command()
def start(
    name: Annotated[str, typer.Option("--name", "-n", help="Name of the session.")],
    tasks: Annotated[Path | None, typer.Argument(help="JSON Lines: one task a line.")] = None,
    goal: Annotated[
        str, typer.Option(help="Instead of tasks: what to learn. The model proposes the tasks.")
    ] = "",
    most: Annotated[int, typer.Option(min=1, help="Tasks to be proposed for the goal.")] = 20,
    model: options.ModelOption = "",
    library: options.LibraryOption = options.DEFAULT_LIBRARY,
    stream: options.StreamOption = False,
    steps: limits.StepsOption = limits.STEPS,
    seconds: limits.SecondsOption = None,
    tokens: limits.TokensOption = None,
    usd: limits.UsdOption = None,
    learn: options.LearnOption = True,
    allow: options.AllowOption = None,
    parallel: ParallelOption = None,
    engine: EngineOption = "",
    patience: limits.PatienceOption = None,
    all_tokens: limits.AllTokensOption = None,
    all_usd: limits.AllUsdOption = None,
    all_steps: limits.AllStepsOption = None,
    all_seconds: limits.AllSecondsOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Run the tasks of a file, or learn for a goal; started again, it goes on where it was."""
    if tasks is None and not goal:
        raise ConfigError("name a file of tasks, or a --goal for which tasks are proposed")
    if tasks is not None and goal:
        raise ConfigError(f"--goal {goal!r} and a file of tasks, {str(tasks)!r}: give one of them")
    settings = {
        **({"goal": goal, "most": most} if goal else {}),
        **({"endpoint": endpoint()} if model else {}),
        "agent": {
            "model": model,
            "stream": stream,
            "learn": learn,
            "allow": allow,
            **limits.named(steps=steps, seconds=seconds, tokens=tokens, usd=usd),
        },
        "all": limits.named(tokens=all_tokens, usd=all_usd, steps=all_steps, seconds=all_seconds),
        "parallel": parallel,
        "engine": check_engine(engine),
        "patience": PATIENCE_S if patience is None else patience,
    }
    work = tasks or Curriculum(goal=goal, most=most)
    run_session(work, name, library=library, settings=settings, as_json=as_json)


@app.command()
def resume(
    name: NameArgument,
    tasks: Annotated[
        Path | None, typer.Option(help="Where its file of tasks is now, if it was moved.")
    ] = None,
    model: options.ModelOption = "",
    library: options.LibraryOption = options.DEFAULT_LIBRARY,
    most: Annotated[
        int | None, typer.Option(min=1, help="Tasks to be proposed for its goal.")
    ] = None,
    parallel: ParallelOption = None,
    engine: EngineOption = "",
    patience: limits.PatienceOption = None,
    all_tokens: limits.AllTokensOption = None,
    all_usd: limits.AllUsdOption = None,
    all_steps: limits.AllStepsOption = None,
    all_seconds: limits.AllSecondsOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Go on with a session that was stopped or killed, as it was started unless told otherwise."""
    with options.open_library(library) as shelf:
        known = known_session(shelf.journal, name)
    settings: dict[str, Any] = {"agent": {}, "all": {}, **json.loads(known.settings)}
    if not known.source and "goal" not in settings:
        raise SessionError(
            f"session {name!r} was started from Python or by `habilis run --session`: run that "
            "again, and it goes on"
        )
    if most is not None and "goal" not in settings:
        raise SessionError(f"session {name!r} has a file of tasks, no goal: --most is for a goal")
    if tasks is not None and "goal" in settings:
        raise SessionError(f"session {name!r} has a goal, no file of tasks: leave --tasks out")
    settings["all"] |= limits.named(
        tokens=all_tokens, usd=all_usd, steps=all_steps, seconds=all_seconds
    )
    if model:
        settings["agent"]["model"], settings["endpoint"] = model, endpoint()
    else:
        check_endpoint(settings.get("endpoint", ""), name)
    settings |= {"engine": check_engine(engine)} if engine else {}
    given = {"parallel": parallel, "patience": patience, "most": most}
    settings |= {key: value for key, value in given.items() if value is not None}
    work: Path | Curriculum
    if "goal" in settings:
        work = Curriculum(goal=settings["goal"], most=settings["most"])
    else:
        work = tasks or _where_it_was(known)
    run_session(work, name, library=library, settings=settings, as_json=as_json)


def _where_it_was(known: SessionRow) -> Path:
    """Return the file of tasks of a session.

    Raises:
        SessionError: it is there no more; says how to name it again.
    """
    file = Path(known.source)
    if not file.exists():
        raise SessionError(
            f"the tasks of session {known.name!r} were in {known.source!r}, and no such file is "
            f"there now: say where it is, `habilis session resume {known.name} --tasks FILE`"
        )
    return file


@app.command()
def stop(name: NameArgument, library: options.LibraryOption = options.DEFAULT_LIBRARY) -> None:
    """Ask a running session to stop after the task it is at."""
    with options.open_library(library) as shelf:
        known = known_session(shelf.journal, name)
        if known.state != "running":
            goes_on = known.state in ("stopped", "interrupted")
            again = f"; {how_to_go_on(known, library)}" if goes_on else ""
            print(f"{clean_lines(name)} is not running, it is {known.state}{again}")
            return
        shelf.journal.request_stop(name)
    print(f"{clean_lines(name)} will stop after its current task; {how_to_go_on(known, library)}")


@app.command()
def fork(
    name: NameArgument,
    new: Annotated[str, typer.Argument(help="Name of the new session.")],
    keep: Annotated[
        int | None, typer.Option(min=0, help="How many of the finished tasks it takes over.")
    ] = None,
    library: options.LibraryOption = options.DEFAULT_LIBRARY,
) -> None:
    """Make a session of the same tasks that goes on from here under another name."""
    with options.open_library(library) as shelf:
        known_session(shelf.journal, name)
        if shelf.journal.session(new) is not None:
            raise SessionError(f"there is a session named {new!r} already; choose another name")
        taken = shelf.journal.fork_session(name, new, count=keep)
        made = known_session(shelf.journal, new)
    few = f" (--keep {keep}: there are no more)" if taken < (keep or 0) else ""
    done = f"{clean_lines(new)} is made, with {plural(taken, 'finished task')}{few}"
    if made.state == "finished":
        print(f"{done}; none is left to do; {how_to_look(new, library)}")
    else:
        print(f"{done}; {how_to_go_on(made, library)}")


@app.command()
def compact(name: NameArgument, library: options.LibraryOption = options.DEFAULT_LIBRARY) -> None:
    """Forget what was said and run in finished tasks; results and costs stay."""
    with options.open_library(library) as shelf:
        known_session(shelf.journal, name)
        freed = shelf.journal.compact_session(name)
    what = (
        f"{freed:,} characters of trajectories are gone" if freed else "nothing was left to forget"
    )
    print(f"{clean_lines(name)}: {what}")
