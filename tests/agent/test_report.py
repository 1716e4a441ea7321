from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from habilis import SkillLibrary
from habilis.agent.author import Usage
from habilis.agent.budget import StopReason
from habilis.agent.cli import app
from habilis.agent.report import words
from habilis.agent.report.curve import MOST_BARS, bins, change, charts
from habilis.agent.report.facts import SessionFacts, SkillFacts, TaskFacts, read_session
from habilis.agent.report.graph import MOST_NODES, skill_graph
from habilis.agent.report.page import render_page
from habilis.agent.report.tables import costs, dearest, failures
from habilis.agent.result import Result
from habilis.errors import SessionError
from tests.making import make_skill, simple

HOSTILE = (
    "</script></title><script>x</script>\"'><img src=x onerror=x>{{ 7 * 7 }}&amp;\x1b[2J\u202e\x9b"
)
PAGE = Path(__file__).parents[2] / "agent" / "report" / "page.html"


class Reader(HTMLParser):
    """Collects what a browser would make of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self._open: list[str] = []
        self.crossed: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag != "meta":
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.crossed.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def task(number: int, **given: object) -> TaskFacts:
    fields: dict[str, object] = {
        "number": number,
        "id": f"t{number}",
        "solved": True,
        "answered": True,
        "stop_reason": "answered",
        "detail": "",
        "requests": 1,
        "input_tokens": 80,
        "output_tokens": 20,
        "usd": 0.01,
        "seconds": 2.0,
        "author_seconds": 1.0,
        "skills_used": (),
        "skills_made": (),
    }
    return TaskFacts(**{**fields, **given})  # type: ignore[arg-type]


def skill(name: str, *requires: str, made_here: bool = True) -> SkillFacts:
    return SkillFacts(
        name=name,
        description=f"Return {name}.",
        state="active",
        made_here=made_here,
        task="a task",
        requires=requires,
        used_by=0,
    )


def session(
    *tasks: TaskFacts, skills: tuple[SkillFacts, ...] = (), **given: object
) -> SessionFacts:
    fields: dict[str, object] = {
        "name": "nightly",
        "state": "finished",
        "source": "",
        "started_at": 0.0,
        "count": len(tasks),
    }
    return SessionFacts(tasks=tasks, skills=skills, **{**fields, **given})  # type: ignore[arg-type]


def journal(library: SkillLibrary, name: str, *results: Result) -> None:
    kept = library.journal
    kept.make_session(name, fingerprint="f", count=len(results), source="tasks.jsonl")
    claim = kept.claims.take(name)
    kept.open_session(claim)
    for result in results:
        task = kept.claims.take(name, result.task_id)
        kept.finish_task(task, result.to_json())
    kept.close_session(claim, state="finished")
    kept.claims.release(claim)


def test_a_report_tells_what_the_journal_and_the_library_know(library: SkillLibrary) -> None:
    """Skills that are called by those of the session belong to it, others do not."""
    library.add(simple("first_word", "Return the first word."))
    pin = {"first_word": library.get("first_word").hash}
    source = (
        'def two(text: str) -> str:\n    """Return two."""\n    from skills import first_word\n'
    )
    library.add(make_skill(f"{source}    return first_word(text) * 2\n", requires=pin))
    library.add(simple("other_word", "Return another word."))
    usage = Usage(requests=2, input_tokens=900, output_tokens=100, usd=0.5, seconds=3)
    good = Result(
        task_id="a",
        answer=1,
        solved=True,
        stop_reason=StopReason.ANSWERED,
        usage=usage,
        seconds=4,
        skills_made=("two",),
    )
    bad = Result(task_id="b", solved=False, stop_reason=StopReason.STEPS, detail="20 of 20 steps")
    journal(library, "nightly", good, bad)
    facts = read_session(library, "nightly")
    assert [(s.name, s.made_here) for s in facts.skills] == [("two", True), ("first_word", False)]
    assert [(t.tokens, t.failed) for t in facts.tasks] == [(1_000, False), (0, True)]
    text = Reader(render_page(facts, at=0)).text.replace("\u00a0", " ")
    assert "1 of 2 tasks solved, with 1 new skill and none called again" in text
    assert "for 1,000 tokens ($0.50) and 4.0 s of work." in text
    assert "out of steps" in text and "20 of 20 steps" in text and "other_word" not in text


def test_a_session_that_is_not_there_is_named_with_those_that_are(library: SkillLibrary) -> None:
    """One without a finished task still has a page."""
    journal(library, "empty")
    with pytest.raises(SessionError, match="no session named 'x'; there are: 'empty'"):
        read_session(library, "x")
    text = Reader(render_page(read_session(library, "empty"), at=0)).text
    assert "No task is finished yet." in text and "Failures" not in text


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (session(task(1), count=3), "1 of 1 task solved so far (2 to go), with no new skill"),
        (
            session(task(1), task(2, solved=None)),
            "1 of 2 tasks solved (1 answered without a check)",
        ),
        (session(task(1, solved=None), count=0), "1 of 1 task answered, none with a check, with"),
        (session(task(1, solved=None, answered=False)), "0 of 1 task answered"),
        (session(task(1, usd=None)), "for 100 tokens (price not known) and 2.0 s of work."),
        (session(task(1, input_tokens=0, output_tokens=0)), "for no tokens and 2.0 s"),
        (session(task(1, skills_used=("f",))), "no new skill and saved skills called in 1 task"),
    ],
)
def test_the_first_sentence_says_what_came_out(facts: SessionFacts, said: str) -> None:
    """Tasks that nothing judged are not counted as solved."""
    assert said in words.headline(facts).replace("\u00a0", " ")


def test_whatever_others_wrote_stays_text() -> None:
    """No tag, attribute, template or control character comes out of names and texts."""
    hostile = [
        task(n, id=f"{HOSTILE}{n}", solved=False, detail=HOSTILE * 3, skills_made=(HOSTILE,))
        for n in (1, 2)
    ]
    skills = (skill(HOSTILE, "b"), skill("b", HOSTILE))
    page = render_page(session(*hostile, skills=skills, name=HOSTILE, source=HOSTILE), at=0)
    reader = Reader(page)
    assert set(reader.tags) <= set(re.findall(r"<(\w+)", PAGE.read_text()))
    assert "script" not in reader.tags and "img" not in reader.tags and reader.crossed == []
    assert {
        name for name, _ in reader.attributes if name.startswith(("on", "href", "src"))
    } == set()
    assert all(c.isprintable() or c in "\n\u00a0" for c in page)
    assert "{{ 7 * 7 }}" in reader.text and "<img src=x onerror=x>" in reader.text


def test_the_page_needs_nothing_from_elsewhere() -> None:
    """No address, no script, no import; a browser is told to load nothing."""
    page = render_page(session(task(1), skills=(skill("a", "b"), skill("b"))), at=0)
    assert "http:" not in page and "https:" not in page and "url(" not in page
    assert "@import" not in page and "default-src 'none'" in page


def test_ten_thousand_tasks_stay_readable() -> None:
    """Long texts are cut, bars stand for many tasks, tables are bounded."""
    many = [
        task(n, solved=n % 3 > 0, detail=f"{n} " + "x" * 100_000, stop_reason="failed_checks")
        for n in range(1, 10_001)
    ]
    skills = tuple(skill(f"skill_{n}", f"skill_{n + 1}") for n in range(500))
    page = render_page(session(*many, skills=skills), at=0)
    assert len(page) < 400_000
    assert max(len(chart.bars) for chart in charts(bins(many))) <= 3 * MOST_BARS
    text = Reader(page).text
    assert "each bar stands for 167 of them" in text and "The last 100 of 10000 tasks" in text
    assert "452 skills with fewer joins are left out" in text


def test_bins_keep_every_task_once() -> None:
    """The curve's figures are those of the tasks."""
    for number in (1, 59, 60, 61, 119, 1_000):
        rows = bins([task(n, skills_made=(f"s{n // 2}",)) for n in range(1, number + 1)])
        assert [t.number for row in rows for t in row.tasks] == list(range(1, number + 1))
        assert len(rows) <= MOST_BARS and rows[-1].made_so_far == number // 2 + 1
    assert charts(bins([])) == []


