"""Which saved skills may be used, and whether the answer was just what one returned."""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence

from habilis.agent.checks import KeptBack
from habilis.agent.task import Task
from habilis.skills.proof.standing import may_answer
from habilis.skills.skill import Case, CaseOrigin, Skill, SkillState

_ORDER = (SkillState.ACTIVE, SkillState.CANDIDATE, SkillState.DOUBTFUL, SkillState.ARCHIVED)
_DRESSING = frozenset({"round", "float", "int", "str", "list"})


def reusable(skills: Sequence[Skill], asked: Sequence[Case]) -> list[Skill]:
    """Return the skills that may answer a task of these examples alone, active ones first."""
    trusted = [skill for skill in skills if may_answer(skill.state, skill.cases, asked)]
    return sorted(trusted, key=lambda skill: _ORDER.index(skill.state))


def without_doubtful(skills: Sequence[Skill]) -> tuple[Skill, ...]:
    """Leave out doubtful skills, unless nothing else fits."""
    sound = tuple(skill for skill in skills if skill.state is not SkillState.DOUBTFUL)
    return sound or tuple(skills)


def example_cases(task: Task) -> tuple[Case, ...]:
    """Return a task's examples as cases, those that the author is not shown included."""
    kept_back = [e for check in task.checks if isinstance(check, KeptBack) for e in check.examples]
    shown = CaseOrigin.PROPOSED if task.proposed else CaseOrigin.USER
    rows = [(shown, e) for e in task.examples]
    rows += [(CaseOrigin.KEPT_BACK, e) for e in kept_back]
    return tuple(
        Case(arguments=example.inputs, expected=example.output, origin=origin)
        for origin, example in rows
    )


def answering_skill(actions: Sequence[str], skills: Collection[str]) -> str:
    """Return the saved skill whose result was given to `final_answer`, else an empty string."""
    call = answering_call(actions, skills)
    return _name(call.func) if call is not None else ""


def answering_call(actions: Sequence[str], skills: Collection[str]) -> ast.Call | None:
    """Return the call of a saved skill whose result was given to `final_answer`, if it was.

    Rounding and conversion around it do not count; names are followed to where they
    were last assigned.
    """
    values: dict[str, ast.expr] = {}
    answer: ast.expr | None = None
    for action in actions:
        for node in ast.walk(_parse(action)):
            if isinstance(node, ast.Assign):
                values |= {t.id: node.value for t in node.targets if isinstance(t, ast.Name)}
            elif isinstance(node, ast.Call) and _name(node.func) == "final_answer":
                answer = node.args[0] if node.args else None
    for _ in range(20):  # names may refer to each other in a circle
        if isinstance(answer, ast.Name) and answer.id in values:
            answer = values[answer.id]
        elif isinstance(answer, ast.Call) and _name(answer.func) in _DRESSING and answer.args:
            answer = answer.args[0]
        else:
            break
    if isinstance(answer, ast.Call) and _name(answer.func) in skills:
        return answer
    return None


def _parse(action: str) -> ast.Module:
    try:
        return ast.parse(action)
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module(body=[], type_ignores=[])


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else ""
