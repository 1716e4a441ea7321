from __future__ import annotations

import pytest

from habilis import Agent, Budget, Expected, Limits, ScriptedAuthor, SkillLibrary, Task
from habilis.agent.author import Request


def code(source: str) -> str:
    return f"```python\n{source}\n```"


def circles(request: Request) -> str:
    """The same action in ever other words."""
    number = len(request.messages)
    return code(f"# try {number}\nx  =  1{chr(10) * number}print(x)  # again")


def turns(request: Request) -> str:
    """Two actions in turn."""
    return code("print(1)" if len(request.messages) % 4 < 2 else "print(2)")


def endless(request: Request) -> str:
    """Always something else that never ends."""
    return code(f"n = {len(request.messages)}\nwhile True: n += 1")


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (lambda request: "\x00 \ud800 %% " * 50_000, "unusable_replies"),
        (lambda request: "", "unusable_replies"),
        (circles, "repeated"),
        (turns, "repeated"),
        (endless, "steps"),
        (lambda request: "<solution>one two</solution>", "failed_checks"),
    ],
)
def test_a_model_that_gets_nowhere_is_stopped_and_the_session_goes_on(
    library: SkillLibrary, write: object, reason: str
) -> None:
    """Nonsense, circles and actions without end: a reason each, and the next task is solved."""

    def reply(request: Request) -> str:
        if request.task.id == "fine":
            return "NOTHING" if request.purpose == "abstract" else code("final_answer(1)")
        assert callable(write)
        return str(write(request))

    tasks = [Task(f"Say 1 ({name}).", id=name, checks=[Expected(1)]) for name in ("odd", "fine")]
    agent = Agent(
        ScriptedAuthor(reply),
        library=library,
        budget=Budget(steps=6),
        limits=Limits(action_s=0.2),
    )
    odd, fine = agent.session("s", tasks).run_sync()
    assert (odd.stop_reason, odd.solved) == (reason, False) and odd.detail
    assert fine.solved and set(library.journal.finished("s")) == {"odd", "fine"}


def test_nonsense_does_not_fill_the_conversation() -> None:
    """Of a long reply without code only the ends stay, beside what to do instead."""
    author = ScriptedAuthor(["blah " * 100_000, code("final_answer(1)")])
    assert Agent(author).run_sync("Say 1.").output == 1
    assert len(author.requests[1].messages[2].content) <= 2_000


def test_an_action_may_come_again_where_the_steps_are_unlimited() -> None:
    """Twice is no circle; without a limit of steps the third time still ends the task."""
    replies = [code("print(1)"), code("print(1)"), code("final_answer(2)")]
    agent = Agent(ScriptedAuthor(replies), budget=Budget(steps=None))
    assert agent.run_sync("Say 2.").output == 2
    agent = Agent(ScriptedAuthor(circles), budget=Budget(steps=None))
    assert agent.run_sync("Say 2.").stop_reason == "repeated"
