"""What a task gives its user: a value, or the source of a function."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from habilis.agent.judge import Judgement
from habilis.agent.runner import Runner
from habilis.agent.task import Task
from habilis.memory.library import SkillLibrary
from habilis.skills.extract import extract_function
from habilis.skills.sandbox.wire import FunctionRef


async def output_of(
    task: Task,
    answer: object,
    judgement: Judgement,
    sources: Sequence[str],
    runner: Runner,
    library: SkillLibrary | None,
) -> tuple[object, Judgement]:
    """Return a task's output, and its judgement: another one where a function fails on its inputs.

    Of a function it is what that gives for the task's inputs, its source where there are
    none. `sources` are the actions that defined it.
    """
    if not isinstance(answer, FunctionRef):
        return judgement.output, judgement
    source = _source(answer.name, sources, library)
    if not task.inputs or judgement.passed is False:
        return source, judgement
    arguments = _arguments(task.inputs, source, answer.name)
    outcome = (await runner.call(answer.name, [arguments]))[0]
    if outcome.ok:
        return outcome.value, judgement
    said = f"the function fails on the task's inputs: {outcome.error}"
    return None, Judgement(passed=False, detail=said)


def _source(name: str, sources: Sequence[str], library: SkillLibrary | None) -> str:
    try:
        return extract_function(sources, name)
    except ValueError:
        if library is not None and name in library:
            return library.get(name).source
        return "\n\n".join(sources)  # a lambda or a class: all that defined it


def _arguments(inputs: Mapping[str, object], source: str, name: str) -> tuple[object, ...]:
    """Give inputs to the parameters of their names, where these are such; else in their order."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            names = [each.arg for each in (*node.args.posonlyargs, *node.args.args)]
            if set(names) == set(inputs):
                return tuple(inputs[each] for each in names)
    return tuple(inputs.values())
