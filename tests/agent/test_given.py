from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from habilis import Agent, ScriptedAuthor, Task
from habilis.errors import ConfigError, HabilisError, TaskError

ANSWER = "```python\nfinal_answer(open('a.txt').read())\n```"


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"allow": ["nomod"]}, "'nomod', but no such module is installed"),
        ({"allow": "json"}, r"write a list, \['json'\]"),
        ({"allow": [3]}, "allow names 3"),
        ({"library": 3}, "library=3 is no SkillLibrary"),
        ({"tools": [3]}, "needs to be a named function"),
    ],
)
def test_a_setting_that_makes_no_sense(settings: dict[str, Any], why: str) -> None:
    """It is refused when the agent is made, not in the middle of a task."""
    with pytest.raises(ConfigError, match=why):
        Agent(ScriptedAuthor([]), **settings)


@pytest.mark.parametrize(
    ("given", "error", "why"),
    [
        ({"inputs": [3]}, TaskError, r"inputs=\[3\] must name its values"),
        ({"output_type": "nope"}, ConfigError, "nothing pydantic can validate"),
    ],
)
def test_a_task_that_makes_no_sense(
    given: dict[str, Any], error: type[HabilisError], why: str
) -> None:
    """What was given is shown, and what to give."""
    with pytest.raises(error, match=why):
        Agent(ScriptedAuthor([])).run_sync("x", **given)
    with pytest.raises(TaskError, match="needs an instruction"):
        Task(3)  # type: ignore[arg-type]


def test_one_file_may_be_given_by_itself(tmp_path: Path) -> None:
    """A path is one file, not a list of letters."""
    (tmp_path / "a.txt").write_text("hello")
    agent = Agent(ScriptedAuthor([ANSWER]))
    assert agent.run_sync("read it", files=str(tmp_path / "a.txt")).output == "hello"


def test_a_check_that_raises_says_so_at_the_end() -> None:
    """Also when something else ended the task."""

    def long_enough(answer: Any) -> bool:
        return len(answer) > 3

    author = ScriptedAuthor(["```python\nfinal_answer(3)\n```"] * 3)
    result = Agent(author).run_sync("a word", checks=long_enough)
    assert result.solved is False
    assert "the same action 3 times; long_enough raised TypeError" in result.detail
