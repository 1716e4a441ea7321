from __future__ import annotations

import asyncio

from habilis.agent.author import Author, Purpose, Reply, Request, Step
from habilis.agent.authors.compose.author import ComposeAuthor
from habilis.agent.example import Example
from habilis.agent.parse import parse_reply
from habilis.agent.task import Task
from habilis.skills.outcome import Outcome, OutcomeKind

SURNAMES = (
    Example(inputs=("Ada Lovelace",), output="Lovelace"),
    Example(inputs=("Alan Mathison Turing",), output="Turing"),
)
TASK = Task("Give the surname", name="surname", examples=SURNAMES)


def ask(
    task: Task = TASK,
    *,
    purpose: Purpose = Purpose.ACT,
    steps: tuple[Step, ...] = (),
    seconds: float | None = None,
) -> Reply:
    author: Author = ComposeAuthor(seconds=2.0)
    request = Request(purpose=purpose, task=task, messages=(), steps=steps, seconds=seconds)
    return asyncio.run(author.reply(request))


def code_of(reply: Reply) -> str:
    return "\n\n".join(parse_reply(reply.text).code)


def tried(source: str) -> Step:
    return Step(reply="", source=source, outcome=Outcome(kind=OutcomeKind.OK))


def test_a_reply_reads_like_a_models() -> None:
    """One line of prose, one block with the function, handed over by name; it costs nothing."""
    reply = ask()
    code = code_of(reply)
    assert code.rstrip().endswith("final_answer(surname)")
    given: list[object] = []
    exec(code, {"final_answer": given.append})
    function = given[0]
    assert callable(function) and function("Grace Hopper") == "Hopper"
    assert (reply.usage.tokens, reply.usage.usd) == (0, 0.0)
    assert reply.gave_up == ""


def test_without_examples_it_gives_up() -> None:
    """There is nothing to search from; the reason says what is missing."""
    assert "no examples to work from" in ask(Task("Tell me a joke")).gave_up


def test_when_nothing_fits_it_says_how_much_was_tried() -> None:
    """The reason has the count; no code is proposed."""
    rows = tuple(Example(inputs=(n,), output=text) for n, text in ((1, "q!"), (2, "Zz"), (3, "%_")))
    reply = ask(Task("Guess", name="guess", examples=rows), seconds=0.5)
    assert "tried" in reply.gave_up and reply.text == ""


def test_a_refused_program_is_not_proposed_again() -> None:
    """The steps so far are read: the next proposal is another function."""
    first = code_of(ask())
    again = ask(steps=(tried(first),))
    assert again.gave_up or code_of(again) != first


def test_the_solving_function_is_the_abstraction() -> None:
    """It is general already: given back without the hand-over."""
    code = code_of(ask())
    source = code_of(ask(purpose=Purpose.ABSTRACT, steps=(tried(code),)))
    assert "def surname(" in source and "final_answer" not in source


def test_it_cannot_mend() -> None:
    """A refused skill has no other form here."""
    assert ask(purpose=Purpose.REPAIR).gave_up
    assert ask(purpose=Purpose.ABSTRACT).gave_up
