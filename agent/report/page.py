"""The page: one HTML file with its style and pictures in it, no script, nothing from outside."""

from __future__ import annotations

from functools import cache

import jinja2

from habilis.agent.report import words
from habilis.agent.report.curve import HEIGHT, LEFT, WIDTH, Bin, bins, change, charts
from habilis.agent.report.facts import SessionFacts, TaskFacts
from habilis.agent.report.graph import skill_graph
from habilis.agent.report.tables import MOST_ROWS, Fact, costs, dearest, failures, skill_rows


@cache
def _template() -> jinja2.Template:
    """Load the template; all that is put into it is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("habilis.agent", "report"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    environment.filters.update(
        line=words.line, count=words.count, duration=words.duration, money=words.money
    )
    return environment.get_template("page.html")


def render_page(facts: SessionFacts, *, at: float) -> str:
    """Return the report on a session as HTML; `at` is when it is made, seconds since 1970.

    Names and texts of tasks, models and skills are shown as plain lines, whatever they
    hold. Ten thousand tasks are shown in sums, not one by one.
    """
    rows = bins(facts.tasks)
    return _template().render(
        facts=facts,
        headline=words.headline(facts),
        started=words.date(facts.started_at),
        made=words.date(at),
        tiles=_tiles(facts.tasks, rows),
        charts=charts(rows),
        chart={"width": WIDTH, "height": HEIGHT, "left": LEFT},
        rows=rows,
        graph=skill_graph(facts.skills),
        skills=skill_rows(facts.skills),
        costs=costs(facts.tasks, facts.others),
        dearest=dearest(facts.tasks),
        failures=failures(facts.tasks),
        tasks=facts.tasks[-MOST_ROWS:],
        verdict=_verdict,
    )


def _tiles(tasks: tuple[TaskFacts, ...], rows: list[Bin]) -> tuple[Fact, ...]:
    if not tasks:
        return ()
    solved = sum(task.solved is True for task in tasks)
    made = {name for task in tasks for name in task.skills_made}
    reused = sum(bool(task.skills_used) for task in tasks)
    tokens, seconds = sum(t.tokens for t in tasks), sum(t.seconds for t in tasks)
    less = _compared(change(rows, lambda task: task.tokens))
    faster = _compared(change(rows, lambda task: task.seconds))
    return (
        Fact(
            label="solved", value=f"{solved / len(tasks):.0%}", note=f"{solved:,} of {len(tasks):,}"
        ),
        Fact(label="tokens a task", value=words.count(tokens / len(tasks)), note=less),
        Fact(label="a task", value=words.duration(seconds / len(tasks)), note=faster),
        Fact(
            label="skills made",
            value=f"{len(made):,}",
            note=f"one for {words.plural(round(len(tasks) / len(made)), 'task')}" if made else "",
        ),
        Fact(
            label="of the tasks call saved skills",
            value=f"{reused / len(tasks):.0%}",
            note=f"{reused:,}",
        ),
        Fact(label="money", value=words.money(words.total_usd(tasks)) if tokens else "none"),
    )


def _compared(ratio: float | None) -> str:
    """Say how the last third compares with the first."""
    if ratio is None:
        return ""
    if abs(ratio - 1) < 0.05:
        return "the last third like the first"
    return (
        f"{abs(1 - ratio):.0%} {'less' if ratio < 1 else 'more'} in the last third"
        if ratio < 2
        else (f"{ratio:.1f} times as many in the last third")
    )


def _verdict(task: TaskFacts) -> str:
    if not task.answered:
        return "no answer"
    return {True: "solved", False: "not solved", None: "unchecked"}[task.solved]
