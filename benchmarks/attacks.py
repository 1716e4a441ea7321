"""Attacks on the sandbox as rows of data, and the targets they are aimed at.

A row is `{"name", "must_not", "code"}`. Names in braces in the code, such as
`{SECRET_FILE}`, are replaced by those of targets that are made for the run and belong to
it alone. An attack that gained what it must not prints PWNED; what it really did to the
targets is looked at as well, and counts more.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from habilis.skills.outcome import Outcome, OutcomeKind
from habilis.skills.sandbox.client import Limits, Worker
from habilis.skills.sandbox.nursery import zygote_for

_WORD: Final = "PWNED"
_LINGER_S: Final = 2.0  # a zygote that starts tries its jail in a child
_LIMITS: Final = Limits(action_s=2.0, memory_bytes=512 * 2**20)
_SECRET: Final = "tok-" + "4f1c9a-aim-of-the-attacks"
_CHANNEL: Final = """
import os as _os, stat as _stat
def _is_socket(n):
    try: return _stat.S_ISSOCK(_os.fstat(n).st_mode)
    except OSError: return False
SOCK_FD = next(filter(_is_socket, range(3, 64)), -1)
"""


class Verdict(StrEnum):
    """What became of an attack. Only the last is a hole."""

    REFUSED = "refused by the policy"
    RAISED = "raised an error"
    STOPPED = "stopped at a limit"
    DIED = "its process died"
    HARMLESS = "ran, nothing gained"
    GOT_THROUGH = "got through"


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One row. Raw ones are meant for the jail alone: there the word counts too."""

    name: str
    must_not: str
    code: str

    @property
    def raw(self) -> bool:
        return self.name.startswith("raw/")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The verdict on one attack, with what speaks for it."""

    attack: Attack
    verdict: Verdict
    evidence: str


class UnguardedWorker(Worker):
    """A worker without the policy: what the jail has to hold alone."""

    _policy = False


def read_attacks(path: Path) -> list[Attack]:
    """Return the rows of a JSON Lines file."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    return [Attack(**{key: row[key] for key in ("name", "must_not", "code")}) for row in rows]


