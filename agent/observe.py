"""What the author is shown: the task, its inputs, and what came back from an action."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from habilis.agent.author import Message
from habilis.agent.prompts import render
from habilis.agent.task import Task
from habilis.skills.compare import shorten, show
from habilis.skills.outcome import Outcome, OutcomeKind
from habilis.skills.skill import Skill, SkillState

_SHOWN_CHARS = 4_000  # of what an action printed; the middle is cut
_VALUE_CHARS = 400
_HEAD_LINES, _HEAD_CHARS = 3, 300
_MODULES = ("numpy", "pandas", "scipy", "sympy")


def opening(
    task: Task,
    *,
    skills: Sequence[Skill],
    tools: Iterable[Callable[..., object]],
    can_search: bool,
    instructions: str,
    modules: Sequence[str] = _MODULES,
) -> list[Message]:
    """Return the first two messages: how to work, and the task."""
    wants_function = bool(task.examples)
    system = render(
        "system",
        wants_function=wants_function,
        output_type=_type_name(task.output_type),
        modules=", ".join(modules),
        tools=[describe_tool(tool) for tool in tools],
        skills=[describe_skill(skill) for skill in skills],
        can_search=can_search,
        instructions=instructions,
    )
    shown = render(
        "task",
        instruction=task.instruction.strip(),
        inputs=[describe_input(name, value) for name, value in task.inputs.items()],
        files=[describe_file(path) for path in task.files],
        examples=[
            f"{_call(task, example.inputs)} == {show(example.output, _VALUE_CHARS)}"
            for example in task.examples
        ],
    )
    return [Message(role="system", content=system), Message(role="user", content=shown)]


def observation(outcome: Outcome, *, steps_left: int | None, verdict: str = "") -> str:
    """Return what the author sees of an outcome; the last steps are announced."""
    ran = outcome.ok and not verdict
    return render(
        "observation",
        refused=outcome.kind is OutcomeKind.REFUSED,
        printed=shorten(outcome.printed.rstrip(), _SHOWN_CHARS),
        shown=shorten(outcome.shown, _SHOWN_CHARS),
        error=shorten(outcome.error.rstrip(), _SHOWN_CHARS),
        rolled_back=outcome.rolled_back,
        variables_lost=outcome.variables_lost,
        verdict=verdict,
        silent=ran and not outcome.printed.strip() and not outcome.shown,
        steps_left=steps_left if steps_left is not None and steps_left <= 3 else None,
    )


def describe_tool(tool: Callable[..., object]) -> str:
    """Return `name(signature): first line of the docstring`."""
    doc = (inspect.getdoc(tool) or "").split("\n")[0]
    signature: inspect.Signature | str
    try:
        signature = inspect.signature(tool, eval_str=True)
    except Exception:  # noqa: BLE001 - an annotation may be any expression, and raise anything
        signature = _bare_signature(tool)
    line = f"{tool.__name__}{signature}"
    return one_line(f"{line}: {doc}" if doc else line, 300)


def _bare_signature(tool: Callable[..., object]) -> inspect.Signature | str:
    try:
        return inspect.signature(tool)
    except (TypeError, ValueError):  # built-in functions may have none
        return "(...)"


def card_of(skill: Skill) -> str:
    """Return the skill's card, marked with its state where that is not active."""
    mark = "" if skill.state is SkillState.ACTIVE else f" ({skill.state.value})"
    return one_line(skill.card, 300) + mark


def describe_skill(skill: Skill) -> str:
    """Return the skill's card with one of its cases, which shows the form of the arguments."""
    card = card_of(skill)
    for case in skill.cases[:1]:
        given = [show(value) for value in case.arguments]
        given += [f"{name}={show(value)}" for name, value in case.keywords.items()]
        example = f"{skill.name}({', '.join(given)}) == {show(case.expected)}"
        card += f"  # {one_line(example, 200)}"
    return card


def describe_input(name: str, value: object) -> str:
    """Return `name: type = value`, the value shortened."""
    size = f" of {len(value)}" if isinstance(value, list | dict | Mapping | tuple | set) else ""
    return f"`{name}`: {type(value).__name__}{size} = {show(value, _VALUE_CHARS)}"


def describe_file(path: Path) -> str:
    """Return the file's name, size and, of a text, the first lines."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_HEAD_CHARS)
    try:
        text = head.decode("utf-8-sig", errors="strict" if size <= _HEAD_CHARS else "ignore")
    except UnicodeDecodeError:
        text = ""
    lines = text.splitlines()[:_HEAD_LINES] if "\0" not in text else []
    begins = "; begins:\n" + "\n".join(f"      {line}" for line in lines) if lines else ""
    return f"`{path.name}` ({size:,} bytes){begins}"


def one_line(text: str, limit: int) -> str:
    """Return untrusted text as one plain line: names and docstrings are data to a model."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return shorten(plain.replace("`", "'"), limit)


def fenced(text: str) -> str:
    """Return untrusted code as it can stand in a fenced block: it cannot end it, or hide."""
    shown = "".join(c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text)
    return shown.replace("`", "'")


def _call(task: Task, inputs: Sequence[object]) -> str:
    given = ", ".join(show(value, _VALUE_CHARS) for value in inputs)
    return f"{task.name or 'the_function'}({given})"


def _type_name(output_type: Any) -> str:
    if output_type is None:
        return ""
    from pydantic import TypeAdapter

    schema = TypeAdapter(output_type).json_schema()
    name = getattr(output_type, "__name__", str(output_type))
    return name if schema.get("type") != "object" else f"a dict for {name}: {schema}"
