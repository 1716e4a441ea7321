"""Is this answer right? The task's own type, examples and checks decide."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from habilis.agent.checks import CallAnswer, Expected, judge_examples
from habilis.agent.parse import ParsedReply
from habilis.agent.task import Task
from habilis.skills.compare import show
from habilis.skills.outcome import NOTHING, Outcome
from habilis.skills.sandbox.wire import FunctionRef, Opaque

_THOUSANDS = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?")


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """`passed` is None when nothing could judge. `feedback` may be shown to the author:
    it never holds anything of the checks. `detail` is for people. A misfit (a function
    where a value is wanted, a wrong type) is no attempt at the answer."""

    passed: bool | None
    output: object = None
    feedback: str = ""
    detail: str = ""
    misfit: bool = False


def judge(task: Task, answer: object, call: CallAnswer | None) -> Judgement:
    """Judge an answer by the task's examples, output type and checks, in this order.

    `call` runs the function that is the answer; None when the answer is a value.
    """
    if task.examples:
        if call is None:
            return _misfit("final_answer needs the function itself, not a value of it.")
        seen = judge_examples(task.examples, call)
        if not seen.passed:
            said = f"The function is not right on the examples: {seen.detail}."
            return Judgement(passed=False, feedback=said, detail=said)
        output: object = answer
    else:
        problem, output = _validate(task, answer)
        if problem:
            return _misfit(problem)
    for check in task.checks:
        verdict = check.judge(output if not task.examples else answer, call)
        if not verdict.passed:
            return Judgement(
                passed=False,
                output=output,
                feedback=_refusal(answer),
                detail=verdict.detail,
            )
    judged = bool(task.checks or task.examples)
    return Judgement(passed=True if judged else None, output=output)


def _validate(task: Task, answer: object) -> tuple[str, object]:
    if isinstance(answer, FunctionRef):
        if task.output_type is None and not any(isinstance(c, Expected) for c in task.checks):
            return "", answer
        return f"final_answer needs a value: call {answer.name}(...) and give its result.", None
    hidden = _opaque_in(answer)
    if hidden is not None and hidden.type == "str":
        return "The answer is a text too large to be given; give less of it.", None
    if hidden is not None:
        hint = "convert it with float(), int(), str() or list()"
        return f"The answer holds a {hidden.type}, which cannot be given: {hint}.", None
    if task.output_type is None:
        return "", answer
    from pydantic import TypeAdapter, ValidationError

    try:
        return "", TypeAdapter(task.output_type).validate_python(answer)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        place = f" at {where}" if where else ""
        return f"The answer does not fit the type that is asked for{place}: {first['msg']}.", None
    except Exception as error:  # noqa: BLE001 - a validator is the user's own code
        return f"The answer does not fit the type that is asked for: {error!r}.", None


def _opaque_in(answer: object) -> Opaque | None:
    """Find an object that stayed in the sandbox, also inside lists and dicts."""
    if isinstance(answer, Opaque):
        return answer
    if isinstance(answer, dict):
        answer = [*answer, *answer.values()]
    if isinstance(answer, list | tuple | set | frozenset):
        return next((o for o in map(_opaque_in, answer) if o is not None), None)
    return None


def _misfit(feedback: str) -> Judgement:
    return Judgement(passed=False, feedback=feedback, detail=feedback, misfit=True)


def _refusal(answer: object) -> str:
    """Say what was received and what its form may have cost, whatever is right."""
    if isinstance(answer, FunctionRef):
        failed = f"Your answer is wrong: {answer.name} fails on inputs that are not shown here."
        return f"{failed} Read the task again: what else may it be given?"
    given = show(answer, 200)
    said = f"Your answer is wrong: final_answer received {given}, of type {type(answer).__name__}."
    if isinstance(answer, str) and any(map(str.isdigit, answer)):
        return f"{said} If a number is asked for, give the number alone, not a text."
    if isinstance(answer, float):
        return f"{said} If you rounded, give the unrounded value; else reread the task, units too."
    return said


def value_of_text(text: str) -> object:
    """Read an answer that was written as text: a Python literal if it is one, else the text."""
    plain = text.strip().strip("$").strip()
    if _THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", "")
    for candidate in (plain, plain.replace(",", "")):
        try:
            return ast.literal_eval(candidate)
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            continue
    return plain


def answer_in(parsed: ParsedReply, outcome: Outcome | None, *, wants_function: bool) -> object:
    """Find the answer of a step, or NOTHING: final_answer(...) first, then a solution in tags."""
    if outcome is not None and outcome.answer is not NOTHING:
        return outcome.answer
    if parsed.answer is not None:
        return value_of_text(parsed.answer)
    if parsed.solution is None or outcome is None or not outcome.ok:
        return NOTHING
    if not wants_function:  # what the code comes to, else the code itself
        return outcome.value if outcome.shown else parsed.solution
    body = ast.parse(parsed.solution).body
    names = [node.name for node in body if isinstance(node, ast.FunctionDef)]
    return FunctionRef(names[-1]) if names else NOTHING
