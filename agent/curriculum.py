"""Tasks that a model proposes, one after another, each a little beyond what is solved.

Voyager's automatic curriculum (Wang et al., 2023), for functions: its agents found three
times as much with it as with tasks at random. A proposal's examples are its author's word:
they judge the task, but vouch for no skill (`Task.proposed`).
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from habilis.agent.observe import one_line
from habilis.agent.prompts import render
from habilis.agent.result import Result
from habilis.agent.task import Task
from habilis.agent.task_file import task_of
from habilis.errors import ConfigError, TaskFileError
from habilis.skills.skill import Skill

_EXAMPLES = 4  # that a proposal should have
_LEAST = 2
_SHOWN = 40  # of each list
_LINE_CHARS = 200
_NAME_CHARS = 60
_FAILED_CHARS = 700
_OPENS = re.compile(r"```(?:json)?\s*(?=\{)", re.IGNORECASE)
_CLOSES = re.compile(r"\}\s*```")
_DONE = re.compile(r"\W*DONE\W*")


@dataclass(frozen=True, kw_only=True)
class Curriculum:
    """A goal, and how many tasks may be proposed on the way to it.

    Given to a session instead of tasks, it has the agent's model propose them one by one.

    Raises:
        ConfigError: the goal is empty, or `most` is no number above 0.
    """

    goal: str
    most: int = 20

    def __post_init__(self) -> None:
        if not self.goal.strip():
            raise ConfigError("a curriculum needs a goal: say in a sentence what to learn")
        if isinstance(self.most, bool) or not isinstance(self.most, int) or self.most < 1:
            raise ConfigError(f"most={self.most!r} makes no sense: allow at least one task")


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A task that was proposed, and what became of it; None while it is worked on."""

    task: Task
    result: Result | None


class NoProposal(Exception):
    """A reply that holds no task; the text says why, for the model and for people."""


def curriculum_prompt(
    curriculum: Curriculum, tried: Sequence[Tried], skills: Sequence[Skill]
) -> str:
    """Return what a model is asked for the next task."""
    ended = [(each, each.result) for each in tried if each.result is not None]
    solved = [each for each, result in ended if result.solved]
    failed = [each for each, result in ended if not result.solved]
    begun = [each for each in tried if each.result is None]
    return render(
        "curriculum",
        goal=one_line(curriculum.goal, 10 * _LINE_CHARS),
        skills=[one_line(skill.card, _LINE_CHARS) for skill in skills[-_SHOWN:]],
        solved=[_line(each) for each in solved[-_SHOWN:]],
        failed=[_line(each) for each in failed[-_SHOWN:]],
        begun=[_line(each) for each in begun[-_SHOWN:]],
        examples=_EXAMPLES,
    )


def read_proposal(text: str, tried: Sequence[Tried]) -> Task | None:
    """Return the task that a reply proposes; None when it says that nothing is left.

    Raises:
        NoProposal: it proposes none, one that cannot be judged, or one that was tried.
    """
    if _DONE.fullmatch(text.strip().rpartition("\n")[2]):
        return None
    blocks = _blocks(text) or ([text] if text.lstrip().startswith("{") else [])
    if not blocks:
        raise NoProposal("the reply holds no block of JSON")
    try:
        task = _proposed(task_of(_as_json(blocks[-1]), Path("proposal"), 1))
    except TaskFileError as error:
        raise NoProposal(error.problem) from None
    if len(task.examples) < _LEAST:
        raise NoProposal(f"a task needs at least {_LEAST} examples")
    if task.files or task.checks or task.inputs:
        raise NoProposal("a task is an instruction and examples, nothing else")
    for each in tried:
        failed = each.result is not None and not each.result.solved
        again = _plain(each.task.instruction) == _plain(task.instruction)
        if again and (not failed or each.task.examples == task.examples):
            how = "failed, with the same examples" if failed else "was solved, or is worked on"
            raise NoProposal(f"this task was proposed before as {each.task.name!r} and {how}")
    return task


def _blocks(text: str) -> list[str]:
    """Return the objects that stand between fences, in time that grows with the text's length.

    One expression for both fences would look for an end from every beginning, again and again.
    """
    blocks, at = list[str](), 0
    while (begin := _OPENS.search(text, at)) and (end := _CLOSES.search(text, begin.end())):
        blocks.append(text[begin.end() : end.start() + 1])
        at = end.end()
    return blocks


def _as_json(text: str) -> str:
    """Return JSON for what was written as Python has it: None, True, single quotes."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        with suppress(ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return json.dumps(ast.literal_eval(text))
    return text


def task_to_json(task: Task) -> str:
    """Return a proposed task as text that `task_from_json` reads."""
    examples = [[list(example.inputs), example.output] for example in task.examples]
    return json.dumps({"instruction": task.instruction, "name": task.name, "examples": examples})


def task_from_json(text: str) -> Task:
    """Return the task that `task_to_json` wrote."""
    return _proposed(task_of(text, Path("journal"), 1))


def _proposed(task: Task) -> Task:
    """Return a task under an id that people can read and no other proposal has."""
    task = replace(task, id="", proposed=True, attempts=Task.attempts)
    name = one_line(task.name, _NAME_CHARS)
    return replace(task, id=f"{name}-{task.key[:6]}") if name else task


def _line(tried: Tried) -> str:
    result, text = tried.result, f"{tried.task.name}: {tried.task.instruction}"
    if result is None:
        return one_line(text, _LINE_CHARS)
    if not result.solved:
        return one_line(f"{one_line(text, _LINE_CHARS)} What came: {result.detail}", _FAILED_CHARS)
    kept = result.skills_made or result.skills_used
    return one_line(text, _LINE_CHARS) + ("" if kept else " (no tool of it was kept)")


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))