def test_the_curve_compares_the_ends() -> None:
    """The last third over the first; too few tasks, or nothing to divide by, say nothing."""
    tasks = [task(n, input_tokens=100 if n < 5 else 30, output_tokens=0) for n in range(9)]
    assert change(bins(tasks), lambda t: t.tokens) == pytest.approx(0.3)
    assert change(bins(tasks[:8]), lambda t: t.tokens) is None
    assert change(bins(tasks), lambda t: 0.0) is None


def test_the_bars_of_solved_tasks_fill_the_chart() -> None:
    """Solved, unchecked and failed tasks stand on each other, each with its words."""
    rows = [task(1), task(2, solved=None), task(3, solved=False)]
    (chart, *_) = charts(bins(rows))
    assert [(bar.kind, bar.title.split(": ")[1]) for bar in chart.bars] == [
        ("good", "solved"),
        ("plain", "unchecked"),
        ("bad", "not solved"),
    ]
    assert {bar.height for bar in chart.bars} == {122.0} and chart.summary.startswith("1 of 3")


def test_the_graph_joins_callers_to_what_they_call() -> None:
    """Columns run from what is called to what calls it; rings and self-calls end."""
    graph = skill_graph([skill("c", "b", "a"), skill("b", "a"), skill("a"), skill("alone")])
    places = {node.text: node.x for node in graph.nodes}
    assert places["a"] < places["b"] < places["c"] and "alone" not in places
    assert sorted(e.title for e in graph.edges) == ["b calls a", "c calls a", "c calls b"]
    ring = skill_graph([skill("x", "y"), skill("y", "x", "y")])
    assert len(ring.nodes) == 2 and len(ring.edges) == 2
    assert skill_graph([]).nodes == () == skill_graph([skill("alone")]).nodes
    hub = [skill("hub"), *(skill(f"caller_{n}", "hub") for n in range(100))]
    assert len(skill_graph(hub).nodes) == MOST_NODES and skill_graph(hub).left_out == 53


