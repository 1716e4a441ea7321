from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from habilis import Agent, Budget, Expected, SkillLibrary
from habilis.agent.author import Message, Step
from habilis.agent.authors.openai import OpenAIAuthor
from habilis.agent.cli import app
from habilis.agent.context import Context, DoesNotFit, summary
from habilis.agent.tokens import UNKNOWN_WINDOW, estimate, size_of, window_of
from habilis.agent.variables import list_variables
from habilis.errors import ConfigError
from habilis.events import Event, Notice
from habilis.skills.outcome import Outcome, OutcomeKind
from habilis.skills.sandbox.client import Worker
from tests.chat_server import ChatServer, Fault

HEAD = [
    Message(role="system", content="How to work. skill_card(x)"),
    Message(role="user", content="The task."),
]


def step(number: int, *, size: int = 2_000) -> Step:
    outcome = Outcome(kind=OutcomeKind.OK, printed=f"seen {number}")
    source = f"value_{number} = {number}\nprint(value_{number})"
    return Step(
        reply=f"```python\n{source}\n```",
        source=source,
        outcome=outcome,
        observation=f"begin {number} {'word ' * (size // 5)} end {number}",
    )


def conversation(steps: Sequence[Step]) -> list[Message]:
    said = [
        (Message(role="assistant", content=s.reply), Message(role="user", content=s.observation))
        for s in steps
    ]
    return [*HEAD, *(message for pair in said for message in pair)]


async def no_variables() -> tuple[str, ...]:
    return ("rows: list of 3 = [1, 2, 3]",)


def fit(steps: Sequence[Step], *, window: int | None) -> tuple[Message, ...]:
    context = Context(window, variables=no_variables)
    return asyncio.run(context.fitted(conversation(steps), steps))


def test_what_fits_is_left_alone() -> None:
    """Without a window, or with room in it, every message goes out as it is."""
    steps = [step(n) for n in range(5)]
    assert fit(steps, window=None) == tuple(conversation(steps)) == fit(steps, window=100_000)


def test_old_observations_are_shortened_before_anything_is_summed_up() -> None:
    """Head, replies and the last three turns stay letter for letter."""
    steps = [step(n) for n in range(12)]
    messages, sent = conversation(steps), fit(steps, window=10_000)
    assert (
        len(sent) == len(messages) and list(sent[:2]) == HEAD and list(sent[-6:]) == messages[-6:]
    )
    assert [m for m in sent if m.role == "assistant"] == [
        m for m in messages if m.role == "assistant"
    ]
    assert "characters cut" in sent[3].content and sent[3].content.startswith("begin 0")
    assert sent[3].content.endswith("end 0") and size_of(sent) <= 10_000


