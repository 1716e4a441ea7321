"""Does ordinary Python run in the sandbox as it does in plain CPython?

The peer is a plain `python` that runs the same programs in the same run. A program is the
same when every one of its actions prints the same, gives the same last value and ends with
the same type of error. Left out of the comparison: addresses, control characters, white
space at the ends of lines, warnings of the compiler. Programs on which plain CPython differs
from itself, run twice, are counted apart: they show the time, or numbers without a seed.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.report import Report, Row
from habilis.agent.parse import parse_reply
from habilis.skills.outcome import Outcome
from habilis.skills.sandbox.client import Limits, Worker

_DATA: Final = Path(__file__).parent / "data"
MODERN: Final = _DATA / "modern" / "programs.jsonl"
_SECONDS: Final = 10.0
_QUICK: Final = 12  # every twelfth program of the large sets
_SIDE_BY_SIDE: Final = 2
_SEED: Final = 0  # of hashes: sets print in the same order
_HOW: Final = "not measured: give --data FOLDER with "
_UNSTEADY: Final = "plain CPython differs from itself"
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}")
_COMPILER = re.compile(r"^(?:line \d+: )?SyntaxWarning: .*\n?", re.M)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # never shown, on purpose
_PLACE = re.compile(r"^line \d+: (?=\w+Warning: )", re.M)
_FAMILIES: Final = (
    {"ImportError", "ModuleNotFoundError"},  # not installed there, not allowed here
    {"SyntaxError", "IndentationError", "TabError"},
)
# Calls every function of a program with values of the types it is annotated with.
_CALLS: Final = """
import inspect, types
def _sample(text):
    for key, value in (("list", [3, 1, 2]), ("dict", {"a": 1}), ("tuple", (1, 2)),
                       ("str", "abc"), ("bool", True), ("float", 2.5), ("int", 3)):
        if key in text.lower(): return value
    return 4
for _name, _function in sorted(dict(globals()).items()):
    if isinstance(_function, types.FunctionType) and not _name.startswith("_"):
        _hints = _function.__annotations__
        _given = [_sample(str(_hints.get(p, ""))) for p in inspect.signature(_function).parameters]
        try: print(_name, _function(*_given))
        except Exception as _error: print(_name, type(_error).__name__)
"""


@dataclass(frozen=True, kw_only=True)
class Program:
    """Sources that run one after another in one session; `by_action` counts each of them."""

    name: str
    sources: Sequence[str]
    by_action: bool = False


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What one source did: what it printed, its last value, and the type of its error."""

    printed: str
    shown: str
    error: str


