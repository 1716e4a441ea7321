"""`habilis run`: one task from the command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from habilis.agent.budget import StopReason
from habilis.agent.cli import limits, options
from habilis.agent.cli.apply import Applied, may_ask
from habilis.agent.cli.clean import clean, clean_lines
from habilis.agent.cli.doubts import Doubts
from habilis.agent.cli.progress import Progress
from habilis.agent.cli.rest import Rest, read_rest
from habilis.agent.cli.screen import Screen
from habilis.agent.example import Example
from habilis.agent.example_file import column_names, read_examples
from habilis.agent.result import Result
from habilis.agent.task import Task
from habilis.agent.workspace import check_files
from habilis.errors import ConfigError
from habilis.events import Event, SkillNotKept
from habilis.skills.compare import shorten


def run(
    instruction: Annotated[str, typer.Argument(help="What you want, in a sentence.")],
    inputs: Annotated[
        list[Path] | None, typer.Option("--input", "-i", help="A file the task may read.")
    ] = None,
    values: Annotated[
        list[str] | None, typer.Option("--var", help="NAME=JSON: a variable of the task.")
    ] = None,
    examples: Annotated[
        Path | None,
        typer.Option(help="CSV, TSV, JSON or JSONL; the last column is the output."),
    ] = None,
    apply: Annotated[
        Path | None,
        typer.Option(help="A file of further inputs that the function is applied to."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where the applied rows go: CSV, TSV, JSON or JSONL.")
    ] = None,
    no_ask: Annotated[
        bool, typer.Option("--no-ask", help="Do not ask for an example that settles doubts.")
    ] = False,
    model: options.ModelOption = "",
    library: options.LibraryOption = options.DEFAULT_LIBRARY,
    session: Annotated[str, typer.Option(help="Journal the result under this name.")] = "",
    stream: options.StreamOption = False,
    steps: limits.StepsOption = limits.STEPS,
    seconds: limits.SecondsOption = None,
    tokens: limits.TokensOption = None,
    usd: limits.UsdOption = None,
    context_tokens: options.ContextOption = None,
    learn: options.LearnOption = True,
    allow: options.AllowOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Solve one task: by a model, or by examples with no model at all."""
    rows = read_examples(examples) if examples else ()
    options.require_author(model, has_examples=bool(rows))
    rest = _rest(apply, out, examples, rows)
    doubts = Doubts(
        rows,
        others=rest.distinct if rest else (),
        names=rest.names if rest else column_names(examples)[:-1] if examples else (),
        asks=may_ask(no_ask=no_ask, as_json=as_json),
    )
    files = tuple(inputs or ())
    check_files(files)
    task = Task(instruction, inputs=_variables(values or []), files=files, examples=rows)
    agent = options.make_agent(
        model=model,
        library=library,
        stream=stream,
        budget=limits.budget_of(steps=steps, seconds=seconds, tokens=tokens, usd=usd),
        learn=learn,
        allow=allow,
        embedded=doubts.author() if rows else None,
        context_tokens=context_tokens,
    )
    refused: list[SkillNotKept] = []

    def observe(event: Event) -> None:
        screen(event)
        if isinstance(event, SkillNotKept):
            refused.append(event)

    screen = Screen(as_json=as_json, learns=learn, begun=Progress(total=1))
    doubts.before_asking = screen.pause
    with agent, screen:
        result = agent.run_sync(task, session=session, observer=observe)
        solved = result.answered and result.solved is not False
        if rest and solved:
            Applied(rest).finish(result, agent, found=doubts.found, out=out)
    if as_json:
        print(json.dumps({"event": "result", **json.loads(result.to_json())}, ensure_ascii=False))
    else:
        _show(result)
        if solved:
            is_recalled = bool(rows) and result.stop_reason is StopReason.RECALLED
            doubts.say(recalled=result.function if is_recalled else "")
    if refused and not result.skills_made:
        why = clean(f"{refused[-1].check}: {refused[-1].evidence}")
        Console(stderr=True, highlight=False, emoji=False).print(
            f"not kept as a skill: {why}", soft_wrap=True
        )
    if not solved:
        raise typer.Exit(1)


def _rest(
    apply: Path | None,
    out: Path | None,
    examples: Path | None,
    rows: Sequence[Example],
) -> Rest | None:
    if apply is None and out is None:
        return None
    if apply is None or examples is None or not rows:
        raise ConfigError("--apply FILE needs --examples FILE, and --out FILE needs --apply FILE")
    if out is not None:
        _check_out(out, [apply, examples])
    return read_rest(apply, examples=examples, rows=rows)


def _check_out(out: Path, read: Sequence[Path]) -> None:
    """Refuse what could not be written, or would take away what is read, before the work."""
    if out.suffix.lower() not in (".csv", ".tsv", ".json", ".jsonl"):
        raise ConfigError(f"--out {str(out)!r}: name it .csv, .tsv, .json or .jsonl")
    if not out.parent.is_dir():
        raise ConfigError(f"--out {str(out)!r}: there is no folder {str(out.parent)!r}")
    if any(out.resolve() == path.resolve() for path in read):
        raise ConfigError(f"--out {str(out)!r} is a file that is read; choose another name")


def _show(result: Result) -> None:
    if result.answered and result.solved is not False:
        print(result.output)
        name = next(iter(result.skills_made), "")
        if name and sys.stderr.isatty():
            print(f"kept as a skill: call it with `habilis skills run {name} ...`", file=sys.stderr)
        return
    reason = result.stop_reason.value.replace("_", " ")
    print(f"not solved ({reason}): {clean_lines(result.detail) or 'no answer'}")


def _variables(pairs: list[str]) -> dict[str, Any]:
    variables = {}
    for pair in pairs:
        name, separator, text = pair.partition("=")
        if not separator or not name.isidentifier():
            raise ConfigError(
                f"--var {shorten(pair, 80)!r}: write NAME=JSON, as in --var year=2024"
            )
        variables[name] = options.json_or_text(text, what=f"--var {name}")
    return variables
