"""`habilis skills prove NAME --ask`: the question that tells most, put to a person."""

from __future__ import annotations

import ast

import typer

from habilis.agent.later import gather
from habilis.agent.observe import one_line
from habilis.memory.library import SkillLibrary
from habilis.skills.outcome import Outcome
from habilis.skills.proof.evidence import Call, Proof
from habilis.skills.proof.gate import Gate
from habilis.skills.proof.trial import told, written
from habilis.skills.skill import Case, CaseOrigin, Skill, SkillState


def ask_person(proof: Proof, *, name: str, shelf: SkillLibrary, gate: Gate) -> bool:
    """Ask what a skill must give where its cases leave that open; tell whether it does.

    What it gives is not shown before: an answer that was read off it would prove nothing.
    Each answer becomes a case. One that the skill does not give makes it doubtful, once
    the person has said so twice.
    """
    if proof.passed and not proof.questions:
        _say(f"nothing to ask: the cases of {name} leave nothing open")
    for call in proof.questions:
        case = _asked(call, shelf.get(name))
        if case is None:
            break
        failed = gather(shelf, gate, name, [case]).failed
        if not failed:
            _say(f"it gives that; kept as a case of {name}")
        elif typer.confirm(_doubt(failed[0][1]), err=True):
            shelf.add_cases(name, [case])
            shelf.set_state(name, SkillState.DOUBTFUL)
            _say(f"kept as a case that {name} fails: it is doubtful now")
            return False
    return True


def _asked(call: Call, skill: Skill) -> Case | None:
    """Return a person's answer as a case; None where they go on without."""
    _say(f"What must this give? {written(skill.name, call)}")
    try:
        text = typer.prompt("a value as Python writes it, or nothing", default="", err=True)
    except typer.Abort:
        return None
    if not text:
        return None
    return Case(
        arguments=call.arguments,
        keywords=call.keywords,
        expected=_value(text, is_text=skill.signature.endswith("-> str")),
        origin=CaseOrigin.USER,
    )


def _value(text: str, *, is_text: bool) -> object:
    """Return what somebody means: a literal, else the text; `1` is a text where texts are given."""
    try:
        value: object = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    return text if is_text and not isinstance(value, str) else value


def _doubt(seen: Outcome) -> str:
    return f"It gives {one_line(told(seen), 300)}. Is yours right?"


def _say(text: str) -> None:
    typer.echo(one_line(text, 1_000), err=True)