class Targets:
    """A secret file, a process, two servers and an environment variable, all made up."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._secret = folder / "secret.txt"
        self._out = folder / "written.txt"
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self._local = socket.socket(socket.AF_UNIX)
        self._local.bind(str(folder / "socket"))
        self._local.listen()
        self._victim: subprocess.Popen[bytes] | None = None
        self.restore()

    @property
    def names(self) -> Mapping[str, str]:
        assert self._victim is not None
        return {
            "{SECRET_FILE}": str(self._secret),
            "{OUT_FILE}": str(self._out),
            "{UNIX}": str(self._folder / "socket"),
            "{PORT}": str(self._tcp.getsockname()[1]),
            "{PARENT}": str(os.getpid()),
            "{VICTIM}": str(self._victim.pid),
        }

    def harm(self) -> str:
        """Say what was done to the targets since they were restored; empty for nothing."""
        assert self._victim is not None
        found = []
        if self._victim.poll() is not None:
            found.append("a process was killed")
        there = {path.name for path in self._folder.iterdir()}
        if "secret.txt" not in there or self._state() != self._state_before:
            found.append("a file outside was changed")
        if there - {"secret.txt", "socket"}:
            found.append("a file was made outside")
        if select.select([self._tcp, self._local], [], [], 0)[0]:
            found.append("a connection was made")
        return ", ".join(found)

    def restore(self) -> None:
        for path in self._folder.iterdir():
            if path.is_dir():
                path.rmdir()
            elif path.name != "socket":
                path.unlink()
        self._secret.write_text(_SECRET)
        self._state_before = self._state()
        for server in (self._tcp, self._local):
            while select.select([server], [], [], 0)[0]:
                server.accept()[0].close()
        if self._victim is None or self._victim.poll() is not None:
            waits = "import sys; sys.stdin.read()"
            self.close_victim()
            self._victim = subprocess.Popen([sys.executable, "-c", waits], stdin=subprocess.PIPE)

    def _state(self) -> tuple[str, int, int]:
        status = self._secret.stat()
        return self._secret.read_text(), status.st_mode, status.st_mtime_ns

    def close_victim(self) -> None:
        if self._victim is not None:
            self._victim.kill()
            self._victim.communicate()

    def close(self) -> None:
        self.close_victim()
        self._tcp.close()
        self._local.close()


@contextlib.contextmanager
def targets() -> Iterator[Targets]:
    """Make the targets, with the secret in our own environment too, and remove them after."""
    with tempfile.TemporaryDirectory(prefix="habilis-aim-") as folder:
        made = Targets(Path(folder))
        os.environ["SECRET_TOKEN"] = _SECRET
        try:
            yield made
        finally:
            del os.environ["SECRET_TOKEN"]
            made.close()


def attack_once(attack: Attack, aim: Targets, *, policy: bool) -> Seen:
    """Run one attack in a worker of its own, then an honest action, and judge both."""
    code = attack.code
    for name, value in aim.names.items():
        code = code.replace(name, value)
    if not policy and "SOCK_FD" in code:
        code = _CHANNEL + code
    kind = Worker if policy else UnguardedWorker
    zygote_for(None)
    children = descendants()
    with kind(limits=_LIMITS) as worker:
        outcome = worker.run(code)
        worker._policy = True
        honest = worker.run("6 * 7")
        if honest.kind is OutcomeKind.LOST:
            honest = worker.run("6 * 7")
    gained = [aim.harm()]
    said = f"{outcome.printed}{outcome.shown}{outcome.value!r}{outcome.answer!r}"
    if _SECRET in said + outcome.error:
        gained.append("a secret was read")
    if _WORD in said and (policy or attack.raw):
        gained.append("it says so")
    if honest.value != 42:
        gained.append(f"the next action gave {honest.value!r} {honest.error}")
    if _outlived(children):
        gained.append("a process outlived its worker")
    aim.restore()
    evidence = ", ".join(filter(None, gained))
    if evidence:
        return Seen(attack=attack, verdict=Verdict.GOT_THROUGH, evidence=evidence)
    return Seen(attack=attack, verdict=_verdict(outcome), evidence=outcome.error or outcome.printed)


def _verdict(outcome: Outcome) -> Verdict:
    match outcome.kind:
        case OutcomeKind.OK:
            return Verdict.HARMLESS
        case OutcomeKind.REFUSED:
            return Verdict.REFUSED
        case OutcomeKind.RAISED:
            return Verdict.RAISED
        case OutcomeKind.KILLED | OutcomeKind.LOST:
            return Verdict.DIED
    return Verdict.STOPPED


def _outlived(before: set[int]) -> bool:
    """Whether a process below us is new and stays, other than a zygote that had to be started."""
    deadline = time.monotonic() + _LINGER_S
    while new := _new_processes(before):
        if time.monotonic() > deadline:
            return bool(new)
    return False


def _new_processes(before: set[int]) -> set[int]:
    parents = _parents()
    zygotes = {pid for pid, parent in parents.items() if parent == os.getpid() and _is_zygote(pid)}
    new = descendants(parents) - before - zygotes
    if zygote_for(None).tier == "full":  # each has an inner process, the parent of the workers
        new = {pid for pid in new if parents[pid] not in zygotes}
    return new


def _is_zygote(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return b"zygote.py" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def descendants(parents: Mapping[int, int] | None = None) -> set[int]:
    """Return the ids of all processes below this one."""
    parents = _parents() if parents is None else parents
    found = {os.getpid()}
    while True:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        if not more:
            return found - {os.getpid()}
        found |= more


def _parents() -> dict[int, int]:
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):  # it has ended
                after_name = (folder / "stat").read_text().rpartition(")")[2]
                found[int(folder.name)] = int(after_name.split()[1])
    return found
