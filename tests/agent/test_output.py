from __future__ import annotations

from habilis import Agent, ScriptedAuthor

SUBTRACT = '''```python
def subtract(first: int, second: int) -> int:
    """Return the difference."""
    return first - second

final_answer(subtract)
```'''
EXAMPLES = [([10, 2], 8), ([9, 5], 4)]


def test_inputs_go_to_the_parameters_of_their_names() -> None:
    """In whatever order they are given; other names go by their order."""
    agent = Agent(ScriptedAuthor([SUBTRACT] * 2))
    named = agent.run_sync("subtract", examples=EXAMPLES, inputs={"second": 3, "first": 10})
    assert named.output == 7
    ordered = agent.run_sync("subtract", examples=EXAMPLES, inputs={"b": 3, "a": 10})
    assert ordered.output == -7


def test_a_function_that_fails_on_the_inputs_solves_nothing() -> None:
    """It is right on the examples, and its error is told."""
    agent = Agent(ScriptedAuthor([SUBTRACT]))
    result = agent.run_sync("subtract", examples=EXAMPLES, inputs={"first": 3, "second": "x"})
    assert result.solved is False and result.output is None
    assert "fails on the task's inputs: " in result.detail and "TypeError" in result.detail