class Plain:
    """A process of plain CPython that runs programs until it is closed.

    It imports the modules `ahead` of all programs, which saves time where many need them.
    """

    def __init__(self, *ahead: str) -> None:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("plain.py")), *ahead],
            env={**kept, "PYTHONHASHSEED": str(_SEED), "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, program: Program) -> list[Seen]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps([_SECONDS, list(program.sources)]) + "\n")
        self._process.stdin.flush()
        return [Seen(**each) for each in json.loads(self._process.stdout.readline())]

    def close(self) -> None:
        self._process.communicate()


def run(data: Path, *, peers: Path, quick: bool) -> Report:
    """Return the shares; `data` holds the files that `SETS` names, or some of them."""
    causes: Counter[str] = Counter()
    rows = compatibility_rows(data, quick=quick, causes=causes)
    return Report(benchmark="compatibility", rows=rows, causes=causes)


def compatibility_rows(data: Path, *, quick: bool, causes: Counter[str]) -> list[Row]:
    """Return one row for each set and one for all; `causes` takes what differs."""
    rows, total = [], Counter[str]()
    for each in SETS:
        path = _find(data, each.file)
        programs = list(each.read(path)) if path is not None else []
        counts = _compare_all(each.name, programs[:: _QUICK if quick and each.large else 1], causes)
        total += counts
        rows.append(_row(each.name, each.goal, counts, note="" if programs else _HOW + each.file))
    rows.append(_row("all of these", ">= 97", total))
    return rows


def _find(data: Path, file: str) -> Path | None:
    places = (data / file, data / Path(file).name, _DATA / file)
    return next((path for path in places if path.is_file()), None)


def _row(name: str, goal: str, counts: Counter[str], note: str = "") -> Row:
    compared = counts["same"] + counts["differs"]
    unsteady = counts["unsteady"]
    if unsteady and not note:
        note = f"{unsteady} more differ in plain CPython from run to run"
    return Row(
        name=f"same as plain CPython: {name}",
        ours=100 * counts["same"] / compared if compared else None,
        peer=100.0 if compared else None,
        goal=goal,
        goal_is_about="ours",
        unit="%",
        n=compared,
        note=note,
    )


# The sets


def modern(path: Path) -> Iterator[Program]:
    for row in _lines(path):
        yield Program(name=row["name"], sources=[row["source"]])


def human_eval(path: Path) -> Iterator[Program]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            source = row["prompt"] + row["canonical_solution"] + "\n" + row["test"]
            call = f"check({row['entry_point']})\n'passed'"
            yield Program(name=row["task_id"], sources=[source, call])


def gold_tools(path: Path) -> Iterator[Program]:
    for row in _lines(path):
        source = re.sub(r"^```(?:python)?\n|\n?```$", "", row["gold_tool"].strip())
        yield Program(name=row["id"], sources=[source, _CALLS])


def trajectories(path: Path) -> Iterator[Program]:
    for row in _lines(path):
        replies = [parse_reply(str(turn["reply"])) for turn in row["turns"]]
        sources = [code for parsed in replies for code in parsed.code]
        if sources:
            yield Program(name=f"{row['model']} {row['task']}", sources=sources, by_action=True)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


@dataclass(frozen=True, kw_only=True)
class ProgramSet:
    """Programs of one kind, the file they lie in, and the share that has to be the same."""

    name: str
    goal: str
    file: str
    read: Callable[[Path], Iterator[Program]]
    large: bool = False


SETS: Final = (
    ProgramSet(
        name="modern-style programs", goal=">= 98", file="modern/programs.jsonl", read=modern
    ),
    ProgramSet(
        name="HumanEval's solutions",
        goal=">= 100",
        file="humaneval/HumanEval.jsonl.gz",  # of the repository openai/human-eval
        read=human_eval,
    ),
    ProgramSet(name="gold tools", goal=">= 97", file="creation.jsonl", read=gold_tools, large=True),
    ProgramSet(
        name="actions of recorded models",
        goal=">= 97",
        file="mint/trajectories.jsonl",
        read=trajectories,
        large=True,
    ),
)


# The comparison


def _compare_all(name: str, programs: Sequence[Program], causes: Counter[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    shares = [programs[start::_SIDE_BY_SIDE] for start in range(_SIDE_BY_SIDE)]
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        for verdicts in pool.map(_compare_share, shares):
            for program, differences in verdicts:
                judged = differences if program.by_action else [next(filter(None, differences), "")]
                for difference in judged:
                    counts[_kind(difference)] += 1
                    if difference:
                        causes[f"{name}: {program.name}: {difference}"] += 1
    return counts


def _kind(difference: str) -> str:
    if not difference:
        return "same"
    return "unsteady" if difference == _UNSTEADY else "differs"


def _compare_share(programs: Sequence[Program]) -> list[tuple[Program, list[str]]]:
    plain = Plain("numpy", "sympy", "scipy", "pandas")
    try:
        return [(program, differences(program, plain)) for program in programs]
    finally:
        plain.close()


def differences(program: Program, plain: Plain) -> list[str]:
    """Return what differs in each action, empty texts for nothing."""
    ours, theirs = _ours(program), plain.run(program)
    found = list(map(_difference, ours, theirs))
    found += ["one of the two stopped"] * (len(program.sources) - len(found))
    if not any(found):
        return found
    again = list(map(_difference, theirs, plain.run(program)))
    again += [""] * (len(found) - len(again))
    return [a and (_UNSTEADY if b else a) for a, b in zip(found, again, strict=True)]


def _ours(program: Program) -> list[Seen]:
    limits = Limits(action_s=_SECONDS)
    with Worker(limits=limits, hash_seed=_SEED) as worker:
        return [_seen(worker.run(source)) for source in program.sources]


def _seen(outcome: Outcome) -> Seen:
    shown = outcome.shown if outcome.error == "" else ""
    return Seen(printed=outcome.printed, shown=shown, error=_error_of(outcome))


def _error_of(outcome: Outcome) -> str:
    last = outcome.error.splitlines()[-1] if outcome.error else ""
    return f"{outcome.error_type} {last[:200]}" if last else ""


def _difference(ours: Seen, theirs: Seen) -> str:
    for part in ("error", "printed", "shown"):
        left, right = getattr(ours, part), getattr(theirs, part)
        if part == "error" and _same_error(left, right):
            continue
        left, right = (_normal(_COMPILER.sub("", text)) for text in (left, right))
        if left != right:
            return f"{part}: {_near(left, right)}"
    return ""


def _same_error(left: str, right: str) -> bool:
    a, b = (text.partition(" ")[0] for text in (left, right))
    return a == b or any({a, b} <= family for family in _FAMILIES)


def _normal(text: str) -> str:
    text = _CONTROL.sub("", _PLACE.sub("", _ADDRESS.sub("0x", text)))
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()


def _near(left: str, right: str) -> str:
    at = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), 0)
    start = max(at - 10, 0)
    return f"{left[start : start + 90]!r} here, {right[start : start + 60]!r} in plain CPython"
