"""`python -m benchmarks.session_driver LIBRARY URL TASKS PARALLEL LOG`: the session that is killed.

Each task takes three calls of the model and two actions, calls a tool of the host once,
and every fourth one makes a skill.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from habilis import Agent, Expected, OpenAIAuthor, SkillLibrary, Task
from habilis.events import Event

_LOOK = "```python\nseats = count_seats({n})\nprint(seats)\n```"
_ANSWER = "```python\nfinal_answer(seats + 1)\n```"
_TOOL = '''```python
def {name}(table: int) -> int:
    """Return the seats that a table in the row of {name} needs."""
    return table * {m} - {k}


assert {name}({n}) == {answer}
assert {name}(1) == {one}
```'''
NAME = "kills"


class WordEncoder:
    """Vectors of hashed words: what is tested here is no matter of meaning."""

    key = "words"
    dimension = 64

    def encode(self, texts: Sequence[str]) -> Any:
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in text.lower().split():
                row[hashlib.sha256(word.encode()).digest()[0] % self.dimension] += 1
            row /= np.linalg.norm(row) or 1
        return vectors


def tasks(count: int) -> list[Task]:
    """Return the tasks of the session."""
    return [
        Task(f"How many seats are needed at table {n}?", id=f"t{n}", checks=(Expected(n * 3 + 1),))
        for n in range(count)
    ]


def rows_of(count: int) -> range:
    """Return the tables whose task makes a skill."""
    return range(3, count, 4)


def skill_of(table: int) -> str:
    """Return the name of the skill that a table's task makes; none may hold the number itself."""
    return "seats_of_row_" + "".join(chr(ord("a") + int(digit)) for digit in str(table))


def table_of(messages: str) -> int:
    """Return the table that a conversation is about."""
    return int(messages.partition("at table ")[2].partition("?")[0])


def reply(request: dict[str, Any]) -> str:
    """Be the model: the next reply to a conversation."""
    messages = [str(message["content"]) for message in request["messages"]]
    number = table_of(" ".join(messages))
    turn = sum(message["role"] == "assistant" for message in request["messages"])
    if turn == 0:
        return _LOOK.format(n=number)
    if turn == 1:
        return _ANSWER
    if turn == 2 and number in rows_of(number + 1):
        m, answer = number + 5, number * 3 + 1
        k = number * m - answer
        name = skill_of(number)
        return _TOOL.format(name=name, n=number, m=m, k=k, answer=answer, one=m - k)
    return "NOTHING"


def library(address: str | Path) -> SkillLibrary:
    """Open the library of the session."""
    return SkillLibrary(address, encoder=WordEncoder(), index="exact")


def main() -> None:
    """Run the session; say each event in a line."""
    address, url = sys.argv[1:3]
    count, parallel = map(int, sys.argv[3:5])
    effects = Path(sys.argv[5])

    def count_seats(table: int) -> int:
        """Return the seats at a table."""
        with effects.open("a") as log:
            log.write(f"{table}\n")
        return table * 3

    def tell(event: Event) -> None:
        print(event.kind, event.task_id, flush=True)

    with library(address) as shelf:
        author = OpenAIAuthor("m", base_url=url, api_key="k")
        agent = Agent(author, library=shelf, tools=[count_seats])
        agent.session(NAME, tasks(count)).run_sync(observer=tell, parallel=parallel)


if __name__ == "__main__":
    main()
