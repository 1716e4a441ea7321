"""`habilis session`: durable runs over a file of tasks."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from habilis.agent.agent import Agent
from habilis.agent.budget import Budget
from habilis.agent.cli import options, session_show
from habilis.agent.cli.clean import clean_lines
from habilis.agent.cli.progress import Progress
from habilis.agent.cli.screen import Screen
from habilis.agent.cli.session_show import NameArgument, known_session
from habilis.agent.engines.engine import check_engine
from habilis.agent.report.words import plural
from habilis.agent.session import Session
from habilis.agent.task_file import read_tasks
from habilis.errors import AuthorError, ConfigError, LibraryError, SessionError
from habilis.memory.address import Address
from habilis.memory.journal_ledger import scope_of

app = typer.Typer(help="Durable runs over many tasks.", no_args_is_help=True)
app.command("status")(session_show.status)
app.command("list")(session_show.list_sessions)
app.command("show")(session_show.show)

_GRACE_S = 5.0  # how long a step may go on after Ctrl-C
_PATIENCE_S = 3600.0

ParallelOption = Annotated[int | None, typer.Option(min=1, help="Tasks to run side by side.")]
EngineOption = Annotated[
    str, typer.Option(help="Where tasks run: dask://HOST:PORT, or threads (of this process).")
]
PatienceOption = Annotated[
    float | None, typer.Option(min=0, help="Seconds an endpoint may be away before giving up.")
]
AllTokensOption = Annotated[int | None, typer.Option(help="Tokens the session may take.")]
AllUsdOption = Annotated[float | None, typer.Option(help="US dollars the session may cost.")]
AllStepsOption = Annotated[int | None, typer.Option(help="Actions the session may take.")]
AllSecondsOption = Annotated[float | None, typer.Option(help="Seconds the session may run.")]


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
    parallel: ParallelOption = None,
    engine: EngineOption = "",
    patience: PatienceOption = None,
    all_tokens: AllTokensOption = None,
    all_usd: AllUsdOption = None,
    all_steps: AllStepsOption = None,
    all_seconds: AllSecondsOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Run the tasks of a file; started again, it goes on where it was."""
    settings = {
        "agent": {
            "model": model,
            "stream": stream,
            "steps": steps,
            "seconds": seconds,
            "tokens": tokens,
            "usd": usd,
            "learn": learn,
            "allow": allow,
        },
        "all": {"tokens": all_tokens, "usd": all_usd, "steps": all_steps, "seconds": all_seconds},
        "parallel": parallel,
        "engine": check_engine(engine),
        "patience": _PATIENCE_S if patience is None else patience,
    }
    _run(tasks, name, library=library, settings=settings, as_json=as_json)


