from __future__ import annotations

import pytest
from rich.console import Console

from habilis.agent.budget import StopReason
from habilis.agent.cli.clean import clean, clean_lines, clean_values
from habilis.agent.cli.screen import Screen, describe, results_table
from habilis.agent.result import Result
from habilis.events import (
    Acted,
    AnswerChecked,
    Event,
    Paused,
    SkillNotKept,
    TaskFinished,
    TaskStarted,
)

HOSTILE = "a\x1b[2Jb\u202ec\x9b31m\r\x07[red]d"


@pytest.mark.parametrize(
    "event",
    [
        TaskStarted(at=0, task_id=HOSTILE, instruction=HOSTILE),
        AnswerChecked(at=0, passed=False, detail=HOSTILE),
        SkillNotKept(at=0, name=HOSTILE, check=HOSTILE, evidence=HOSTILE),
        Acted(
            at=0,
            step=1,
            source=HOSTILE,
            outcome="ok",
            observation=HOSTILE,
            seconds=0,
            skills_called=(HOSTILE,),
            tools_called=(),
        ),
    ],
)
def test_progress_holds_plain_characters_only(event: Event) -> None:
    """What models and tasks say cannot move the cursor or turn the text."""
    assert describe(event).isprintable() and "\\[red]d" in describe(event)


def test_text_for_the_screen() -> None:
    """One line, or lines as they are with the rest written out."""
    assert clean(HOSTILE) == "a [2Jb c 31m \\[red]d"
    assert clean("x" * 900).startswith("xxx") and len(clean("x" * 900)) <= 300
    assert clean_lines("a\n\tb é") == "a\n\tb é"


def test_a_value_on_the_screen_has_all_its_spaces() -> None:
    """Who is asked what it should give has to see what it is."""
    assert clean_values(["a  b ", "c`d", 1], 60) == "'a  b ', 'c`d', 1"
    hostile = clean_values([HOSTILE], 60)
    assert hostile.isprintable() and "\\[red]d" in hostile
    assert clean_lines("\x1b[2J\u202e\x9b\r") == r"\x1b[2J\u202e\x9b\r"


def test_no_answer_is_no_success() -> None:
    """A task that nothing judges is not "answered" when its author gave up."""
    ends = [
        TaskFinished(
            at=0,
            solved=solved,
            stop_reason=reason,
            seconds=1,
            tokens=1,
            usd=None,
            detail=HOSTILE,
            skills_used=(),
            skills_made=(),
        )
        for solved, reason in ((None, "gave_up"), (None, "answered"), (False, "gave_up"))
    ]
    assert all(describe(end).isprintable() for end in ends)
    marks = [describe(end).split(" in ")[0].strip() for end in ends]
    assert ["2J" in describe(end) for end in ends] == [True, False, True]  # the reason
    assert marks == ["[red]no answer[/]", "answered", "[red]not solved[/]"]
    results = [
        Result(task_id="a", stop_reason=StopReason.GAVE_UP),
        Result(task_id="b", answer=1, stop_reason=StopReason.ANSWERED),
    ]
    console = Console(width=100)
    with console.capture() as capture:
        console.print(results_table(results))
    first, second = (line for line in capture.get().splitlines() if line[2:4] in ("a ", "b "))
    assert "no answer" in first and "unchecked" in second


def test_a_table_of_results_says_why_tasks_are_not_solved(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also where it goes to a file: a line each, twenty at most."""
    results = [
        Result(task_id="a", stop_reason=StopReason.FAILED_CHECKS, solved=False, detail="4, not 5"),
        Result(task_id="b", stop_reason=StopReason.ANSWERED, solved=True, answer=1),
        *(Result(task_id=f"c{n}", stop_reason=StopReason.STEPS, solved=False) for n in range(30)),
    ]
    Screen().results(results)
    text = capsys.readouterr().out
    assert "a: 4, not 5\n" in text
    assert "c18: out of steps\n" in text and "c19: out" not in text and "\nb:" not in text
    assert "and 11 more without a solution" in text


def test_the_wait_for_learning_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """The answer is printed last; until then it is said what goes on."""
    event = AnswerChecked(at=0, passed=True, detail="")
    Screen(always=True, learns=False)(event)
    assert capsys.readouterr().err == ""
    Screen(always=True, learns=True)(event)
    assert "looking for a skill" in capsys.readouterr().err


def test_what_stands_between_colons_is_no_picture(capsys: pytest.CaptureFixture[str]) -> None:
    """A clock's `h:m:s`, or an author called `openai:m`, is printed as it is."""
    screen = Screen(always=True)
    screen(TaskStarted(at=0, task_id="clock", instruction="Seconds of h:m:s, as openai:m: does."))
    assert "h:m:s, as openai:m: does" in capsys.readouterr().err


def test_lines_of_tasks_side_by_side_say_whose_they_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is not about the task of the line above begins with its task."""
    screen = Screen(always=True)
    for task in ("one", "two"):
        screen(TaskStarted(at=0, task_id=task, instruction="x"))
    for task in ("two", "one", "one"):
        screen(AnswerChecked(at=0, task_id=task, passed=False, detail="4, not 5"))
    lines = capsys.readouterr().err.splitlines()
    assert lines[2:] == ["  not right 4, not 5", "one  not right 4, not 5", "  not right 4, not 5"]


def test_who_watches_is_told_why_nothing_moves(capsys: pytest.CaptureFixture[str]) -> None:
    """A session that waits for its endpoint says so, and for how long."""
    Screen(always=True)(Paused(at=0, reason="nothing answers at [x]", seconds=2.4))
    assert "waits 2 s: nothing answers at [x]" in capsys.readouterr().err
