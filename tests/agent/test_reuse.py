from __future__ import annotations

import pytest

from habilis.agent.reuse import answering_skill


@pytest.mark.parametrize(
    ("actions", "skill"),
    [
        (["final_answer(area(2, 3))"], "area"),
        (["x = area(2, 3)\nprint(x)\nfinal_answer(round(x, 2))"], "area"),
        (["amount = area(2, 3)", "y = float(amount)", "final_answer(y)"], "area"),
        (["final_answer(area(2, 3) * 2)"], ""),
        (["final_answer(sum(area(2, n) for n in range(3)))"], ""),
        (["final_answer(other(2))"], ""),
        (["x = y\ny = x\nfinal_answer(x)"], ""),
        (["print(area(2, 3))", "not python (", "final_answer()"], ""),
    ],
)
def test_an_answer_that_a_skill_returned(actions: list[str], skill: str) -> None:
    """Rounding and names in between do not make a new tool; arithmetic does."""
    assert answering_skill(actions, {"area"}) == skill
