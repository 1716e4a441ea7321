"""`habilis session status|list|show`: how far sessions are, what they cost, what is in doubt."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from habilis.agent.cli import options
from habilis.agent.cli.clean import clean_lines
from habilis.agent.cli.screen import Screen, print_json
from habilis.agent.result import result_from_json
from habilis.errors import SessionError
from habilis.memory.journal import Journal, SessionRow
from habilis.memory.journal_ledger import scope_of

NameArgument = Annotated[str, typer.Argument(help="The session's name.")]


def known_session(journal: Journal, name: str) -> SessionRow:
    """Return a session.

    Raises:
        SessionError: there is none of this name; names those there are.
    """
    known = journal.session(name)
    if known is None:
        names = ", ".join(row.name for row in journal.sessions())
        raise SessionError(f"no session named {name!r}; there are: {names or 'none'}")
    return known


def status(
    name: Annotated[str, typer.Argument(help="The session's name; without it, all.")] = "",
    library: options.LibraryOption = options.DEFAULT_LIBRARY,
    as_json: options.JsonOption = False,
) -> None:
    """Say how far sessions are, what they have spent, and which calls are in doubt."""
    with options.open_library(library) as shelf:
        journal = shelf.journal
        rows = [known_session(journal, name)] if name else journal.sessions()
        states = [_state(journal, row) for row in rows]
    if as_json:
        print_json(states)
        return
    for state in states:
        for line in _lines(state):
            print(clean_lines(line))
    if not states:
        print("No sessions yet.")


def list_sessions(
    library: options.LibraryOption = options.DEFAULT_LIBRARY, as_json: options.JsonOption = False
) -> None:
    """List all sessions."""
    status("", library=library, as_json=as_json)


def show(
    name: NameArgument,
    library: options.LibraryOption = options.DEFAULT_LIBRARY,
    as_json: options.JsonOption = False,
) -> None:
    """Show the results of a session's finished tasks."""
    with options.open_library(library) as shelf:
        known_session(shelf.journal, name)
        rows = shelf.journal.finished(name)
    if as_json:
        print_json([json.loads(text) for text in rows.values()])
        return
    Screen().results([result_from_json(text) for text in rows.values()])


def _state(journal: Journal, row: SessionRow) -> dict[str, Any]:
    account = journal.ledger.account(scope_of(row.name))
    doubts = journal.steps.in_doubt(row.name)
    return {
        "name": row.name,
        "state": row.state,
        "finished": len(journal.finished_keys(row.name)),
        "tasks": row.count,
        "source": row.source,
        "pid": row.pid,
        "host": row.host,
        "waiting": row.waiting,
        "tokens": account.tokens,
        "usd": account.usd if not account.unpriced else None,
        "steps": account.steps,
        "seconds": round(account.seconds, 3),
        "in_doubt": [
            {
                "task": step.task,
                "step": step.number,
                "author": step.author,
                "at": step.at,
                "tokens": step.cost.tokens,
            }
            for step in doubts
        ],
    }


def _lines(state: dict[str, Any]) -> list[str]:
    of = f" of {state['tasks']}" if state["tasks"] else ""
    line = f"{state['name']}: {state['state']}, {state['finished']}{of} tasks finished"
    if state["pid"]:
        line += f", process {state['pid']} on {state['host']}"
    if state["tokens"]:
        price = f", {state['usd']:.4f} US dollars" if state["usd"] else ""
        line += f", {state['tokens']:,} tokens{price}"
    lines = [line]
    if state["waiting"]:
        lines.append(f"  waiting: {state['waiting']}")
    lines += [
        f"  in doubt: task {doubt['task']}, step {doubt['step']}: the call may have been paid "
        f"and its answer is lost; counted as {doubt['tokens']:,} tokens"
        for doubt in state["in_doubt"]
    ]
    return lines
