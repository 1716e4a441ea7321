from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from habilis.agent.cli.live import draw
from habilis.agent.cli.progress import Progress
from habilis.events import (
    Acted,
    AnswerChecked,
    AuthorAsked,
    AuthorReplied,
    Event,
    SkillKept,
    TaskFinished,
    TaskStarted,
)

LIMITS: dict[str, float] = {"steps": 5, "tokens": 1_000, "usd": 0.5, "seconds": 60}


def started(task: str = "a", *, limits: dict[str, float] | None = None) -> TaskStarted:
    return TaskStarted(at=100, task_id=task, instruction="Do it.", limits=limits or {})


def replied(tokens: int, usd: float | None, task: str = "a") -> AuthorReplied:
    return AuthorReplied(
        at=101,
        task_id=task,
        author="x",
        text="",
        input_tokens=tokens,
        output_tokens=0,
        usd=usd,
        seconds=1,
    )


def acted(step: int, *called: str) -> Acted:
    return Acted(
        at=102,
        task_id="a",
        step=step,
        source="x",
        outcome="ok",
        observation="",
        seconds=0,
        skills_called=called,
        tools_called=(),
    )


def finished(
    task: str = "a", *, solved: bool | None = True, usd: float | None = 0.2
) -> TaskFinished:
    return TaskFinished(
        at=110,
        task_id=task,
        solved=solved,
        stop_reason="answered",
        detail="",
        seconds=10,
        tokens=400,
        usd=usd,
        skills_used=("f",),
        skills_made=("g",),
    )


def after(*events: Event, total: int = 0) -> Progress:
    progress = Progress(total=total)
    for event in events:
        progress = progress.after(event)
    return progress


def text_of(progress: Progress, *, now: float = 103) -> str:
    console = Console(width=200, color_system=None)
    with console.capture() as capture:
        console.print(draw(progress, now=now))
    return capture.get()


def test_a_search_that_ends_by_itself_says_when() -> None:
    """Time left is shown while the author searches, not after."""
    asked = AuthorAsked(at=101, task_id="a", author="x", purpose="act", seconds=3.0)
    assert "searches, 2 s left" in text_of(after(started(limits=LIMITS), asked), now=102.5)
    assert "searches, 0 s left" in text_of(after(started(limits=LIMITS), asked), now=109)
    replied_to = after(started(limits=LIMITS), asked, replied(300, 0.1))
    assert "searches" not in text_of(replied_to)


def test_a_running_task_tells_what_is_spent_and_left() -> None:
    """Steps, tokens, money and seconds, each against its limit."""
    asked = AuthorAsked(at=101, task_id="a", author="x", purpose="act")
    progress = after(
        started(limits=LIMITS), asked, replied(300, 0.1), acted(1, "f", "f"), acted(2, "f")
    )
    task = progress.running["a"]
    assert (task.steps, task.tokens, task.usd, task.used) == (2, 300, 0.1, ("f",))
    assert task.left(103) == {"steps": 3, "tokens": 700, "usd": 0.4, "seconds": 57}
    assert task.left(10**6)["seconds"] == 0
    (line, sums) = text_of(progress).splitlines()
    assert re.split(r"  +", line.strip()) == [
        "a",
        "step 2/5",
        "3/60 s",
        "300/1,000 tokens",
        "$0.10/$0.50",
        "60% left",
        "looks at what came back (1 used)",
    ]
    assert sums.startswith("0 done · 0 solved · 300 tokens · $0.10 · 0 skills made · used in 0")


def test_without_limits_nothing_is_left_to_tell() -> None:
    """An unknown price is no price, and against a limit in money nothing is left."""
    progress = after(started(), replied(10, None))
    assert "left" not in text_of(progress) and "$" not in text_of(progress)
    assert after(started(limits={"usd": 1.0}), replied(10, None)).running["a"].left(101) == {
        "usd": 0.0
    }


def test_a_sessions_budget_is_what_all_its_runs_have_left() -> None:
    """The limit nearest to its end decides; what earlier runs have spent counts."""
    begun = Progress(
        total=9, done=3, limits={"tokens": 2_000, "steps": 100}, tokens=900, steps=10, started_at=90
    )
    progress = begun.after(started()).after(replied(100, 0.1)).after(acted(2))
    assert progress.left(103) == 0.5
    assert "3 of 9 done" in text_of(progress) and "50% of the budget left" in text_of(progress)
    assert progress.after(finished()).steps == 12
    timed = Progress(limits={"seconds": 100}, seconds=50, started_at=100)
    assert timed.left(110) == 0.4 and timed.left(50) == 0.5  # a clock that was set back
    assert Progress(limits={"usd": 1.0}, usd=None).left(0) == 0.0


def test_finished_tasks_are_summed_up() -> None:
    """Only tasks with checks count as solved; the last line knows how many there will be."""
    progress = after(
        started("a"), started("b"), finished("a"), finished("b", solved=None, usd=None), total=9
    )
    assert (progress.done, progress.solved, progress.tokens, progress.usd) == (2, 1, 800, None)
    assert (progress.made, progress.reused, dict(progress.running)) == (2, 2, {})
    assert "2 of 9 done · 1 solved · 800 tokens · 2 skills made · used in 2 tasks" in text_of(
        progress
    )


def test_events_of_tasks_that_are_unknown_change_nothing() -> None:
    """An observer that comes late sees the sums alone."""
    right = AnswerChecked(at=1, task_id="a", passed=True, detail="")
    kept = SkillKept(at=1, task_id="a", name="g", version=1, requires=())
    assert after(right, kept, acted(1)) == Progress()
    task = after(started(), right, kept).running["a"]
    assert (task.made, task.doing) == (1, "kept a skill")


def test_many_tasks_at_once_stay_few_lines() -> None:
    """What others wrote cannot move the cursor here either."""
    progress = after(*(started(f"t{n}\x1b[2J\u202e[red]") for n in range(50)))
    text = text_of(progress)
    assert "and 42 more tasks at once" in text and len(text.splitlines()) == 10
    assert "\x1b" not in text and "\u202e" not in text and "[red]" in text
    narrow = Console(width=40, color_system=None)
    with narrow.capture() as capture:
        narrow.print(draw(progress, now=103))
    assert max(map(len, capture.get().splitlines())) <= 40 and "step 0" in capture.get()


def test_a_terminal_shows_live_lines_and_gets_its_cursor_back(tmp_path: Path) -> None:
    """The real command in a real terminal; the answer alone is on standard output."""
    (tmp_path / "names.csv").write_text("n,s\nAda Lovelace,Lovelace\nAlan Turing,Turing\nB C,C\n")
    ours, theirs = pty.openpty()
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "HABILIS_"))}
    keep |= {"TERM": "xterm-256color", "COLUMNS": "160", "LINES": "40"}
    command = [sys.executable, "-m", "habilis", "run", "last name", "--examples", "names.csv"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=keep, stdout=subprocess.PIPE, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 65_536):
                shown += piece
        except OSError:  # the other side has closed it
            pass
        assert process.stdout is not None
        answer = process.stdout.read()
    os.close(ours)
    text = shown.decode()
    assert process.returncode == 0 and answer.startswith(b"def ") and b"\x1b" not in answer
    assert "step 0/20" in text and "100% left" in text and "0 of 1 done" in text
    assert text.rfind("\x1b[?25h") > text.rfind("\x1b[?25l") >= 0
