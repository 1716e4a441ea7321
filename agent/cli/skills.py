"""`habilis skills`: look at the library and call what is in it."""

from __future__ import annotations

import math
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table

from habilis.agent.cli import options, proving
from habilis.agent.cli.clean import clean, clean_lines
from habilis.agent.cli.screen import print_json
from habilis.agent.evidence import evidence_of
from habilis.agent.observe import card_of
from habilis.agent.report.words import plural
from habilis.errors import ConfigError
from habilis.memory.hits import Hit
from habilis.skills.skill import Skill, SkillState

app = typer.Typer(help="The saved skills.", no_args_is_help=True)
for command in (proving.prove, proving.add, proving.rollback, proving.prune, proving.review):
    app.command(command.__name__)(command)


@app.command("list")
def list_skills(
    library: options.LibraryOption = options.DEFAULT_LIBRARY,
    every: Annotated[bool, typer.Option("--all", help="Also archived skills.")] = False,
    as_json: options.JsonOption = False,
) -> None:
    """List the skills, one line each."""
    with options.open_library(library) as shelf:
        whole = shelf.skills()
    skills = [s for s in whole if every or s.state is not SkillState.ARCHIVED]
    if as_json:
        print_json([_row(skill) for skill in skills])
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("name", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("what it does", no_wrap=True, overflow="ellipsis")
    for skill in skills:
        calls = f" (calls {', '.join(skill.requires)})" if skill.requires else ""
        table.add_row(*map(clean, (skill.name, skill.state.value, skill.description + calls)))
    console = Console(highlight=False, emoji=False)
    if not console.is_terminal:
        console = Console(highlight=False, emoji=False, width=160)
    put_away = len(whole) - len(skills)
    nothing = f"{plural(put_away, 'archived skill')}; --all shows them." if put_away else ""
    console.print(table if skills else nothing or "The library is empty.")


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What you need.")],
    library: options.LibraryOption = options.DEFAULT_LIBRARY,
    limit: Annotated[int, typer.Option("-k", help="Hits at most.")] = 5,
    state: Annotated[list[SkillState] | None, typer.Option(help="Only in this state.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only with this tag.")] = None,
    takes: Annotated[str, typer.Option(help="Only with a parameter of this type.")] = "",
    gives: Annotated[str, typer.Option(help="Only returning this type.")] = "",
    anyway: Annotated[bool, typer.Option(help="The best ones even if nothing fits.")] = False,
    as_json: options.JsonOption = False,
) -> None:
    """Find skills by what they do, best first, with the reason."""
    if not query.strip():
        raise ConfigError("the query is empty: say what you need")
    if limit < 1:
        raise ConfigError(f"-k {limit} finds nothing: ask for at least one")
    with options.open_library(library) as shelf:
        try:
            hits = shelf.search(
                query,
                k=limit,
                states=state or (),
                tags=tag or (),
                takes=takes,
                gives=gives,
                anyway=anyway,
            )
        except ValueError as error:
            raise ConfigError(str(error)) from None
    if as_json:
        print_json([_hit(hit) for hit in hits])
        return
    console = Console(highlight=False, emoji=False)
    for hit in hits:
        doubt = "" if hit.fits and not hit.doubtful else "doubtful; "
        console.print(f"[bold]{clean(card_of(hit.skill))}[/]")
        console.print(f"  [dim]{doubt}{clean(_reason(hit))}[/]")
    if not hits:
        console.print("No skill fits.")


