from __future__ import annotations

import asyncio

from habilis import Request, ScriptedAuthor, Task
from habilis.agent.author import Purpose

REQUEST = Request(purpose=Purpose.ACT, task=Task("x"), messages=[])


def test_replies_come_in_order_and_end() -> None:
    """After the last one it gives up, and says after how many."""
    author = ScriptedAuthor(["a", "b"])
    replies = [asyncio.run(author.reply(REQUEST)) for _ in range(3)]
    assert [reply.text for reply in replies] == ["a", "b", ""]
    assert replies[2].gave_up == "the script is over after 2 replies"
    assert author.requests == [REQUEST] * 3


def test_a_function_answers_each_request() -> None:
    """It sees what the author is asked."""
    author = ScriptedAuthor(lambda request: request.task.instruction, name="echo")
    assert (asyncio.run(author.reply(REQUEST)).text, author.name) == ("x", "echo")
