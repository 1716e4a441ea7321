from __future__ import annotations

import pytest

from habilis.agent.parse import parse_reply
from habilis.agent.trim import trimmed


@pytest.mark.parametrize(
    ("reply", "kept"),
    [
        (
            "I add.\n```python\nprint(1 + 1)\n```\nOutput:\n3\nSo it is 3.",
            "I add.\n```python\nprint(1 + 1)\n```",
        ),
        ("<execute>\nprint(2)\n</execute>\n\nObservation:\n9", "<execute>\nprint(2)\n</execute>"),
        ("```python\nprint(1)\n```", "```python\nprint(1)\n```"),
        ("The answer is <solution>4</solution>.", "The answer is <solution>4</solution>."),
        ("no code at all", "no code at all"),
    ],
)
def test_what_was_made_up_after_the_code_is_cut(reply: str, kept: str) -> None:
    """The conversation holds what ran and nothing that was invented after it."""
    assert trimmed(reply, parse_reply(reply)) == kept