@app.command()
def show(
    name: proving.NameArgument,
    library: options.LibraryOption = options.DEFAULT_LIBRARY,
    evidence: Annotated[bool, typer.Option("--evidence", help="Also every check.")] = False,
    as_json: options.JsonOption = False,
) -> None:
    """Show a skill: its source, its cases and where it came from."""
    with options.open_library(library) as shelf:
        skill = shelf.get(name)
        proof = evidence_of(shelf, skill) if evidence else None
    if as_json:
        checks = {} if proof is None else {"checks": proof.to_json()}
        cases = list(map(_case, skill.cases))
        print_json({**_row(skill), "source": skill.source, "cases": cases, **checks})
        return
    console = Console(highlight=False, emoji=False)
    origin = skill.provenance
    console.print(
        f"[bold]{clean(skill.name)}[/] version {skill.version}, {skill.state.value}, "
        f"made by {clean(origin.author)} for: {clean(origin.task)}"
    )
    if skill.requires:
        console.print(f"calls {clean(', '.join(skill.requires))}")
    source = clean_lines(skill.source)
    if console.is_terminal:
        console.print(Syntax(source, "python", background_color="default", word_wrap=True))
    else:
        print(source)
    console.print(f"{plural(len(skill.cases), 'case')}:")
    for case in skill.cases[:8]:
        row = _case(case)
        console.print(f"  {clean(row['call'])} == {clean(row['result'])}  [dim]{row['origin']}[/]")
    if proof is not None:
        proving.show_proof(proof, name=name, as_json=False)


@app.command("run", context_settings={"ignore_unknown_options": True})  # -3 is a number
def run_skill(
    name: proving.NameArgument,
    arguments: Annotated[
        list[str] | None, typer.Argument(help="Arguments: JSON values, or plain text.")
    ] = None,
    library: options.LibraryOption = options.DEFAULT_LIBRARY,
    as_json: options.JsonOption = False,
) -> None:
    """Call a skill in the sandbox and print what it returns."""
    with options.open_library(library) as shelf:
        skill = shelf[name]
        given = [options.json_or_text(text, what="an argument") for text in arguments or []]
        value = skill(*given)
    if as_json:
        print_json(value)
    else:
        print(value)


@app.command()
def history(
    name: proving.NameArgument,
    library: options.LibraryOption = options.DEFAULT_LIBRARY,
    as_json: options.JsonOption = False,
) -> None:
    """List a skill's versions, oldest first; `*` marks the current one."""
    with options.open_library(library) as shelf:
        current = shelf.get(name).version
        versions = [
            {**_row(skill), "current": skill.version == current} for skill in shelf.history(name)
        ]
    if as_json:
        print_json(versions)
        return
    for row in versions:
        mark = "*" if row["current"] else " "
        line = f"{mark} {row['version']}  {row['hash']}  {row['author']}  {row['task']}"
        print(clean_lines(" ".join(line.split("\n"))))


@app.command()
def archive(
    name: proving.NameArgument,
    undo: Annotated[bool, typer.Option("--undo", help="Bring it back instead.")] = False,
    library: options.LibraryOption = options.DEFAULT_LIBRARY,
) -> None:
    """Put a skill away: no longer found or listed, but shown and called by its name."""
    with options.open_library(library) as shelf:
        if undo:
            print(f"{name} is {shelf.unarchive(name).state.value}")
            return
        shelf.archive(name)
    print(f"archived {name}; `habilis skills archive {name} --undo` brings it back")


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        **_row(hit.skill),
        "score": hit.score,
        "cosine": None if math.isnan(hit.cosine) else hit.cosine,
        "views": dict(hit.views),
        "words": list(hit.words),
        "fits": hit.fits,
        "doubtful": hit.doubtful,
    }


def _reason(hit: Hit) -> str:
    """Say what spoke for a hit: each view's part of the score, the likeness, the words."""
    parts = [f"{view} {gain:+.2f}" for view, gain in hit.views.items() if abs(gain) >= 0.005]
    likeness = "not encoded yet" if math.isnan(hit.cosine) else f"likeness {hit.cosine:.2f}"
    words = [f"words: {', '.join(hit.words)}"] if hit.words else []
    return "; ".join([likeness, *([", ".join(parts)] if parts else []), *words])


def _row(skill: Skill) -> dict[str, Any]:
    return {
        "name": skill.name,
        "signature": skill.signature,
        "description": skill.description,
        "state": skill.state.value,
        "version": skill.version,
        "hash": skill.hash,
        "requires": list(skill.requires),
        "author": skill.provenance.author,
        "task": skill.provenance.task,
    }


def _case(case: Any) -> dict[str, str]:
    given = [*map(repr, case.arguments), *(f"{k}={v!r}" for k, v in case.keywords.items())]
    return {
        "call": f"({', '.join(given)})",
        "result": repr(case.expected),
        "origin": case.origin.value,
    }