def test_a_long_trajectory_ends_in_a_summary_with_the_variables() -> None:
    """What was done and found stays in a line each, and roles go on alternating."""
    steps = [step(n) for n in range(200)]
    messages, sent = conversation(steps), fit(steps, window=8_000)
    assert size_of(sent) <= 8_000 and sent[0] == HEAD[0] and list(sent[-6:]) == messages[-6:]
    task = sent[1].content
    assert task.startswith("The task.\n") and "`rows: list of 3 = [1, 2, 3]`" in task
    assert re.search(
        r"- 1\d\d\. `value_1\d\d = 1\d\d` and 1 more, setting value_1\d\d: printed seen 1\d\d",
        task,
    )
    assert re.search(r"- 1 to 1\d\d: 1\d\d of 1\d\d ran without an error", task)
    assert [m.role for m in sent[1:]] == ["user", "assistant"] * (len(sent) // 2 - 1) + ["user"]


def test_cuts_come_seldom_and_only_grow() -> None:
    """Most requests begin with all that was sent before: servers cache by the beginning."""
    context, steps, kept = Context(16_000, variables=no_variables), list[Step](), 0
    before: tuple[Message, ...] = ()
    for number in range(100):
        steps.append(step(number))
        sent = asyncio.run(context.fitted(conversation(steps), steps))
        assert size_of(sent) <= 16_000
        kept += sent[: len(before)] == before
        before = sent
    assert kept >= 80


def test_one_history_gives_one_request() -> None:
    """Resuming a session asks with the same messages, or its answers could not be replayed."""
    steps = [step(n) for n in range(60)]
    assert fit(steps, window=9_000) == fit(steps, window=9_000)


def test_the_last_steps_give_way_one_by_one_and_the_task_never() -> None:
    """Of three huge turns the last stays; one that fits nowhere is named with what to do."""
    steps = [step(n, size=9_000) for n in range(4)]
    sent = fit(steps, window=7_000)
    assert sent[0] == HEAD[0] and sent[-1].content == steps[-1].observation
    with pytest.raises(DoesNotFit, match=r"set context_tokens"):
        fit([replace(step(1), reply="word " * 9_000)], window=7_000)
    tight = fit([step(1, size=90_000)], window=7_000)
    assert tight[:3] == tuple(conversation([step(1)])[:3]) and tight[-1].content.endswith("end 1")


def test_a_summary_says_what_failed_and_what_was_no_code() -> None:
    """Untrusted text stays one line, and names bound inside functions are not listed."""
    failed = Outcome(kind=OutcomeKind.RAISED, error="line 1\nKeyError: 'a\u202eb\x1b[2J'")
    source = (
        "def f(a):\n    hidden = a\nx = [i for i in (1, 2)]\nfor row in x:\n    y, (z, *rest) = row"
    )
    ran = Outcome(kind=OutcomeKind.OK)
    text = summary(
        [
            Step(reply="hm", observation="Write a block."),
            Step(reply="r", source="d['a']", outcome=failed),
            Step(reply="r", source=source, outcome=ran),
            Step(reply="r", source="print((", outcome=failed),
        ],
        (),
        lines=30,
        chars=160,
    )
    assert "1. no block that could run" in text
    assert "2. `d['a']`: KeyError: 'a b [2J'" in text
    assert "setting f, x, row, y, z, rest: printed nothing" in text and "hidden" not in text
    assert "Variables" not in text


def test_the_sandbox_lists_its_variables() -> None:
    """Names, types, sizes and short values; no modules, no addresses, no hidden names."""
    source = "import math\nn = None\nrows = [1, 2, 3]\n"
    source += "name = 'x' * 5_000\ndef f(): ...\nclass C: ...\nc = C()"
    with Worker() as worker:
        worker.define({"given": {"a": 1}})
        worker.run(source)

        async def run(code: str) -> Outcome:
            return worker.run(code)

        lines = asyncio.run(list_variables(run))
        assert lines[:2] == ("given: dict of 1 = {'a': 1}", "rows: list of 3 = [1, 2, 3]")
        assert lines[2].startswith("name: str of 5,000 = 'xxx") and len(lines[2]) <= 300
        assert lines[3:] == ("f: function", "c: C = <__main__.C object>")
        worker.run("class Bad:\n    def __repr__(self): raise ValueError\nbad = Bad()")
        assert asyncio.run(list_variables(run))[-1] == "bad: Bad"
        worker.run("globals = 3")
        assert asyncio.run(list_variables(run)) == ()


@pytest.mark.parametrize(
    ("text", "least"),
    [
        ("The quick brown fox jumps over the lazy dog.", 10),  # 10 in cl100k_base
        ("x" * 300, 38),  # 38: eight letters a token
        ("3.14159265358979", 16),  # single digits, as Llama 2, Qwen and Gemma read them
        ("\n" * 10 + " " * 40, 11),
        ("日本語のテキスト", 8),
        ("Привет, мир", 6),
        ("🙂" * 10, 20),
        ("", 0),
    ],
)
def test_tokens_are_counted_conservatively(text: str, least: int) -> None:
    """The estimate is not below what tokenizers give."""
    assert estimate(text) >= least


def test_windows_are_known_set_or_assumed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The setting wins, then the variable, then what is known of the model."""
    monkeypatch.delenv("HABILIS_CONTEXT_TOKENS", raising=False)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.chdir(tmp_path)
    assert window_of("openai:gpt-4o") == 128_000
    assert window_of("openai:my-own") == UNKNOWN_WINDOW and window_of("compose") is None
    assert window_of("openai:gpt-4o", 9_000) == 9_000 == window_of("scripted", 9_000)
    monkeypatch.setenv("HABILIS_CONTEXT_TOKENS", "16_000")
    assert window_of("openai:gpt-4o") == 16_000
    for odd in ("0", "-5", "many", "1e5", "9" * 30):
        monkeypatch.setenv("HABILIS_CONTEXT_TOKENS", odd)
        with pytest.raises(ConfigError, match="HABILIS_CONTEXT_TOKENS"):
            window_of("openai:gpt-4o")
    monkeypatch.delenv("HABILIS_CONTEXT_TOKENS")
    with pytest.raises(ConfigError, match="context_tokens=True"):
        Agent("compose", context_tokens=True)
    run = CliRunner().invoke(app, ["run", "x", "--model", "m", "--context-tokens", "5"])
    assert run.exit_code == 2 and "Invalid value for '--context-tokens'" in run.output


def test_an_agent_solves_a_long_task_in_a_small_window(library: SkillLibrary) -> None:
    """Over a real server: every request fits, and the last answer uses an early variable."""

    def reply(body: dict[str, object]) -> str:
        number = len(server.requests)
        if number == 31:
            return "```python\nfinal_answer(secret + 1)\n```"
        first = "secret = 41\n" if number == 1 else ""
        return f"```python\n{first}print('{number} ' * 700)\n```"

    told: list[Event] = []
    with ChatServer(reply) as server:
        author = OpenAIAuthor("m", base_url=server.url)
        agent = Agent(
            author,
            library=library,
            context_tokens=6_000,
            learn=False,
            observer=told.append,
            budget=Budget(steps=40),
        )
        result = agent.run_sync("Find the secret.", checks=[Expected(42)])
    assert result.solved, result.detail
    for request in server.requests:
        messages = [Message(role=m["role"], content=m["content"]) for m in request["messages"]]
        assert size_of(messages) <= 6_000
        assert messages[1].content.startswith("Task: Find the secret.")
    assert "`secret: int = 41`" in server.requests[-1]["messages"][1]["content"]
    assert any(isinstance(event, Notice) and "window is full" in event.text for event in told)


def test_a_window_smaller_than_thought_is_found_out(library: SkillLibrary) -> None:
    """A server that refuses the length is asked again with less; a task too long ends the task."""

    def reply(body: dict[str, object]) -> str | Fault:
        if len(json.dumps(body)) > 24_000:
            return Fault(status=400, message="maximum context length exceeded")
        number = len(server.requests)
        return (
            "```python\nfinal_answer(7)\n```"
            if number > 12
            else f"```python\nprint('{number} ' * 1_300)\n```"
        )

    with ChatServer(reply) as server:
        agent = Agent(OpenAIAuthor("m", base_url=server.url), learn=False)
        result = agent.run_sync("Say seven.", checks=[Expected(7)])
        assert result.solved, result.detail
        result = agent.run_sync("Say seven. " + "word " * 8_000)
    assert result.stop_reason == "gave_up" and "window" in result.detail
