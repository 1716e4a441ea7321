from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pydantic import BaseModel

from habilis import (
    Agent,
    Budget,
    Expected,
    KeptBack,
    Limits,
    Satisfies,
    ScriptedAuthor,
    SkillLibrary,
    Task,
)
from habilis.agent.example import Example
from habilis.agent.judge import value_of_text
from habilis.errors import ConfigError, LimitReached, TaskError
from habilis.events import Acted, Event, Notice, SkillKept, SkillNotKept, TaskFinished, TaskStarted

FENCE_COST = """The fence goes around: sides times length, times the price.

```python
perimeter = 5 * 10
final_answer(perimeter * 100)
```
"""
FENCE_TOOL = '''```python
def fence_cost(sides: int, length_m: float, price_per_m: float) -> float:
    """Return the cost of a fence around a regular polygon."""
    return sides * length_m * price_per_m


assert fence_cost(5, 10, 100) == 5000
assert fence_cost(4, 2.5, 10) == 100
```'''
DOUBLE = '''```python
def double(number: int) -> int:
    """Return twice the number."""
    return 2 * number

final_answer(double)
```'''


def code(source: str) -> str:
    return f"```python\n{source}\n```"


def test_a_solved_task_becomes_a_skill_that_the_next_task_calls(library: SkillLibrary) -> None:
    """Act, check, abstract, prove, keep; then recall and call."""
    author = ScriptedAuthor([FENCE_COST, FENCE_TOOL])
    agent = Agent(author, library=library)
    result = agent.run_sync(
        "Cost of a fence around 5 sides of 10 m at 100 a metre?", checks=[Expected(5000)]
    )
    assert (result.output, result.solved, result.stop_reason) == (5000, True, "answered")
    assert result.skills_made == ("fence_cost",) and library["fence_cost"](3, 2, 1) == 6

    author = ScriptedAuthor([code("final_answer(fence_cost(6, 10, 100))")])
    result = Agent(author, library=library).run_sync("What does a fence with 6 sides cost?")
    assert (result.output, result.solved) == (6000, None)
    assert result.skills_used == ("fence_cost",) and result.skills_made == ()
    assert "fence_cost(sides: int" in author.requests[0].messages[0].content


def test_a_skill_made_earlier_can_be_called_in_the_same_session(library: SkillLibrary) -> None:
    """A composed skill pins what it calls."""
    composed = '''```python
from skills import fence_cost

def fence_cost_with_vat(sides: int, length_m: float, price_per_m: float, vat: float) -> float:
    """Return the cost of a fence around a regular polygon, with VAT."""
    return fence_cost(sides, length_m, price_per_m) * (1 + vat)

assert fence_cost_with_vat(5, 10, 100, 0.2) == 6000
```'''
    replies = [FENCE_COST, FENCE_TOOL, code("final_answer(fence_cost(5, 10, 100) * 1.2)"), composed]
    session = Agent(ScriptedAuthor(replies), library=library).session(
        "fences",
        [
            Task("Cost of the fence?", id="a", checks=(Expected(5000),)),
            Task("Cost of the fence with VAT?", id="b", checks=(Expected(6000),)),
        ],
    )
    first, second = session.run_sync()
    assert first.skills_made == ("fence_cost",)
    assert second.skills_made == ("fence_cost_with_vat",) and second.skills_used == ("fence_cost",)
    kept = library.get("fence_cost_with_vat")
    assert kept.requires == {"fence_cost": library.get("fence_cost").hash}
    assert library["fence_cost_with_vat"](1, 1, 100, 0.5) == 150


def test_a_task_by_examples_is_solved_again_by_recall_alone(library: SkillLibrary) -> None:
    """The second time no author is asked."""
    task = Task(
        "Double the number.",
        examples=(Example(inputs=(1,), output=2), Example(inputs=(4,), output=8)),
        checks=(KeptBack((Example(inputs=(7,), output=14),)),),
    )
    result = Agent(ScriptedAuthor([DOUBLE]), library=library).run_sync(task)
    assert result.solved and result.skills_made == ("double",) and result.function == "double"
    assert "def double" in str(result.output)
    assert len(library.get("double").cases) == 3

    silent = ScriptedAuthor([])
    result = Agent(silent, library=library).run_sync(task)
    assert (result.solved, result.stop_reason, result.function) == (True, "recalled", "double")
    assert silent.requests == []