def test_failures_are_grouped_by_reason_and_by_what_was_said() -> None:
    """Details that differ only in numbers are one; nothing failed gives nothing."""
    rows = [
        task(n, solved=False, stop_reason="failed_checks", detail=f"{n} of 10 examples are wrong")
        for n in range(1, 8)
    ]
    rows += [task(8, solved=None, answered=False, stop_reason="gave_up"), task(9)]
    wrong, gave_up = failures(rows)
    assert (wrong.number, wrong.share, len(wrong.details)) == (7, 7 / 8, 1)
    assert wrong.details[0].text == "1 of 10 examples are wrong"
    assert wrong.details[0].ids == ("t1", "t2", "t3", "t4", "t5")
    assert gave_up.details[0].text == "no further word" and failures([task(1)]) == ()


def test_costs_say_what_is_not_known() -> None:
    """One task without a price makes the sum unknown, and what is known is told."""
    rows = [task(1), task(2, usd=None), task(3, requests=0, input_tokens=0, output_tokens=0)]
    money, _, _, requests, time = costs(rows, {})
    assert money.value == "price not known" and money.note.startswith("$0.0200 in the 2 tasks")
    assert requests.note == "none at all for 1 task" and time.value == "6.0 s"
    assert [t.number for t in dearest(rows)] == [1, 2]


def test_figures_are_short() -> None:
    """Units change with size, from tenths of seconds to days."""
    seconds = (0.04, 9.96, 59.9, 60, 3_599, 3_600, 86_399, 86_400, 10**8)
    assert [words.duration(s) for s in seconds] == [
        "0.0 s",
        "10.0 s",
        "60 s",
        "1 min 0 s",
        "59 min 59 s",
        "1 h 0 min",
        "23 h 59 min",
        "1 d 0 h",
        "1157 d 9 h",
    ]
    counts = (0, 7, 7.25, 9_999, 10_000, 12_345, 4_500_000, 2e9)
    assert [words.count(n) for n in counts] == [
        "0",
        "7",
        "7.2",
        "9,999",
        "10 k",
        "12.3 k",
        "4.5 M",
        "2 G",
    ]
    assert [words.money(m) for m in (None, 0, 0.00312, 0.25, 1_234)] == [
        "price not known",
        "$0.00",
        "$0.0031",
        "$0.25",
        "$1,234.00",
    ]


def test_colours_can_be_told_apart_in_light_and_dark() -> None:
    """Text has a contrast of 4.5 and marks one of 3 against what they stand on (WCAG 2.2)."""
    schemes = re.findall(r":root \{(.*?)\}", PAGE.read_text(), re.S)
    assert len(schemes) == 3  # light, dark, paper
    for scheme in schemes:
        colour = dict(re.findall(r"--([\w-]+): (#\w+)", scheme))
        for text in ("ink", "soft-ink"):
            assert min(contrast(colour[text], colour[on]) for on in ("page", "card")) >= 4.5
        assert contrast(colour["ink"], colour["new"]) >= 4.5
        for mark in ("good", "bad", "accent", "plain"):
            assert contrast(colour[mark], colour["card"]) >= 3


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_command_writes_a_file(
    tmp_path: Path, library: SkillLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By default beside where it runs, under a name that is always one; - is standard output."""
    monkeypatch.chdir(tmp_path)
    journal(library, "../a b\n", Result(task_id="a", stop_reason=StopReason.GAVE_UP))
    command = ["session", "report", "../a b\n", "--library", str(library.path)]
    run = CliRunner().invoke(app, command)
    assert run.output == "wrote session-a-b.html\n", run.exception
    page = (tmp_path / "session-a-b.html").read_text()
    assert page.startswith("<!doctype html>") and "the author gave up" in page
    run = CliRunner().invoke(app, [*command, "--out", "-"])
    assert run.output.startswith("<!doctype html>")
    run = CliRunner().invoke(app, [*command, "--out", str(tmp_path)])
    assert run.exit_code == 1 and "or --out - to print the page" in str(run.exception)
    run = CliRunner().invoke(app, ["session", "report", "none", "--library", str(library.path)])
    assert isinstance(run.exception, SessionError)
