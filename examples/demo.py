"""The main job on the embedded default: no model, no key, no network.

    python examples/demo.py [TASKS.jsonl] [--picture FILE.svg]

Runs a session over a file of tasks given by examples, in a library of its own, and then
the same tasks again, which then need no author at all. The folder is kept to look at.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.syntax import Syntax

from habilis import Agent, Budget, HabilisError, SkillLibrary, read_tasks
from habilis.agent.cli.screen import Screen, results_table
from habilis.agent.result import Result

SEARCH = 'search "last name"'
TASKS = Path(__file__).with_name("chores.jsonl")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("tasks", nargs="?", default=TASKS)
    parser.add_argument("--picture", help="also draw the results as an SVG file")
    options = parser.parse_args()
    width = 100 if options.picture else None
    console = Console(highlight=False, record=bool(options.picture), width=width)
    try:
        tasks = read_tasks(options.tasks)
    except HabilisError as error:
        raise SystemExit(f"demo: {error}") from None
    folder = Path(tempfile.mkdtemp(prefix="habilis-demo-"))
    console.print(
        f"{len(tasks)} tasks. Of each, the author sees the first examples; "
        "the answer is judged on others it never sees.\n"
    )
    with SkillLibrary(folder) as library:
        agent = Agent("compose", library=library, budget=Budget(steps=3, seconds=20))
        started = time.monotonic()
        results = agent.session("demo", tasks).run_sync(observer=Screen(always=True))
        first_s = time.monotonic() - started
        console.print(results_table(results))
        show_composition(console, library)
        console.print("\nThe same tasks again, under another name:")
        started = time.monotonic()
        again = agent.session("demo again", tasks).run_sync()
        again_s = time.monotonic() - started
        report(console, results, again, first_s, again_s)
    if options.picture:
        console.save_svg(options.picture, title="make demo")
    command = f"habilis skills %s --library {folder}"
    print(
        f"\nThe library is in {folder}. Look at it, or use it, with .venv/bin in your PATH:\n"
        f"  {command % 'list'}\n"
        f"  {command % SEARCH}\n"
        f"  {command % ('show ' + example_name(results))}\n"
        "Change an example in examples/chores.jsonl and run `make demo` again.\n"
        'With a model: OPENAI_API_KEY=... habilis run "..." --input data.csv --model NAME'
    )


def show_composition(console: Console, library: SkillLibrary) -> None:
    """Show the source of a skill that calls another, and of the one it calls."""
    skills = list(library.skills())
    callers = sorted((s for s in skills if s.requires), key=lambda s: -len(s.requires))
    share = len(callers) / max(1, len(skills))
    nested = library.stats()["nested_uses"]
    console.print(
        f"\n{len(callers)} of {len(skills)} skills call other skills ({share:.0%}); "
        f"{nested} uses were calls by another skill."
    )
    if not callers:
        return
    caller = callers[0]
    called = library.get(next(iter(caller.requires)))
    for skill in (called, caller):
        source = skill.source.strip()
        code = Syntax(source, "python", background_color="default", word_wrap=True)
        console.print(Panel(code, title=skill.name, title_align="left"))


def report(
    console: Console,
    results: list[Result],
    again: list[Result],
    first_s: float,
    again_s: float,
) -> None:
    """Say what the second round needed."""
    recalled = sum(result.stop_reason == "recalled" for result in again)
    solved = sum(result.solved is True for result in again)
    console.print(
        f"  {solved} of {len(again)} solved, {recalled} by recall alone, "
        f"in {again_s:.1f} s against {first_s:.1f} s; tokens: "
        f"{sum(result.usage.tokens for result in [*results, *again])}"
    )
    for result in again:
        if result.solved is False:
            console.print(f"  not solved: {result.task_id} ({result.detail})")


def example_name(results: list[Result]) -> str:
    """Name a skill that was made, for the hint of what to type next."""
    return next((result.skills_made[0] for result in results if result.skills_made), "NAME")


if __name__ == "__main__":
    main()
