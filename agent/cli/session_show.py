"""`habilis session status|list|show`: how far sessions are, what they cost, what is in doubt."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from habilis.agent.cli import options
from habilis.agent.cli.advice import how_to_go_on
from habilis.agent.cli.clean import clean_lines
from habilis.agent.cli.screen import Screen, print_json
from habilis.agent.report.words import count, duration, money, plural
from habilis.agent.result import result_from_json
from habilis.errors import SessionError
from habilis.memory.journal import Journal, SessionRow
from habilis.memory.journal_ledger import Account, scope_of

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
    for row, state in zip(rows, states, strict=True):
        for line in _lines(state):
            print(clean_lines(line))
        if name and row.state in ("stopped", "interrupted"):
            print(f"  {how_to_go_on(row, library)}")
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
        others = shelf.journal.other_costs(name)
    if as_json:
        print_json([json.loads(text) for text in rows.values()])
        return
    Screen().results([result_from_json(text) for text in rows.values()], others=others)


def _state(journal: Journal, row: SessionRow) -> dict[str, Any]:
    account = journal.ledger.account(scope_of(row.name))
    lost = journal.steps.in_doubt(row.name)
    doubts = [step for step in lost if step.cost.requests]  # an embedded author has none
    return {
        "name": row.name,
        "state": row.state,
        "tasks": row.count,
        **_outcomes(journal, row.name),
        "source": row.source,
        "pid": row.pid,
        "host": row.host,
        "waiting": row.waiting if row.state == "running" else "",
        "stopped_because": row.waiting if row.state == "stopped" else "",
        "tokens": account.tokens,
        "usd": account.usd if not account.unpriced else None,
        "steps": account.steps,
        "seconds": round(account.seconds, 3),
        "beside_tasks": {
            what: {"tokens": cost.tokens, "usd": cost.usd}
            for what, cost in journal.other_costs(row.name).items()
        },
        "left": _left(account),
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


def _outcomes(journal: Journal, name: str) -> dict[str, int]:
    rows = [json.loads(text) for text in journal.finished(name).values()]
    solved = sum(row["solved"] is True for row in rows)
    failed = sum(row["solved"] is False or not row["answered"] for row in rows)
    return {"finished": len(rows), "solved": solved, "failed": failed}


def _left(account: Account) -> dict[str, float]:
    """Return what is left of each limit."""
    steps = None if account.most_steps is None else max(0, account.most_steps - account.steps)
    left = {
        "tokens": account.tokens_left,
        "usd": account.usd_left,
        "steps": steps,
        "seconds": account.seconds_left,
    }
    return {name: figure for name, figure in left.items() if figure is not None}


def _lines(state: dict[str, Any]) -> list[str]:
    done = plural(state["finished"], "task")
    if state["tasks"] and not (state["state"] == "finished" and state["finished"] < state["tasks"]):
        done = f"{state['finished']:,} of {plural(state['tasks'], 'task')}"
    line = f"{state['name']}: {state['state']}, {done} finished"
    if state["finished"]:
        line += f" ({state['solved']} solved, {state['failed']} not)"
    if state["pid"]:
        line += f", process {state['pid']} on {state['host']}"
    lines = [line]
    if state["seconds"]:
        lines.append(f"  spent: {_figures(state)}")
    if state["left"]:
        lines.append(f"  left: {_figures(state['left'])}")
    if state["waiting"]:
        lines.append(f"  waiting: {state['waiting']}")
    if state["stopped_because"]:
        lines.append(f"  stopped: {state['stopped_because']}")
    lines += [
        f"  in doubt: task {doubt['task']}, step {doubt['step']}: the call may have been paid "
        f"and its answer is lost; counted as {doubt['tokens']:,} tokens"
        for doubt in state["in_doubt"]
    ]
    return lines


def _figures(state: dict[str, Any]) -> str:
    """Say tokens, money, steps and seconds, those that are there."""
    words = {
        "tokens": lambda tokens: f"{count(tokens)} tokens",
        "usd": money,
        "steps": lambda steps: "1 step" if steps == 1 else f"{count(steps)} steps",
        "seconds": duration,
    }
    figures = {name: state[name] for name in words if state.get(name) is not None}
    figures = {name: figure for name, figure in figures.items() if figure or name != "usd"}
    return ", ".join(words[name](figure) for name, figure in figures.items())
