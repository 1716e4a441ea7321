from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

CHORES = Path(__file__).parents[3] / "examples" / "chores.jsonl"


def test_every_chore_has_three_examples_and_five_checks_of_its_own() -> None:
    """Checks are held back: none repeats an example, and no name is used twice."""
    tasks = [json.loads(line) for line in CHORES.read_text(encoding="utf-8").splitlines()]
    assert len(tasks) > 15
    assert max(Counter(task["name"] for task in tasks).values()) == 1
    for task in tasks:
        assert len(task["examples"]) == 3 and len(task["checks"]) >= 5, task["id"]
        shown = [inputs for inputs, _ in task["examples"]]
        assert not any(inputs in shown for inputs, _ in task["checks"]), task["id"]
