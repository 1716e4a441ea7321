from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from habilis import SkillLibrary
from habilis.agent.cli import app
from habilis.agent.cli.asking import _value
from habilis.skills.proof.gate import Gate
from habilis.skills.skill import CaseOrigin, SkillState
from tests.making import case, make_skill

PARCEL = make_skill(
    'def shipping_cost(weight: int) -> int:\n    """Return the cost of a parcel."""\n'
    "    if weight > 20:\n        return 9\n    return 5 if weight > 5 else 3\n",
    cases=(case(4, 3),),
)


def prove_and_ask(library: SkillLibrary, *lines: str) -> tuple[int, str]:
    """Run the real command with a real terminal in front, on which these lines are typed."""
    ours, theirs = pty.openpty()
    os.write(ours, "".join(f"{line}\n" for line in lines).encode())
    command = [sys.executable, "-m", "habilis", "skills", "prove", "shipping_cost", "--ask"]
    done = subprocess.run(
        [*command, "--library", str(library.path)],
        stdin=theirs,
        capture_output=True,
        text=True,
        check=False,
    )
    os.close(ours)
    os.close(theirs)
    return done.returncode, done.stderr


def test_a_person_answers_what_tells_most(library: SkillLibrary) -> None:
    """Answers become cases; one that the skill does not give, said twice, makes it doubtful."""
    library.add(PARCEL)
    questions = Gate(library.closure).prove(PARCEL).questions
    weights = [int(str(call.arguments[0])) for call in questions]
    assert len(weights) > 1
    right = [str(9 if weight > 20 else 5 if weight > 5 else 3) for weight in weights]
    code, said = prove_and_ask(library, right[0], "")
    assert code == 0 and f"What must this give? shipping_cost({weights[0]})" in said
    assert "it gives that" in said
    origins = [each.origin for each in library.get("shipping_cost").cases]
    assert origins == [CaseOrigin.USER] * 2

    left = Gate(library.closure).prove(library.get("shipping_cost")).questions[0].arguments[0]
    code, said = prove_and_ask(library, "77", "y")
    assert code == 1 and "Is yours right?" in said
    assert library.get("shipping_cost").state is SkillState.DOUBTFUL
    assert library.get("shipping_cost").cases[-1] == case(left, 77)
    failed = Gate(library.closure).prove(library.get("shipping_cost")).failed
    assert failed is not None and failed.name == "cases"


def test_without_a_terminal_nobody_is_asked(library: SkillLibrary) -> None:
    """It is said at once, and nothing waits."""
    library.add(PARCEL)
    given = ["skills", "prove", "shipping_cost", "--ask", "--library", str(library.path)]
    result = CliRunner().invoke(app, given)
    assert result.exit_code != 0 and "terminal" in str(result.exception)
    assert library.get("shipping_cost") == PARCEL


@pytest.mark.parametrize(
    ("text", "is_text", "value"),
    [
        ("[1, 2]", False, [1, 2]),
        ("Dam", True, "Dam"),
        ("1", True, "1"),
        ("'1'", True, "1"),
        ("None", False, None),
    ],
)
def test_what_is_typed_is_what_is_meant(text: str, is_text: bool, value: object) -> None:
    """Quotes need not be written."""
    assert _value(text, is_text=is_text) == value


def test_asserts_added_to_an_unchanged_file_are_new_cases(
    library: SkillLibrary, tmp_path: Path
) -> None:
    """The same version, held to more; one that it fails is refused and named."""
    file = tmp_path / "parcel.py"
    add = ["skills", "add", str(file), "--json", "--library", str(library.path)]
    for asserts, cases in (("4) == 3", 1), ("6) == 5", 2), ("6) == 5", 2)):
        file.write_text(f"{PARCEL.source}\n\nassert shipping_cost({asserts}\n")
        result = CliRunner().invoke(app, add)
        assert result.exit_code == 0 and json.loads(result.stdout)["kept"]["version"] == 1
        vouched = [c for c in library.get("shipping_cost").cases if c.origin is CaseOrigin.USER]
        assert len(vouched) == cases
    file.write_text(f"{PARCEL.source}\n\nassert shipping_cost(6) == 4\n")
    result = CliRunner().invoke(app, add)
    assert result.exit_code == 1
    said = json.loads(result.stdout)["evidence"]
    assert "contradict each other: shipping_cost(6) is 4 by user, 5 by user" in said
    assert library.names() == ["shipping_cost"]


def test_who_has_nothing_to_answer_is_told_so(library: SkillLibrary) -> None:
    """Where the cases leave nothing open, the command does not end without a word."""
    told = tuple(case(weight, cost) for weight, cost in ((4, 3), (5, 3), (6, 5), (20, 5), (21, 9)))
    library.add(replace(PARCEL, cases=told))
    code, said = prove_and_ask(library)
    assert code == 0 and "nothing to ask: the cases of shipping_cost leave nothing open" in said
