"""Is an answer to a MINT task right? Our own checks, not the recorded verdict.

Numbers within 1e-2 relative, booleans, lists item by item, multiple choice by letter,
functions by the hidden asserts of HumanEval and MBPP, run in a fresh worker. MINT (Wang
et al., 2023) graded numbers within 5 % or by substring, so ours is stricter there.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence

from habilis.skills.sandbox.client import Limits, Worker

REL_TOL = 1e-2
_LETTER = re.compile(r"\(?\b([A-D])\b\s*\)?", re.IGNORECASE)
_OPTION = re.compile(r"\b([A-D]) ?\) (.*?)(?=,? [A-D] ?\) |\Z)", re.S)
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?")


def is_right(task: Mapping[str, object], answer: object) -> bool:
    """Judge an answer (a value, a text, or the source of a function) by the task's reference."""
    kind, reference = str(task["id"]).split("/")[0], task["reference"]
    if kind in ("humaneval", "mbpp"):
        return _passes_asserts(str(task["prompt"]), str(reference), str(answer))
    if kind == "mmlu":
        return _letter(str(task["prompt"]), str(answer)) == str(reference).lower()
    return _same_value(answer, _literal(reference))


def _letter(prompt: str, answer: str) -> str:
    """Return the letter that an answer names, or whose option's text it repeats."""
    options = dict(_OPTION.findall(prompt.partition("Options:")[2]))
    for letter, text in options.items():
        if answer.strip().lower().rstrip(".") == text.strip().lower().rstrip("."):
            return str(letter).lower()
    found = _LETTER.search(answer)
    return found[1].lower() if found else ""


def _literal(reference: object) -> object:
    if not isinstance(reference, str):
        return reference
    try:
        return ast.literal_eval(reference)
    except (ValueError, SyntaxError):
        return reference


def _same_value(answer: object, reference: object) -> bool:
    if isinstance(reference, bool):
        return str(answer).strip().lower() == str(reference).lower()
    if isinstance(reference, list | tuple):
        items = answer if isinstance(answer, list | tuple) else _numbers(str(answer))
        return len(items) == len(reference) and all(map(_same_value, items, reference))
    if isinstance(reference, int | float):
        number = _number(answer)
        return number is not None and abs(number - reference) <= REL_TOL * abs(reference) + 1e-9
    return str(answer).strip().lower() == str(reference).strip().lower()


def _number(answer: object) -> float | None:
    if isinstance(answer, bool):
        return None
    if isinstance(answer, int | float):
        return float(answer)
    text = str(answer)
    fraction = re.fullmatch(r"\s*\$?\s*(-?\d+)\s*/\s*(\d+)\s*\$?\s*", text)
    if fraction and int(fraction[2]):
        return int(fraction[1]) / int(fraction[2])
    numbers = _numbers(text)
    return numbers[-1] if numbers else None


def _numbers(text: str) -> Sequence[float]:
    return [float(found.replace(",", "")) for found in _NUMBER.findall(text)]


def _passes_asserts(prompt: str, asserts: str, source: str) -> bool:
    """Run the hidden asserts on a function; code that leaves out the prompt's imports gets them."""
    imports = "\n".join(
        line for line in prompt.splitlines() if line.startswith(("from ", "import "))
    )
    with Worker(limits=Limits(action_s=20)) as worker:
        return worker.run(f"{imports}\n{source}\n{asserts}").ok
