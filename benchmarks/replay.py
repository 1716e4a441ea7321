"""What eight models once wrote goes turn by turn through our loop and worker.

The models' replies are fixed text, so this measures parsing, running and checking, no
prompt. A recorded reply goes in as it is, except one that holds actions *and* a solution:
the model then wrote several turns at once, with observations it made up, and the recorder
judged the solution without running anything. Such a reply is played as those turns.

Trajectories "succeeded then" where the recording says so and our stricter checks find its
last answer right; the others are counted as causes. Actions are compared where the
recorder ran them; see `benchmarks/recorded.py` for the rules.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.grading import is_right
from benchmarks.recorded import cause_in_recording, prints_the_same, recorded_text
from benchmarks.report import Report, Row
from habilis import Agent, Budget, Limits, Satisfies, ScriptedAuthor, Task
from habilis.agent.judge import value_of_text
from habilis.agent.parse import parse_reply
from habilis.agent.result import Result

_QUICK = 12  # every twelfth trajectory
_SIDE_BY_SIDE = 2
_PIECE = re.compile(r"(?<=</execute>)")
_NO_PYTHON = re.compile(r"SyntaxError|IndentationError|TabError")
_NEXT_TURN = re.compile(r"<(?:thought|execute|solution)>")


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A reply as it is played. `observation` is what was recorded, None if nothing ran."""

    reply: str
    observation: str | None


@dataclass(frozen=True, kw_only=True)
class Played:
    """One trajectory, played again."""

    succeeded: bool  # by the recording
    sound: bool  # by our checks of the recording's last answer
    again: bool
    stop_reason: str
    actions: Counter[str]


def run(data: Path, *, peers: Path, quick: bool) -> Report:
    """Play every trajectory (or a sample) and report both shares and all causes."""
    folder = data if (data / "trajectories.jsonl").exists() else data / "mint"
    if not (folder / "trajectories.jsonl").exists():
        return _report([])
    tasks = {row["id"]: row for row in _lines(folder / "tasks.jsonl")}
    rows = list(_lines(folder / "trajectories.jsonl"))[:: _QUICK if quick else 1]
    played = asyncio.run(_play_all(rows, tasks))
    return _report(played)


async def _play_all(
    rows: Sequence[Mapping[str, Any]], tasks: Mapping[str, Mapping[str, Any]]
) -> list[Played]:
    slots = asyncio.Semaphore(_SIDE_BY_SIDE)

    async def one(row: Mapping[str, Any]) -> Played:
        async with slots:
            return await _play(row, tasks[row["task"]])

    return await asyncio.gather(*map(one, rows))


async def _play(row: Mapping[str, Any], task: Mapping[str, Any]) -> Played:
    turns = list(_turns(row["turns"]))
    author = ScriptedAuthor([turn.reply for turn in turns])

    def wikipedia_search(query: str) -> str:
        """Search Wikipedia (the recording's tool: it gives what was recorded then)."""
        return recorded_text(turns[len(author.requests) - 1].observation or "")

    def right(answer: object) -> bool:
        return is_right(task, answer)

    agent = Agent(
        author,
        budget=Budget(steps=None),
        limits=Limits(action_s=20),
    )
    result = await agent.run(
        Task(
            str(task["prompt"]),
            id=str(task["id"]),
            checks=(Satisfies(right),),
            tools=(wikipedia_search,),
            attempts=len(turns) + 1,
        )
    )
    sound = await asyncio.to_thread(_recorded_answer_is_right, row, task)
    return Played(
        succeeded=bool(row["success"]),
        sound=sound,
        again=result.solved is True,
        stop_reason=result.stop_reason.value,
        actions=_compare(turns, result),
    )


def _turns(recorded: Sequence[Mapping[str, Any]]) -> Iterator[Turn]:
    for turn in recorded:
        reply, observation = str(turn["reply"]), turn["observation"]
        if "<execute>" in reply and "<solution>" in reply:
            for piece in _PIECE.split(reply):
                start = _NEXT_TURN.search(piece)
                if start:
                    yield Turn(reply=piece[start.start() :], observation=None)
            continue
        ran = (
            observation is not None
            and "<execute>" in reply
            and "Your answer is" not in observation
            and not observation.startswith("I don't understand your input")
        )
        yield Turn(reply=reply, observation=str(observation) if ran else None)


def _compare(turns: Sequence[Turn], result: Result) -> Counter[str]:
    found: Counter[str] = Counter()
    for turn, step in zip(turns, result.steps, strict=False):
        if turn.observation is None:
            continue
        if step.outcome is None:  # refused before it ran, as Python refused it then
            refused = "does not parse" in step.observation
            same = refused and bool(_NO_PYTHON.search(turn.observation))
            found["same" if same else "differs: our loop ran nothing"] += 1
            continue
        cause = cause_in_recording(turn.observation, step.source, step.outcome.error)
        if "search tool" in cause:
            found[f"left out: {cause}"] += 1
        elif prints_the_same(turn.observation, step.outcome):
            found["same"] += 1
        elif cause:
            found[f"left out: {cause}"] += 1
        else:
            found[f"differs: {step.outcome.kind.value}"] += 1
    return found


def _recorded_answer_is_right(row: Mapping[str, Any], task: Mapping[str, Any]) -> bool:
    if not row["success"]:
        return False
    answers = re.findall(r"<solution>(.*?)</solution>", row["turns"][-1]["reply"], re.S)
    if not answers:
        parsed = parse_reply(row["turns"][-1]["reply"])
        answers = [text for text in (parsed.solution, parsed.answer) if text]
    return any(
        is_right(task, value_of_text(text)) or is_right(task, text.strip()) for text in answers
    )


def _report(played: Sequence[Played]) -> Report:
    then = [p for p in played if p.succeeded]
    sound = [p for p in then if p.sound]
    again = sum(p.again for p in sound)
    actions: Counter[str] = sum((p.actions for p in played), Counter())
    same = actions["same"]
    compared = same + sum(n for cause, n in actions.items() if cause.startswith("differs"))
    raw = compared + sum(n for cause, n in actions.items() if cause.startswith("left out"))
    causes = {f"action {cause}": n for cause, n in actions.items() if cause != "same"}
    causes["trajectory left out: its recorded answer is wrong by our checks"] = len(then) - len(
        sound
    )
    for p in sound:
        if not p.again:
            key = f"trajectory differs: stopped by {p.stop_reason}"
            causes[key] = causes.get(key, 0) + 1
    return Report(
        benchmark="replay",
        rows=(
            _share("succeed again, of sound successes", again, len(sound), goal=">= 97"),
            _share(
                "succeed again, of all recorded successes", sum(p.again for p in then), len(then)
            ),
            _share("actions that print the same", same, compared, goal=">= 95"),
            _share("actions that print the same, nothing left out", same, raw),
        ),
        causes=causes,
    )


def _share(name: str, part: int, whole: int, *, goal: str = "") -> Row:
    return Row(
        name=name,
        ours=100 * part / whole if whole else None,
        peer=100.0,
        goal=goal,
        goal_is_about="ours",
        unit="% (peer: the recording)",
        n=whole,
        note="" if whole else "not measured: give --data FOLDER with tasks and trajectories",
    )


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