@app.command()
def resume(
    name: NameArgument,
    model: options.ModelOption = "",
    library: options.LibraryOption = options.DEFAULT_LIBRARY,
    parallel: ParallelOption = None,
    engine: EngineOption = "",
    patience: PatienceOption = None,
    all_tokens: AllTokensOption = None,
    all_usd: AllUsdOption = None,
    all_steps: AllStepsOption = None,
    all_seconds: AllSecondsOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Go on with a session that was stopped or killed, as it was started unless told otherwise."""
    with options.open_library(library) as shelf:
        known = known_session(shelf.journal, name)
    if not known.source:
        raise SessionError(f"session {name!r} was started from Python; resume it from there")
    settings: dict[str, Any] = {"agent": {}, "all": {}, **json.loads(known.settings)}
    limits = {"tokens": all_tokens, "usd": all_usd, "steps": all_steps, "seconds": all_seconds}
    settings["all"] |= {key: value for key, value in limits.items() if value is not None}
    settings["agent"] |= {"model": model} if model else {}
    settings |= {"engine": check_engine(engine)} if engine else {}
    given = {"parallel": parallel, "patience": patience}
    settings |= {key: value for key, value in given.items() if value is not None}
    _run(Path(known.source), name, library=library, settings=settings, as_json=as_json)


@app.command()
def stop(name: NameArgument, library: options.LibraryOption = options.DEFAULT_LIBRARY) -> None:
    """Ask a running session to stop after the task it is at."""
    with options.open_library(library) as shelf:
        known = known_session(shelf.journal, name)
        if known.state != "running":
            goes_on = known.state in ("stopped", "interrupted")
            again = f"; {_how_to_resume(name, library)}" if goes_on else ""
            print(f"{clean_lines(name)} is not running, it is {known.state}{again}")
            return
        shelf.journal.request_stop(name)
    print(f"{clean_lines(name)} will stop after its current task; {_how_to_resume(name, library)}")


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
        shelf.journal.fork_session(name, new, count=keep)
    print(f"{clean_lines(new)} is made; {_how_to_resume(new, library)}")


@app.command()
def compact(name: NameArgument, library: options.LibraryOption = options.DEFAULT_LIBRARY) -> None:
    """Forget what was said and run in finished tasks; results and costs stay."""
    with options.open_library(library) as shelf:
        known_session(shelf.journal, name)
        freed = shelf.journal.compact_session(name)
    print(f"{clean_lines(name)}: {freed:,} characters of trajectories are gone")


def _run(
    tasks: Path, name: str, *, library: Address, settings: dict[str, Any], as_json: bool
) -> None:
    rows = read_tasks(tasks)
    given = {
        "model": "",
        "stream": False,
        "steps": 20,
        "seconds": None,
        "tokens": None,
        "usd": None,
        "learn": True,
        "allow": None,
        **settings["agent"],
    }
    options.require_author(given["model"], has_examples=any(task.examples for task in rows))
    budget = _budget_of_all(settings["all"])
    agent = options.make_agent(library=library, **given)
    with agent, contextlib.ExitStack() as stack:
        begun = _begun(agent, name, tasks=len(rows), budget=budget)
        screen = stack.enter_context(Screen(as_json=as_json, learns=given["learn"], begun=begun))
        session = Session(
            agent,
            name,
            rows,
            source=str(tasks.resolve()),
            settings=json.dumps(settings),
            budget=budget,
            patience_s=settings.get("patience", _PATIENCE_S),
        )
        with _stopping(session) as signalled, _saying_how_to_go_on(session, library):
            results = session.run_sync(
                observer=screen,
                parallel=settings.get("parallel"),
                engine=settings.get("engine", ""),
            )
    if not signalled:
        screen.results(results)
    if as_json:
        for result in results:
            row = {"event": "result", **json.loads(result.to_json())}
            print(json.dumps(row, ensure_ascii=False))
    if len(results) < len(rows):
        why = "" if session.stopped_because == "asked to stop" else f" ({session.stopped_because})"
        again = _how_to_resume(name, library)
        done = f"stopped after {len(results)} of {plural(len(rows), 'task')}"
        print(f"{done}{clean_lines(why)}; {again}")
    if signalled and len(results) < len(rows):
        raise KeyboardInterrupt
    failed = any(result.solved is False or not result.answered for result in results)
    if failed or len(results) < len(rows):
        raise typer.Exit(1)


def _budget_of_all(limits: dict[str, Any]) -> Budget:
    """Return the session's budget; a mistake in it is told apart from one in a task's."""
    try:
        return Budget(**{"steps": None, **limits})
    except ConfigError as error:
        raise ConfigError(f"--all-...: {error}") from None


def _begun(agent: Agent, name: str, *, tasks: int, budget: Budget) -> Progress:
    """Return how far the session is before it goes on."""
    if agent.library is None:
        return Progress(total=tasks)
    account = agent.library.journal.ledger.account(scope_of(name))
    rows = [json.loads(text) for text in agent.library.journal.finished(name).values()]
    return Progress(
        total=tasks,
        limits={limit: most for limit, most in vars(budget).items() if most is not None},
        started_at=time.time(),
        done=len(rows),
        solved=sum(row["solved"] is True for row in rows),
        tokens=account.tokens,
        usd=None if account.unpriced else account.usd,
        steps=account.steps,
        seconds=account.seconds,
        made=sum(len(row["skills_made"]) for row in rows),
        reused=sum(bool(row["skills_used"]) for row in rows),
    )


@contextlib.contextmanager
def _saying_how_to_go_on(session: Session, library: Address) -> Iterator[None]:
    """Add to an error that ended a session's run how it goes on."""
    try:
        yield
    except (AuthorError, LibraryError):
        done, count = len(session.finished), len(session.tasks)
        again = _how_to_resume(session.name, library)
        print(f"stopped after {done} of {plural(count, 'task')}; {again}", file=sys.stderr)
        raise


@contextlib.contextmanager
def _stopping(session: Session) -> Iterator[list[int]]:
    """Let SIGINT and SIGTERM end the session well; the list holds those that came."""
    came: list[int] = []

    def stop(number: int, frame: object) -> None:
        came.append(number)
        session.stop(grace_s=_GRACE_S if len(came) == 1 else 0.0)
        if sys.stderr.isatty():
            print("finishing the step; once more to cut it off", file=sys.stderr)

    before = {n: signal.signal(n, stop) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _how_to_resume(name: str, library: Address) -> str:
    where = "" if library == options.DEFAULT_LIBRARY else f" --library {library}"
    return f"go on with `habilis session resume {clean_lines(name)}{where}`"
