"""Answers that a check refused: another is given, or the reason why there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from habilis.agent.agent import Agent
from habilis.agent.authors.compose.author import ComposeAuthor
from habilis.agent.checks import KeptBack
from habilis.memory.library import SkillLibrary
from tests.making import HashEncoder

Pairs = list[tuple[list[Any], Any]]

# Each task with an example that is kept back and that the plain rule misses.
REFUSING: dict[str, tuple[Pairs, tuple[list[Any], Any]]] = {
    "double a number": ([([1], 2), ([4], 8), ([7], 14)], ([3], 7)),
    "upper": ([(["ab"], "AB"), (["c d"], "C D"), (["Ef"], "EF")], (["gh"], "q")),
    "sum a list": ([([[1, 2]], 3), ([[4, 5, 6]], 15), ([[9]], 9)], ([[3, 3]], 7)),
    "square": ([([2], 4), ([3], 9), ([7], 49)], ([5], 26)),
}


@pytest.mark.parametrize("task", REFUSING)
def test_a_task_whose_check_refuses_the_right_looking_answer_ends(
    task: str, tmp_path: Path
) -> None:
    """It is not solved, and the session says how it ended."""
    examples, kept_back = REFUSING[task]
    library = SkillLibrary(tmp_path / "skills", encoder=HashEncoder(), index="exact")
    agent = Agent(ComposeAuthor(seconds=0.5), library=library)
    result = agent.run_sync(task, examples=examples, checks=[KeptBack([kept_back])])
    assert not result.solved
    assert result.stop_reason in {"failed_checks", "gave_up"}


def test_what_breaks_the_search_is_a_reason_to_give_up(tmp_path: Path) -> None:
    """The session ends as any other that found nothing, and names what happened."""
    library = SkillLibrary(tmp_path / "skills", encoder=HashEncoder(), index="exact")
    no_rows: Any = [7]
    agent = Agent(ComposeAuthor(others=no_rows), library=library)
    result = agent.run_sync("double", examples=[([1], 2), ([4], 8)])
    assert result.stop_reason == "gave_up"
    assert "the search broke off: TypeError" in result.detail
