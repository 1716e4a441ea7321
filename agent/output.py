"""What a task that is answered by a function gives its user."""

from __future__ import annotations

from collections.abc import Sequence

from habilis.agent.runner import Runner
from habilis.memory.library import SkillLibrary
from habilis.skills.extract import extract_function
from habilis.skills.sandbox.wire import FunctionRef


async def output_of(
    answer: FunctionRef,
    inputs: Sequence[object],
    runner: Runner,
    sources: Sequence[str],
    library: SkillLibrary | None,
) -> object:
    """Return what the function gives for the task's inputs; its source where there are none.

    None where it fails on them. `sources` are the actions that defined it.
    """
    if inputs:
        outcome = (await runner.call(answer.name, [tuple(inputs)]))[0]
        return outcome.value if outcome.ok else None
    try:
        return extract_function(sources, answer.name)
    except ValueError:
        if library is not None and answer.name in library:
            return library.get(answer.name).source
        return "\n\n".join(sources)  # a lambda or a class: all that defined it
