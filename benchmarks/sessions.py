"""Sessions: what a durable step costs, how fast a session is back, what a kill loses.

Peers are LangGraph's SQLite checkpointer and DBOS on SQLite, on the same work, by turns.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.model_server import ModelServer
from benchmarks.power_cuts import power_rows
from benchmarks.report import Report, Row, own_row
from benchmarks.session_abreast import abreast_rows
from benchmarks.session_engines import efficiency_rows
from benchmarks.session_flat import flat_rows
from benchmarks.session_kills import Kills, run_kills
from habilis import OpenAIAuthor
from habilis.agent.author import Message, Purpose, Request
from habilis.agent.gateway.client import PayThroughGateway
from habilis.agent.sessions.paying import PayHere
from habilis.agent.task import Task
from habilis.memory.journal import Journal
from habilis.memory.opening import open_store
from habilis.memory.step import Place
from habilis.memory.usage import Usage

_ROOT = Path(__file__).parent.parent
_PEER_SCRIPT = Path(__file__).with_name("session_peers.py")
_PEERS = ("langgraph", "dbos")
_WAITING = "langgraph-nodes"  # saves a step before the next one begins, as we do
_LONGEST_S = 300.0
_LATENCY_S, _IN_FLIGHT = 0.2, 64
_MOST = Usage(requests=1, input_tokens=50, output_tokens=50, usd=None)


def run(data: Path, *, peers: Path, quick: bool) -> Report:
    """Return the rows; `data` is not used, the work is made here."""
    os.environ["HABILIS_GATEWAY_IDLE_S"] = "10"
    rows = [
        *_step_rows(peers, steps=200 if quick else 1000, turns=1 if quick else 3),
        *_resume_rows(peers, counts=(1, 100) if quick else (1, 100, 10_000)),
        *asyncio.run(_gateway_rows(calls=128 if quick else 640, limited=60 if quick else 300)),
        *flat_rows(steps=400 if quick else 10_000, early=100 if quick else 1_000),
        *_kill_rows(quick=quick),
        *efficiency_rows(quick=quick),
        *abreast_rows(tasks=4 if quick else 16),
        *power_rows(count=4 if quick else 20, cuts=20 if quick else 400),
    ]
    return Report(benchmark="sessions", rows=rows)


def _step_rows(peers: Path, *, steps: int, turns: int) -> list[Row]:
    figures: dict[str, list[float]] = {}
    for _ in range(turns):
        for who in ("ours", *_PEERS, _WAITING):
            with tempfile.TemporaryDirectory() as folder:
                figure = _run(who, "steps", folder, steps, peers)
            figures.setdefault(who, []).extend([] if figure is None else [figure])
    goals = {"langgraph": "<= 0.5", _WAITING: "<= 0.5", "dbos": ""}
    says = {"langgraph": "it saves a step while the next one runs: ours waits, twice"}
    return [
        Row(
            name=f"a paid step, recorded, over {peer}",
            ours=statistics.median(figures["ours"]),
            peer=statistics.median(figures[peer]) if figures[peer] else None,
            goal=goals[peer],
            unit="ms",
            n=steps * turns,
            note=says.get(peer, "") if figures[peer] else _missing(peers),
        )
        for peer in goals
    ]


def _resume_rows(peers: Path, *, counts: tuple[int, ...]) -> list[Row]:
    rows = []
    for count in counts:
        found: dict[str, float | None] = {}
        for who in ("ours", *_PEERS):
            with tempfile.TemporaryDirectory() as folder:
                _run(who, "steps", folder, count, peers)
                found[who] = _run(who, "resume", folder, count, peers)
        for peer in _PEERS:
            goal = "<= 0.05" if (peer, count) == ("langgraph", 10_000) else ""
            rows.append(
                Row(
                    name=f"resume after {count:,} steps, over {peer}",
                    ours=found["ours"],
                    peer=found[peer],
                    goal=goal,
                    unit="s",
                    n=1,
                    note="" if found[peer] is not None else _missing(peers),
                )
            )
    return rows


def _run(who: str, what: str, folder: str, count: int, peers: Path) -> float | None:
    """Return the figure that one process prints; None where a peer is not installed, or hangs."""
    python = peers / "bin" / "python"
    command = [sys.executable, "-m", "benchmarks.session_steps", what, folder, str(count)]
    if who != "ours":
        if not python.exists():
            return None
        command = [str(python.absolute()), str(_PEER_SCRIPT), who, what, folder, str(count)]
    try:
        done = subprocess.run(
            command, cwd=_ROOT, capture_output=True, text=True, timeout=_LONGEST_S
        )
    except subprocess.TimeoutExpired:
        return None
    lines = [line for line in done.stdout.splitlines() if line.replace(".", "").isdigit()]
    return float(lines[-1]) if lines else None


def _missing(peers: Path) -> str:
    return f"peer not measured: `make bench NAME=sessions` installs it, --peers names {peers}"


async def _gateway_rows(*, calls: int, limited: int) -> list[Row]:
    rows = []
    for latency_s, goal in ((_LATENCY_S, ">= 95"), (5 * _LATENCY_S, "")):
        seconds, _ = await _through_gateway(calls, in_flight=_IN_FLIGHT, latency_s=latency_s)
        rows.append(
            own_row(
                f"{_IN_FLIGHT} calls of {latency_s:g} s in flight, of the ideal",
                100 * calls / _IN_FLIGHT * latency_s / seconds,
                goal=goal,
                unit="%",
                n=calls,
            )
        )
    _, requests = await _through_gateway(limited, in_flight=32, latency_s=0.05, per_s=40.0)
    return [
        *rows,
        own_row(
            "requests for a call under a rate limit",
            requests / limited,
            goal="<= 1.1",
            unit="requests",
            n=limited,
        ),
    ]


async def _through_gateway(count: int, *, in_flight: int, **limits: Any) -> tuple[float, int]:
    """Return the seconds that `count` calls took, and the requests that the server got."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "library")
        journal = Journal(store)
        journal.make_session("s", fingerprint="", count=0, source="")
        claim = journal.claims.take("s", "t")
        here = PayHere(journal.steps, process=claim.process)
        payer = PayThroughGateway(store, journal, otherwise=here)
        turns = asyncio.Semaphore(in_flight)
        with ModelServer(lambda request: "four", **limits) as server:
            author = OpenAIAuthor("m", base_url=server.url, api_key="k", max_retries=50)

            async def ask(number: int) -> None:
                message = Message(role="user", content=f"question {number}")
                request = Request(purpose=Purpose.ACT, task=Task("x"), messages=[message])
                place = Place(claim=claim, number=number, request=str(number))
                async with turns:
                    await payer.pay(place, author, request, most=_MOST)

            await ask(count)  # starts the gateway and opens the first connection
            before, started = server.requests, time.perf_counter()
            await asyncio.gather(*(ask(number) for number in range(count)))
            seconds, requests = time.perf_counter() - started, server.requests - before
        store.close()
    return seconds, requests


def _kill_rows(*, quick: bool) -> list[Row]:
    count, kills = (12, 4) if quick else (200, 100)
    rows: list[Row] = []
    for parallel, gateway_too in ((1, False), (8, False), (8, True)):
        with tempfile.TemporaryDirectory() as folder:
            found = run_kills(
                Path(folder),
                count=count,
                kills=kills,
                parallel=parallel,
                latency_s=0.3,
                gateway_too=gateway_too,
            )
        rows += _rows_of(found, parallel=parallel)
    return rows


def _rows_of(found: Kills, *, parallel: int) -> list[Row]:
    what = f"{parallel} in flight, {found.kills} kills"
    what += f", {found.gateway_kills} of the gateway too" if found.gateway_kills else ""
    figures = {
        "tasks lost or wrong": found.lost + found.wrong,
        "skills lost or doubled": found.doubled + found.skills_lost,
        "calls repeated and not in doubt": found.unlisted,
    }
    if not found.gateway_kills:
        figures["answers paid twice"] = found.paid_twice
        figures["tokens by which the ledger is wrong"] = abs(found.tokens - found.server_tokens)
    return [
        own_row(f"{name}: {what}", figure, goal="<= 0", unit="", n=found.kills)
        for name, figure in figures.items()
    ]
