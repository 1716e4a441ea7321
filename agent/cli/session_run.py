"""One run of a session from the command line: what is seen of it, how it is stopped."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from habilis.agent.agent import Agent
from habilis.agent.authors.endpoint import public_part
from habilis.agent.budget import Budget
from habilis.agent.cli import limits, options
from habilis.agent.cli.advice import how_to_look, how_to_resume
from habilis.agent.cli.clean import clean_lines
from habilis.agent.cli.progress import Progress
from habilis.agent.cli.screen import Screen
from habilis.agent.curriculum import Curriculum
from habilis.agent.report.words import plural
from habilis.agent.session import Session
from habilis.agent.task_file import read_tasks
from habilis.errors import AuthorError, ConfigError, LibraryError
from habilis.memory.address import Address
from habilis.memory.journal_ledger import scope_of

PATIENCE_S = 3600.0
_GRACE_S = 5.0  # how long a step may go on after Ctrl-C
_LIMITS = ("steps", "seconds", "tokens", "usd")
_AGENT = {
    "model": "",
    "stream": False,
    "steps": limits.STEPS.most,
    "seconds": None,
    "tokens": None,
    "usd": None,
    "learn": True,
    "allow": None,
}


def run_session(
    work: Path | Curriculum,
    name: str,
    *,
    library: Address,
    settings: dict[str, Any],
    as_json: bool,
) -> None:
    """Run a file of tasks, or what is proposed on the way to a goal; say how it went.

    Raises:
        typer.Exit: not all is solved, or not all is done.
        KeyboardInterrupt: a signal ended it.
    """
    tasks = work if isinstance(work, Curriculum) else read_tasks(work)
    given = {**_AGENT, **settings["agent"]}
    if isinstance(tasks, Curriculum):
        if not given["model"]:
            raise ConfigError("a --goal needs a model that proposes tasks: name one with --model")
    else:
        options.require_author(given["model"], has_examples=any(task.examples for task in tasks))
    budget = Budget(**{"steps": None, **settings["all"]})
    of_a_task = {name: given.pop(name) for name in _LIMITS}
    agent = options.make_agent(library=library, budget=Budget(**of_a_task), **given)
    with agent, contextlib.ExitStack() as stack:
        session = Session(
            agent,
            name,
            tasks,
            source="" if isinstance(work, Curriculum) else str(work.resolve()),
            settings=json.dumps(settings),
            budget=budget,
            patience_s=settings.get("patience", PATIENCE_S),
        )
        begun = _begun(agent, name, tasks=session.count, budget=budget)
        screen = stack.enter_context(Screen(as_json=as_json, learns=given["learn"], begun=begun))
        with stopping(session) as signalled, _saying_how_to_go_on(session, library):
            results = session.run_sync(
                observer=screen,
                parallel=settings.get("parallel"),
                engine=settings.get("engine", ""),
            )
        others = agent.library.journal.other_costs(name) if agent.library is not None else {}
    if not (signalled and session.stopped_because):
        screen.results(results, others=others)
    if as_json:
        for result in results:
            row = {"event": "result", **json.loads(result.to_json())}
            print(json.dumps(row, ensure_ascii=False))
    end = _end(session, len(results), before=begun.done, library=library)
    if end:
        print(end, file=sys.stderr if as_json else sys.stdout)
    if signalled and session.stopped_because:
        raise KeyboardInterrupt
    failed = any(result.solved is False or not result.answered for result in results)
    if failed or session.stopped_because:
        raise typer.Exit(1)


def _end(session: Session, finished: int, *, before: int, library: Address) -> str:
    """Say how the run ended and what can be done now; empty where the results say enough."""
    if session.stopped_because:
        why = "" if session.stopped_because == "asked to stop" else f" ({session.stopped_because})"
        done = _done(finished, session.count)
        again = how_to_resume(session.name, library, why=session.stopped_because)
        return f"{done}{clean_lines(why)}; {again}"
    if 0 < finished == before:
        done = f"nothing was run: all is finished ({plural(finished, 'task')})"
        return f"{done}; {how_to_look(session.name, library)}"
    return ""


def _done(finished: int, count: int) -> str:
    of = f" of {plural(count, 'task')}" if count else f" {'task' if finished == 1 else 'tasks'}"
    return f"stopped after {finished}{of}"


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
        done = _done(len(session.finished), session.count)
        print(f"{done}; {how_to_resume(session.name, library)}", file=sys.stderr)
        raise


@contextlib.contextmanager
def stopping(session: Session) -> Iterator[list[int]]:
    """Let SIGINT and SIGTERM end the session well; the list holds those that came.

    Raises:
        KeyboardInterrupt: one came where the session has not begun yet, or is over.
    """
    came: list[int] = []

    def stop(number: int, frame: object) -> None:
        came.append(number)
        if not session.stop(grace_s=_GRACE_S if len(came) == 1 else 0.0):
            raise KeyboardInterrupt
        if sys.stderr.isatty():
            print("finishing the step; once more to cut it off", file=sys.stderr)

    before = {n: signal.signal(n, stop) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def endpoint() -> str:
    """Return where models are asked now, without a password."""
    return public_part(os.environ.get("OPENAI_BASE_URL", "").strip() or "https://api.openai.com/v1")


def check_endpoint(before: str, name: str) -> None:
    """Raise where a session would go on at another endpoint than it began at.

    Raises:
        ConfigError: it would, and nobody has said so.
    """
    if before and before != endpoint():
        raise ConfigError(
            f"session {name!r} began with a model at {before}, and now models are asked at "
            f"{endpoint()}: set OPENAI_BASE_URL={before}, or say --model to go on there"
        )
