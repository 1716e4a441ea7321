"""What is sent to an engine, packed: the agent once, each task by itself.

Pickle, because tools and checks are functions. Whoever may send jobs to an engine runs
code on it anyway; nothing that comes back is unpacked. Keys never are in a parcel.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from habilis.agent.task import Task
from habilis.errors import SessionError

if TYPE_CHECKING:
    from habilis.agent.agent import Agent


def pack_agent(agent: Agent) -> bytes:
    """Return an agent as another process can make it again.

    Raises:
        SessionError: it cannot be sent; names what stands in the way.
    """
    return _packed(agent, "the agent", _parts_of(agent))


def pack_task(task: Task) -> bytes:
    """Return a task as another process can read it. Its files have to be there, too.

    Raises:
        SessionError: it cannot be sent; names what stands in the way.
    """
    away = replace(task, files=tuple(file.absolute() for file in task.files))
    return _packed(away, f"task {task.key!r}", _parts_of_task(away))


def unpack(parcel: bytes) -> Any:
    """Return what was packed."""
    return pickle.loads(parcel)  # noqa: S301 - from the driver, which may run code here anyway


def _packed(whole: object, what: str, parts: Iterator[tuple[str, object]]) -> bytes:
    problem = _problem(whole)
    if isinstance(problem, bytes):
        return problem
    for name, part in parts:
        culprit = _problem(part)
        if not isinstance(culprit, bytes):
            raise SessionError(f"{what} cannot be sent to an engine because of {name}: {culprit}")
    raise SessionError(f"{what} cannot be sent to an engine: {problem}")


def _problem(part: object) -> bytes | Exception:
    """Return the part packed, or why it cannot be."""
    try:
        return _dumps(part)
    except Exception as error:  # noqa: BLE001 - a user's object may raise anything here
        return error


def _dumps(part: object) -> bytes:
    """Pack functions by value where cloudpickle is there: also lambdas, and those of scripts."""
    try:
        import cloudpickle
    except ImportError:
        return pickle.dumps(part)
    packed: bytes = cloudpickle.dumps(part)
    return packed


def _parts_of(agent: Agent) -> Iterator[tuple[str, object]]:
    setting = agent.setting
    for tool in setting.tools:
        yield f"its tool {tool.__name__!r}", tool
    yield "its author", setting.author
    yield "its tester", setting.tester
    yield "its `approve`", setting.approve
    yield "its library's encoder", setting.library
    yield "its clock", setting.clock


def _parts_of_task(task: Task) -> Iterator[tuple[str, object]]:
    for tool in task.tools:
        yield f"its tool {tool.__name__!r}", tool
    for check in task.checks:
        yield f"its check {check!r}", check
    for name, value in task.inputs.items():
        yield f"its input {name!r}", value
    yield "its output type", task.output_type