def test_errors_name_the_codes_own_line_and_the_author_mends_them() -> None:
    """Variables live on after an error."""
    author = ScriptedAuthor([code("x = 20\ny = x / 0"), code("final_answer(x + 1)")])
    result = Agent(author).run_sync("Add.")
    assert result.output == 21
    seen = author.requests[1].messages[-1].content
    assert "line 2" in seen and "ZeroDivisionError" in seen and "habilis" not in seen


def test_a_reply_without_code_is_corrected_and_costs_no_step() -> None:
    """Three in a row end the task with a reason."""
    author = ScriptedAuthor(["I think it is 4.", code("final_answer(4)")])
    result = Agent(author, budget=Budget(steps=1)).run_sync("2 + 2?")
    assert result.output == 4 and result.steps[0].source == ""
    result = Agent(ScriptedAuthor(["Hm."] * 3)).run_sync("2 + 2?")
    assert (result.stop_reason, result.answered) == ("unusable_replies", False)


def test_checks_are_never_shown_and_limit_the_attempts(library: SkillLibrary) -> None:
    """A wrong answer is called wrong, without a word of what is right."""
    author = ScriptedAuthor([code(f"final_answer({n})") for n in (1, 2, 3)])
    task = Task(
        "Guess.", checks=(Expected(123456), Satisfies(lambda value: value != 0)), attempts=2
    )
    result = Agent(author, library=library).run_sync(task)
    assert (result.solved, result.stop_reason) == (False, "failed_checks")
    assert len(author.requests) == 2 and len(library) == 0
    shown = "\n".join(m.content for request in author.requests for m in request.messages)
    assert "wrong" in shown and "123456" not in shown


def test_a_limit_gives_a_partial_result() -> None:
    """The trajectory so far is in it; raising is opt-in."""
    replies = [code(f"print({n})") for n in range(9)]
    result = Agent(ScriptedAuthor(replies), budget=Budget(steps=2)).run_sync("Print.")
    assert (result.stop_reason, result.answered, len(result.steps)) == ("steps", False, 2)
    assert result.steps[1].outcome is not None and result.steps[1].outcome.printed == "1\n"
    with pytest.raises(LimitReached, match="steps"):
        Agent(ScriptedAuthor(replies), budget=Budget(steps=2), raise_on_limit=True).run_sync(
            "Print."
        )


def test_the_same_action_three_times_ends_the_task() -> None:
    """A model that repeats itself is stopped with a reason."""
    result = Agent(ScriptedAuthor([code("print(1)")] * 5)).run_sync("Print.")
    assert result.stop_reason == "repeated" and len(result.steps) == 2


def test_tools_run_on_the_host_and_files_lie_in_the_workspace(tmp_path: Path) -> None:
    """Inputs are variables, files are copies, tools see real Python values."""
    file = tmp_path / "orders.csv"
    file.write_text("item,price\nnut,2\nbolt,3\n")
    calls = []

    def rate(currency: str, *, day: int = 1) -> float:
        """Return the exchange rate."""
        calls.append((currency, day))
        return 1.5

    author = ScriptedAuthor(
        [
            code(
                "import csv\nrows = list(csv.DictReader(open('orders.csv')))\n"
                "final_answer(sum(float(r['price']) for r in rows) * rate(currency, day=2))"
            ),
            "NOTHING",
        ]
    )
    agent = Agent(author, tools=[rate])
    result = agent.run_sync("Total in euro?", inputs={"currency": "EUR"}, files=[file])
    assert result.output == 7.5 and calls == [("EUR", 2)]
    opening = "\n".join(m.content for m in author.requests[0].messages)
    assert (
        "rate(currency: str" in opening and "item,price" in opening and "`currency`: str" in opening
    )


def test_the_answer_is_validated_against_the_output_type() -> None:
    """What does not fit goes back to the author with the reason."""

    class Trend(BaseModel):
        slope: float
        rising: bool

    author = ScriptedAuthor(
        [
            code("final_answer({'slope': 'steep'})"),
            code("final_answer({'slope': 2, 'rising': True})"),
        ]
    )
    result = Agent(author).run_sync("Trend?", output_type=Trend)
    assert result.output == Trend(slope=2, rising=True)
    assert "does not fit" in author.requests[1].messages[-1].content


