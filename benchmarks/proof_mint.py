"""What the gate makes of real models' functions: right and wrong ones, with few cases.

Visible are the examples of a task's prompt, which the authors had seen; independent are the
hidden asserts that call with other arguments. "Right" is what passes all hidden asserts.
The truth on a made input is what nine of ten of the task's right functions give there; where
they do not agree, nobody can say, and the next question is asked instead. Where none of
them was kept, nobody can say anything of made inputs.
"""

from __future__ import annotations

import ast
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any, Final

from benchmarks.proof_gold import dressed
from habilis.agent.draft import read_draft
from habilis.skills.compare import same
from habilis.skills.extract import extract_function
from habilis.skills.outcome import Outcome, OutcomeKind
from habilis.skills.proof.evidence import Call
from habilis.skills.proof.gate import Gate
from habilis.skills.proof.near import near_calls
from habilis.skills.proof.question import groups, most_contested
from habilis.skills.proof.reading import constants
from habilis.skills.proof.standing import first_state
from habilis.skills.sandbox.client import Limits, Worker
from habilis.skills.skill import Case, CaseOrigin, Skill, SkillState

_LIMITS: Final = Limits(action_s=1.0)
_INPUTS: Final = 48
_RIVALS: Final = 3
ALL_RIVALS: Final = "where drafts disagree"
FEW_RIVALS: Final = "where four drafts disagree"
MADE_ONLY: Final = "where drafts disagree, made inputs only"
NO_RIVALS: Final = "where mutants survive"
AT_RANDOM: Final = "any made or hidden input"


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One function: right or not, and what each amount of evidence made of it."""

    right: bool
    refused_by: str  # the check, with the visible cases only; empty when kept
    independent: tuple[bool, ...] = ()  # passes the first, the second random case
    active: bool = False
    asked: Mapping[str, bool | None] = field(default_factory=dict)  # whether the answer agrees


@dataclass(frozen=True, kw_only=True)
class _Problem:
    name: str
    prompt: str
    visible: tuple[Case, ...]
    hidden: tuple[Case, ...]


def judge_solutions(folder: Path, *, tasks: int | None) -> Iterator[list[Judged]]:
    """Prove the functions of all tasks, or of so many that are drawn among them; one by one."""
    problems = {row["id"]: row for row in _lines(folder / "tasks.jsonl")}
    by_task: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in _lines(folder / "solutions.jsonl"):
        by_task[str(row["task"])].append(row)
    names = sorted(by_task)
    for task in names if tasks is None else Random(0).sample(names, min(len(names), tasks)):
        problem = _problem(problems[task]) if task in problems else None
        if problem is not None and problem.visible and problem.hidden:
            yield list(_judge(problem, by_task[task]))


def _judge(problem: _Problem, rows: Sequence[Mapping[str, Any]]) -> Iterator[Judged]:
    drafts = [(bool(row["right"]), _draft(problem, str(row["code"]))) for row in rows]
    gate = Gate(lambda *_: [])
    random = Random(problem.name)
    order = random.sample(problem.hidden, len(problem.hidden))
    proofs = [(right, draft, gate.prove(draft)) for right, draft in drafts if draft is not None]
    kept = [(right, draft, proof) for right, draft, proof in proofs if proof.passed]
    found = [value for _, draft, _ in kept for value in constants(draft.source)]
    made = near_calls(
        [_call(case) for case in problem.visible], random, constants=found[:200], count=_INPUTS
    )
    pool = [*map(_call, problem.hidden), *made]
    questions = [list(proof.questions) for _, _, proof in kept]
    calls = [*pool, *(call for each in questions for call in each)]
    seen = [_outcomes(draft, calls) for _, draft, _ in kept]
    right_rows = [row for row, (right, _, _) in zip(seen, kept, strict=True) if right]
    truth = _truth(right_rows, len(calls))
    truth[: len(problem.hidden)] = [_as_outcome(case) for case in problem.hidden]
    start = len(pool)
    for number, (right, draft, _) in enumerate(kept):
        answers = _outcomes(draft, map(_call, order[:3]))
        passes = [_same(outcome, case) for outcome, case in zip(answers, order, strict=False)]
        rivals = [row[: len(pool)] for row in seen]
        others = [row for n, row in enumerate(rivals) if n != number]
        few = [rivals[number], *random.sample(others, min(_RIVALS, len(others)))]
        own = range(start, start + len(questions[number]))
        start += len(questions[number])
        rest = random.sample(range(len(pool)), len(pool))  # nothing tells more than another
        contested = most_contested(rivals[number], rivals)
        made_only = [index for index in [*contested, *rest] if index >= len(problem.hidden)]
        asked = {
            ALL_RIVALS: _answered(seen[number], truth, [*contested, *own, *rest]),
            MADE_ONLY: _answered(seen[number], truth, made_only),
            FEW_RIVALS: _answered(
                seen[number], truth, [*most_contested(rivals[number], few), *own, *rest]
            ),
            NO_RIVALS: _answered(seen[number], truth, [*own, *rest]),
            AT_RANDOM: _answered(seen[number], truth, rest),
        }
        active = all(passes[:2]) and asked[FEW_RIVALS] is True and _active(gate, draft, order[:2])
        yield Judged(
            right=right,
            refused_by="",
            independent=tuple(passes),
            active=active,
            asked=asked,
        )
    for right, _, proof in proofs:
        if proof.failed is not None:
            yield Judged(right=right, refused_by=proof.failed.name)


def _active(gate: Gate, draft: Skill, cases: Sequence[Case]) -> bool:
    """Tell whether these cases and one question answered make a draft active."""
    whole = replace(draft, cases=(*draft.cases, *cases))
    proof = gate.prove(whole)
    told = (*whole.cases, Case(expected=None, origin=CaseOrigin.TESTER))
    return proof.passed and first_state(told, strength=proof.strength) is SkillState.ACTIVE


def _answered(
    mine: Sequence[Outcome], truth: Sequence[Outcome | None], order: Sequence[int] | range
) -> bool | None:
    """Ask the first question that somebody can answer; None when there is none."""
    for index in order:
        right = truth[index]
        if right is not None:
            return mine[index].ok and same(mine[index].value, right.value, rel_tol=1e-6)
    return None


def _truth(right: Sequence[Sequence[Outcome]], count: int) -> list[Outcome | None]:
    found: list[Outcome | None] = []
    for index in range(count):
        given = [row[index] for row in right]
        numbers = groups(given)
        common, times = Counter(numbers).most_common(1)[0] if numbers else (0, 0)
        first = next((o for o, n in zip(given, numbers, strict=True) if n == common), None)
        agreed = first is not None and first.ok and times * 10 >= len(given) * 9
        found.append(first if agreed else None)
    return found


def _as_outcome(case: Case) -> Outcome:
    return Outcome(kind=OutcomeKind.OK, value=case.expected)


def _outcomes(draft: Skill, calls: Any) -> list[Outcome]:
    listed = list(calls)
    with Worker(load_skill=lambda _: [(draft.name, draft.source)], limits=_LIMITS) as worker:
        return worker.call(draft.name, [call.arguments for call in listed], timeout_s=0.3)


def _same(outcome: Outcome, case: Case) -> bool:
    return outcome.ok and same(outcome.value, case.expected, rel_tol=1e-6)


def _call(case: Case) -> Call:
    return Call(arguments=case.arguments, keywords=case.keywords)


# reading the tasks -----------------------------------------------------------


def _draft(problem: _Problem, code: str) -> Skill | None:
    """Cut the function out of a model's code, typed and documented; None where there is none."""
    imports = "\n".join(
        line.strip()
        for line in problem.prompt.split("\n")
        if re.match(r"\s*(from \w+ import|import) ", line)
    )
    first = problem.visible[0]
    try:
        source = extract_function([imports, code], problem.name)
        draft = dressed(source, problem.name, _call(first), first.expected, task=problem.prompt)
    except (ValueError, SyntaxError, RecursionError, StopIteration):
        return None
    return replace(draft, cases=problem.visible)


