"""Power cuts, simulated: what a session wrote is replayed up to a random moment.

strace records each write, each wait for the disk and each acknowledgement of a session. At
a cut, what a wait had made safe is on the disk; of all other writes each is there, is
missing, or is there in part, at random. Names of files are taken to be safe at once.
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import Row, own_row
from benchmarks.session_driver import NAME, library
from habilis.memory.journal_ledger import scope_of
from habilis.memory.step import StepKind, StepState

_ROOT = Path(__file__).parent.parent
_CALLS = "write,pwrite64,fsync,fdatasync,ftruncate,unlink"
_LINE = re.compile(r"^\d+ +(?P<call>\w+)\((?:(?P<fd>\d+)<(?P<path>[^>]*)>)?")
_ENDED = re.compile(r"^(?P<pid>\d+) +<\.\.\. \w+ resumed>")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_NUMBER = re.compile(r", (\d+)(?:\)| <unfinished)")


@dataclass(frozen=True, kw_only=True)
class Act:
    """What a process did: write, cut (shorten), sync, remove; or say, with `data` as its words.

    `begun` is how many acts had ended when it began: a wait makes safe what was written
    before it.
    """

    what: str
    path: str = ""
    at: int = 0
    data: bytes = b""
    begun: int = 0


@dataclass(frozen=True, kw_only=True)
class Cuts:
    """What came of a session's `cuts`. `lost` counts cuts that lost something acknowledged."""

    cuts: int
    acknowledged: int
    syncs: int
    lost: int
    damaged: int
    uneven: int  # cuts after which the account was not the sum of the steps


def record(folder: Path, *, count: int, parallel: int, synchronous: str = "") -> list[Act]:
    """Run a session of `count` tasks in `folder` under strace; return what it did."""
    trace = folder / "trace"
    command = ["strace", "-f", "-y", "-xx", "-s", "2000000", "-e", f"trace={_CALLS}"]
    command += ["-o", str(trace), sys.executable, "-m", "benchmarks.power_driver"]
    command += [str(folder / "library"), str(count), str(parallel)]
    command += [synchronous] if synchronous else []
    subprocess.run(command, cwd=_ROOT, check=True, stdout=subprocess.DEVNULL)
    with trace.open() as lines:
        return list(_acts(lines, f"{folder / 'library'}/habilis.db"))


def cut_power(past: Sequence[Act], folder: Path, chance: random.Random) -> Counter[str]:
    """Leave in `folder` what a cut after these acts leaves; return what was acknowledged."""
    said = Counter[str]()
    synced: dict[str, int] = {}
    for act in past:
        if act.what == "sync":
            synced[act.path] = max(act.begun, synced.get(act.path, 0))
        elif act.what == "say":
            said[act.data.decode().strip()] += 1
    files = {"habilis.db": bytearray()}
    for number, act in enumerate(past):
        if act.what == "remove":
            files.pop(Path(act.path).name, None)
        elif act.what in ("write", "cut"):
            file = files.setdefault(Path(act.path).name, bytearray())
            _apply(act, file, safe=number < synced.get(act.path, 0), chance=chance)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return said


def run_cuts(*, count: int, cuts: int, parallel: int, synchronous: str = "", seed: int = 0) -> Cuts:
    """Cut the power of a session at `cuts` random moments; look what is left each time."""
    chance, found = random.Random(seed), Counter[str]()
    with tempfile.TemporaryDirectory() as scratch:
        acts = record(Path(scratch), count=count, parallel=parallel, synchronous=synchronous)
        for number in range(cuts):
            folder = Path(scratch) / f"cut{number}"
            folder.mkdir()
            said = cut_power(acts[: chance.randrange(len(acts) + 1)], folder, chance)
            found.update(_look(folder, said))
    return Cuts(
        cuts=cuts,
        acknowledged=sum(act.what == "say" for act in acts),
        syncs=sum(act.what == "sync" for act in acts),
        **{what: found[what] for what in ("lost", "damaged", "uneven")},
    )