def test_a_draft_whose_assert_is_wrong_is_mended_once(library: SkillLibrary) -> None:
    """The evidence goes to the author; the mended draft is kept."""
    wrong = FENCE_TOOL.replace("== 100\n", "== 101\n")
    author = ScriptedAuthor([FENCE_COST, wrong, FENCE_TOOL])
    result = Agent(author, library=library).run_sync("Cost?", checks=[Expected(5000)])
    assert result.skills_made == ("fence_cost",)
    assert "101" in author.requests[2].messages[-1].content


@pytest.mark.parametrize(
    ("tool", "check"),
    [
        (FENCE_TOOL.replace(" -> float", ""), "form"),
        (FENCE_TOOL.replace("fence_cost", "solve"), "form"),
        (
            FENCE_TOOL.replace("== 5000", "== 5000\n#")
            .replace("(5, 10, 100)", "(1, 2, 3)")
            .replace("== 5000", "== 6"),
            "draft",
        ),
        (
            FENCE_TOOL.replace(
                "return sides", "return len({'a', 'b'}) and list({'a', 'b', 'c'}) or sides"
            ),
            "",
        ),
        ("NOTHING", "abstract"),
    ],
)
def test_what_does_not_hold_is_not_kept(library: SkillLibrary, tool: str, check: str) -> None:
    """The task stays solved; the event names the check."""
    seen: list[Event] = []
    author = ScriptedAuthor([FENCE_COST, tool, tool])
    agent = Agent(author, library=library, observer=seen.append)
    result = agent.run_sync("Cost?", checks=[Expected(5000)])
    assert result.solved and result.skills_made == () and len(library) == 0
    refused = [event for event in seen if isinstance(event, SkillNotKept)]
    assert not check or refused[0].check == check


def test_a_mere_wrapper_of_a_skill_is_not_kept(library: SkillLibrary) -> None:
    """Another name for what we have is a copy, also when it calls the skill."""
    agent = Agent(ScriptedAuthor([FENCE_COST, FENCE_TOOL]), library=library)
    agent.run_sync("Cost?", checks=[Expected(5000)])
    wrapper = FENCE_TOOL.replace("fence_cost", "enclosure_price")
    wrapper = wrapper.replace(
        "return sides * length_m * price_per_m", "return fence_cost(sides, length_m, price_per_m)"
    )
    wrapper = wrapper.replace(
        "def enclosure_price", "from skills import fence_cost\n\ndef enclosure_price"
    )
    agent = Agent(ScriptedAuthor([FENCE_COST, wrapper]), library=library)
    assert agent.run_sync("Price?", checks=[Expected(5000)]).skills_made == ()


def test_a_copy_of_a_skill_is_not_kept_twice(library: SkillLibrary) -> None:
    """Equal on all cases and alike in words: the task becomes one more use of the old skill."""
    agent = Agent(ScriptedAuthor([FENCE_COST, FENCE_TOOL]), library=library)
    agent.run_sync("Cost?", checks=[Expected(5000)])
    copy = FENCE_TOOL.replace("fence_cost", "polygon_fence_cost").replace(
        "sides * length_m", "length_m * sides"
    )
    seen: list[Event] = []
    agent = Agent(ScriptedAuthor([FENCE_COST, copy]), library=library, observer=seen.append)
    assert agent.run_sync("Cost of it?", checks=[Expected(5000)]).skills_made == ()
    assert [e.check for e in seen if isinstance(e, SkillNotKept)] == ["novelty"]


def test_events_tell_the_story_and_end_with_the_result(library: SkillLibrary) -> None:
    """Typed events in order; the log in the library's folder holds the same."""

    async def collect() -> list[object]:
        agent = Agent(ScriptedAuthor([FENCE_COST, FENCE_TOOL]), library=library)
        return [item async for item in agent.events(Task("Cost?", checks=(Expected(5000),)))]

    items = asyncio.run(collect())
    kinds = [type(item) for item in items]
    assert kinds[0] is TaskStarted and kinds[-2] is TaskFinished
    assert Acted in kinds and SkillKept in kinds and getattr(items[-1], "output", None) == 5000
    log = (library.path / "events.jsonl").read_text().splitlines()
    assert len(log) == len(items) - 1 and '"event": "task_started"' in log[0]


