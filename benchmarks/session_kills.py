"""A session is killed at random moments, again and again, until it is finished all the same."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks.model_server import ModelServer
from benchmarks.session_driver import NAME, library, reply, rows_of, skill_of, table_of, tasks
from habilis.memory.journal_ledger import scope_of
from habilis.memory.opening import open_store

ROOT = Path(__file__).parent.parent
_FINISH_S = 600.0


@dataclass(frozen=True, kw_only=True)
class Kills:
    """What came of a session that was killed `kills` times.

    `wrong` counts finished tasks with another result than undisturbed, `doubled` skills
    with more than one version, `unlisted` answers paid twice that are not in doubt.
    """

    kills: int
    gateway_kills: int
    lost: int
    wrong: int
    skills_lost: int
    doubled: int
    paid_twice: int
    unlisted: int
    in_doubt: int
    tokens: int
    server_tokens: int
    effects_repeated: int
    problems: tuple[str, ...]


def run_kills(
    folder: Path,
    *,
    count: int,
    kills: int,
    parallel: int,
    latency_s: float,
    gateway_too: bool = False,
    seed: int = 0,
    longest_s: float = 2.0,
    address: str = "",
) -> Kills:
    """Run `count` tasks, kill the session `kills` times, then let it finish; look at the rest.

    The library is made in `folder`, or at the `address`.
    """
    chance = random.Random(seed)
    shelf = address or str(folder / "library")
    gateways, done = 0, 0
    with ModelServer(reply, latency_s=latency_s) as server:
        command = [sys.executable, "-m", "benchmarks.session_driver", shelf, server.url]
        command += [str(count), str(parallel), str(folder / "effects")]
        while done < kills:
            if _ran_until(command, chance.uniform(0, longest_s)):
                break
            done += 1
            if gateway_too:
                gateways += _kill_gateway(shelf)
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, timeout=_FINISH_S)
        effects = Counter((folder / "effects").read_text().split())
        return _outcome(shelf, server, effects, count=count, kills=done, gateways=gateways)


def _ran_until(command: list[str], seconds: float) -> bool:
    """Start the session, kill it so long after its first event; True if it ended before."""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        if not process.stdout.readline():
            return process.wait() == 0
        timer = threading.Timer(seconds, process.kill)
        timer.start()
        process.stdout.read()
        code = process.wait()
        timer.cancel()
    if code not in (0, -signal.SIGKILL):
        raise RuntimeError(f"the session ended with {code}")
    return code == 0


def _kill_gateway(address: str) -> int:
    store = open_store(address, read_only=True)
    try:
        pids = [row[0] for row in store.rows("SELECT pid FROM process")]
    finally:
        store.close()
    killed = 0
    for pid in pids:
        if b"habilis.agent.gateway" in _command_line(pid):
            os.kill(pid, signal.SIGKILL)
            killed += 1
            while _command_line(pid):
                time.sleep(0.01)
    return killed


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _outcome(
    address: str,
    server: ModelServer,
    effects: Counter[str],
    *,
    count: int,
    kills: int,
    gateways: int,
) -> Kills:
    with library(address) as shelf:
        journal = shelf.journal
        results = journal.finished(NAME)
        wanted = {task.key: task.checks[0].value for task in tasks(count)}
        right = {key: f'"answer": {value}, "answered": true' for key, value in wanted.items()}
        skills = shelf.skills()
        wanted_skills = {skill_of(number) for number in rows_of(count)}
        doubts = Counter(step.task for step in journal.steps.in_doubt(NAME))
        twice = Counter(f"t{table_of(messages)}" for messages in server.paid_again)
        account = journal.ledger.account(scope_of(NAME))
        return Kills(
            kills=kills,
            gateway_kills=gateways,
            lost=len(wanted.keys() - results.keys()),
            wrong=sum(right[key] not in text for key, text in results.items()),
            skills_lost=len(wanted_skills - {skill.name for skill in skills}),
            doubled=sum(len(shelf.history(skill.name)) > 1 for skill in skills),
            paid_twice=server.paid_twice,
            unlisted=sum((twice - doubts).values()),
            in_doubt=sum(doubts.values()),
            tokens=account.tokens,
            server_tokens=server.tokens,
            effects_repeated=sum(effects.values()) - len(effects),
            problems=tuple(shelf.check()),
        )