def _problem(row: Mapping[str, Any]) -> _Problem | None:
    reference, prompt = str(row["reference"]), str(row["prompt"])
    try:
        tree = ast.parse(reference)
    except SyntaxError:
        return None
    checked = re.search(r"^check\((\w+)\)", reference, re.M)
    called = re.search(r"assert\s+(?:\w+\()?(\w+)\(", prompt)
    name = checked[1] if checked else called[1] if called else ""
    if not name:
        return None
    hidden = _cases(tree, name, CaseOrigin.KEPT_BACK)
    visible = _visible(prompt, name)
    seen = [case.arguments for case in visible]
    return _Problem(
        name=name,
        prompt=prompt,
        visible=visible,
        hidden=tuple(case for case in hidden if case.arguments not in seen),
    )


def _visible(prompt: str, name: str) -> tuple[Case, ...]:
    lines = [line.strip() for line in prompt.split("\n")]
    asserts = [line for line in lines if line.startswith("assert ")]
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith(">>> ") and following:
            asserts.append(f"assert {line[4:]} == {following}")
    found: list[Case] = []
    for text in asserts:
        try:
            found += _cases(ast.parse(text), name, CaseOrigin.USER)
        except SyntaxError:
            continue
    return tuple(found)


def _cases(tree: ast.Module, name: str, origin: CaseOrigin) -> tuple[Case, ...]:
    """Read `assert name(...) == value`, where HumanEval calls every function `candidate`."""
    texts = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    texts = [re.sub(r"\bcandidate\(", f"{name}(", text) for text in texts]
    claims = read_draft("\n".join([f"def {name}(): pass", *texts])).claims
    return tuple(
        Case(
            arguments=claim.arguments,
            keywords=claim.keywords,
            expected=claim.stated,
            origin=origin,
        )
        for claim in claims
    )


def _lines(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