def test_bad_settings_are_refused() -> None:
    """Each says what to write instead."""
    with pytest.raises(ConfigError, match="no author 'gpt'"):
        Agent("gpt")
    with pytest.raises(ConfigError, match="named function"):
        Agent("compose", tools=[lambda x: x])
    with pytest.raises(TaskError, match="in the Task itself"):
        Agent("compose").run_sync(Task("x"), inputs={"a": 1})


def test_recalled_skills_do_not_hide_inputs_or_tools(library: SkillLibrary) -> None:
    """A saved skill of the name of an input is neither shown nor imported."""
    Agent(ScriptedAuthor([FENCE_COST, FENCE_TOOL]), library=library).run_sync(
        "Fence cost?", checks=[Expected(5000)]
    )
    author = ScriptedAuthor([code("final_answer(fence_cost)"), "NOTHING"])
    result = Agent(author, library=library).run_sync("Fence cost?", inputs={"fence_cost": 3})
    assert result.output == 3
    assert "fence_cost(sides" not in author.requests[0].messages[0].content


def test_a_library_that_cannot_be_written_loses_no_answer(library: SkillLibrary) -> None:
    """The result comes back; a notice says that nothing was kept."""
    Agent(ScriptedAuthor([FENCE_COST, FENCE_TOOL]), library=library).run_sync(
        "Fence cost?", checks=[Expected(5000)]
    )
    seen: list[Event] = []
    with SkillLibrary(library.path, read_only=True) as reader:
        author = ScriptedAuthor([code("final_answer(fence_cost(1, 2, 3))")])
        result = Agent(author, library=reader, observer=seen.append).run_sync("Fence cost?")
    assert result.output == 6 and any(isinstance(event, Notice) for event in seen)


def test_seconds_hold_while_an_answer_is_judged() -> None:
    """An endless function is stopped at its first example."""
    examples = tuple(Example(inputs=(n,), output=n) for n in range(1000))
    endless = code("def same(n: int) -> int:\n    while True: pass\nfinal_answer(same)")
    agent = Agent(
        ScriptedAuthor([endless] * 3), limits=Limits(action_s=0.2), budget=Budget(seconds=2)
    )
    result = agent.run_sync(Task("Give it back.", examples=examples))
    assert result.solved is False and result.seconds < 30


@pytest.mark.parametrize(
    ("text", "value"),
    [("1,234", 1234), ("$1,000,000", 1000000), ("(1, 2)", (1, 2)), ("3.50", 3.5), ("B)", "B)")],
)
def test_answers_written_as_text(text: str, value: object) -> None:
    """Thousands are numbers, not tuples."""
    assert value_of_text(text) == value


def test_answers_that_cannot_leave_the_sandbox_are_sent_back() -> None:
    """Also inside a list; it is no attempt at the answer."""
    author = ScriptedAuthor(
        [code("final_answer([i for i in [(x for x in 'a')]])"), code("final_answer(1)")]
    )
    result = Agent(author).run_sync(Task("One.", checks=(Expected(1),), attempts=1))
    assert result.solved and "generator" in author.requests[1].messages[-1].content


def test_huge_numbers_and_odd_objects_do_no_harm() -> None:
    """Nothing that a model answers may end the run with an exception."""
    for source in ("10**5000", "[10**5000]", "float('nan')", "b'x' * 10**6", "{1: {2: {3}}}"):
        author = ScriptedAuthor([code(f"final_answer({source})")])
        result = Agent(author).run_sync(Task("Five.", checks=(Expected(5),), attempts=1))
        assert result.solved is False


def test_wrong_use_says_what_to_write() -> None:
    """Each with the class of error it is."""
    agent = Agent(ScriptedAuthor([]))
    with pytest.raises(TaskError, match=r"\[input, ...\], output"):
        agent.run_sync("x", examples=[("Ada", "A")])
    with pytest.raises(TaskError, match="needs an instruction"):
        agent.run_sync(" ")
    with pytest.raises(TaskError, match="attempts=0"):
        Task("x", attempts=0)
    with pytest.raises(ConfigError, match="nothing pydantic can validate"):
        agent.run_sync("x", output_type=Agent)

    async def inside() -> None:
        agent.run_sync("x")

    with pytest.raises(ConfigError, match=r"await agent\.run"):
        asyncio.run(inside())