def power_rows(*, count: int, cuts: int) -> list[Row]:
    """Return how many cuts lose what was acknowledged, and with less waiting for the disk."""
    if shutil.which("strace") is None:
        return [_row("lost commits", None, cuts, "not measured: needs strace")]
    sound = run_cuts(count=count, cuts=cuts, parallel=4)
    control = run_cuts(count=count, cuts=cuts, parallel=4, synchronous="NORMAL")
    note = f"{sound.acknowledged} acknowledgements; with synchronous=NORMAL {control.lost} cuts do"
    return [
        _row("lose something acknowledged", sound.lost, cuts, note),
        _row("damage the file, or leave sums that do not fit", sound.damaged + sound.uneven, cuts),
    ]


def _row(what: str, ours: float | None, cuts: int, note: str = "") -> Row:
    return own_row(f"power cuts that {what}", ours, goal="<= 0", unit="", n=cuts, note=note)


def _look(folder: Path, said: Counter[str]) -> Iterator[str]:
    """Yield what is wrong with a library that was left so."""
    with library(folder) as shelf:
        journal = shelf.journal
        steps = journal.steps.of_session(NAME)
        done = [step for step in steps if step.state is StepState.DONE]
        replies = [step.task for step in done if step.kind is StepKind.REPLY]
        held = Counter(f"finished {key}" for key in journal.finished_keys(NAME))
        held.update(f"kept {skill.name}" for skill in shelf.skills())
        held.update(f"replied {task}" for task in replies)
        if said - held:
            yield "lost"
        account = journal.ledger.account(scope_of(NAME))
        actions = sum(step.kind is StepKind.ACTION for step in done)
        if (account.steps, account.tokens) != (actions, sum(step.cost.tokens for step in done)):
            yield "uneven"
        if shelf.store.rows("PRAGMA integrity_check")[0][0] != "ok" or shelf.check():
            yield "damaged"


def _apply(act: Act, file: bytearray, *, safe: bool, chance: random.Random) -> None:
    if act.what == "cut":
        del file[act.at :]
        return
    data = act.data
    if not safe:
        data = data[: chance.choice((0, len(data), chance.randrange(len(data) + 1)))]
    if len(file) < act.at + len(data):
        file.extend(bytes(act.at + len(data) - len(file)))
    file[act.at : act.at + len(data)] = data


def _acts(lines: Iterator[str], file: str) -> Iterator[Act]:
    """Yield what was done to the file and its companions, in the order in which it ended."""
    under_way: dict[str, tuple[str, int]] = {}
    ended = 0
    for line in lines:
        begun = ended
        if found := _ENDED.match(line):
            line, begun = under_way.pop(found["pid"], ("", 0))
        elif line.endswith("<unfinished ...>\n"):
            under_way[line.split(" ")[0]] = (line, ended)
            continue
        act = _act(line, file, begun)
        if act is not None:
            ended += 1
            yield act


def _act(line: str, file: str, begun: int) -> Act | None:
    found = _LINE.match(line)
    if found is None or " = -1 " in line:
        return None
    call, texts = found["call"], [bytes.fromhex(t.replace("\\x", "")) for t in _TEXT.findall(line)]
    if call == "unlink":
        name = texts[0].decode()
        ours = name.startswith(file) and not name.endswith("-shm")
        return Act(what="remove", path=name, begun=begun) if ours else None
    if call == "write" and found["fd"] == "1":
        return Act(what="say", data=texts[0], begun=begun)
    path = bytes.fromhex((found["path"] or "").replace("\\x", "")).decode()
    if not path.startswith(file) or path.endswith("-shm"):
        return None
    if call in ("fsync", "fdatasync"):
        return Act(what="sync", path=path, begun=begun)
    at = int(_NUMBER.findall(line)[-1])
    if call == "ftruncate":
        return Act(what="cut", path=path, at=at, begun=begun)
    if call == "pwrite64":
        return Act(what="write", path=path, at=at, data=texts[0], begun=begun)
    raise ValueError(f"a write without a place: {line[:200]}")
