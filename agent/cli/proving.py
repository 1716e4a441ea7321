"""`habilis skills prove|add|rollback|prune|review`: evidence, and what follows from it."""

from __future__ import annotations

import difflib
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from habilis.agent.cli import options
from habilis.agent.cli.apply import may_ask
from habilis.agent.cli.asking import ask_person
from habilis.agent.cli.clean import clean, clean_lines
from habilis.agent.cli.screen import print_json
from habilis.agent.draft import read_draft
from habilis.agent.keeping import Decision, Keeper
from habilis.agent.report.words import plural
from habilis.agent.uses import is_idle
from habilis.errors import ConfigError
from habilis.memory.library import SkillLibrary
from habilis.skills.proof.evidence import Proof
from habilis.skills.proof.gate import Gate
from habilis.skills.proof.standing import VOUCHED
from habilis.skills.proof.trial import call_of, written
from habilis.skills.skill import Case, CaseOrigin, Provenance, Skill, SkillState, read_source

_NOT_PROVED = 1
NameArgument = Annotated[str, typer.Argument(help="The skill's name.")]


def prove(
    name: NameArgument,
    library: options.LibraryOption = options.DEFAULT_LIBRARY,
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask you for the results that tell most.")
    ] = False,
    as_json: options.JsonOption = False,
) -> None:
    """Prove a saved skill again, on its own cases; exit 1 when a check or your answer fails."""
    if ask and not may_ask(no_ask=False, as_json=as_json):
        raise ConfigError("--ask needs a terminal, and no --json: there is nobody to ask here")
    with options.open_library(library) as shelf:
        gate = Gate(shelf.closure)
        proof = gate.prove(shelf.get(name))
        show_proof(proof, name=name, as_json=as_json)
        right = not ask or ask_person(proof, name=name, shelf=shelf, gate=gate)
    if not proof.passed or not right:
        raise typer.Exit(_NOT_PROVED)


def add(
    file: Annotated[Path, typer.Argument(help="One public function; its asserts are its cases.")],
    library: options.LibraryOption = options.DEFAULT_LIBRARY,
    as_json: options.JsonOption = False,
) -> None:
    """Keep a function of yours, if it passes the gate; of a name that exists, as an update."""
    with SkillLibrary(library) as shelf:
        draft = _draft(file, shelf)
        before = shelf.get(draft.name) if draft.name in shelf else None
        keeper = Keeper(shelf, Gate(shelf.closure))
        decision = keeper.decide(draft, numbered=False)
        kept = keeper.keep(decision) if decision.passed else None
    if as_json:
        row = {"name": kept.name, "version": kept.version, "state": kept.state} if kept else None
        print_json({"kept": row, "evidence": decision.evidence, "checks": decision.proof.to_json()})
    else:
        show_proof(decision.proof, name=draft.name, as_json=False)
        updated = ", ".join(skill.name for skill in decision.versions[1:])
        also = f"; proved again with it: {updated}" if updated else ""
        said = f"not kept: {decision.evidence}{_advice(draft, decision)}"
        if kept is not None:
            versions = decision.known.get(kept.name, 0)
            said = f"{_kept(kept, before, versions=versions)}{also}"
        print(clean(said))
    if kept is None:
        raise typer.Exit(_NOT_PROVED)


def rollback(
    name: NameArgument,
    version: Annotated[
        int | None, typer.Option("--version", help="Default: the one before.")
    ] = None,
    library: options.LibraryOption = options.DEFAULT_LIBRARY,
) -> None:
    """Make an older version the current one; nothing is deleted."""
    with options.open_library(library) as shelf:
        current = shelf.get(name).version
        wanted = current - 1 if version is None else version
        if not wanted and version is None:
            raise ConfigError(f"{name!r} is at its first version: there is none to go back to")
        try:
            shelf.rollback(name, wanted)
        except ValueError as error:
            raise ConfigError(str(error)) from None
    print(f"{name} is at version {wanted} again")


def prune(
    library: options.LibraryOption = options.DEFAULT_LIBRARY,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    as_json: options.JsonOption = False,
) -> None:
    """Archive the skills whose ledger says that they cost more than they help."""
    with options.open_library(library) as shelf:
        found = [(skill, shelf.ledger(skill.name)) for skill in shelf]
        idle = [(skill, ledger) for skill, ledger in found if is_idle(skill.state, ledger)]
        for skill, _ in [] if dry_run else idle:
            shelf.archive(skill.name)
    if as_json:
        print_json(
            [{"name": skill.name, "state": skill.state, **asdict(each)} for skill, each in idle]
        )
        return
    word = "would archive" if dry_run else "archived"
    for skill, each in idle:
        uses = (
            f"shown {plural(each.retrieved, 'time')}, "
            f"called in {plural(each.called, 'task')}, helped in {each.helped}"
        )
        print(clean(f"{word} {skill.name}: {skill.state.value}, {uses}"))
    if not idle:
        print("every skill is worth its place")


def review(
    name: Annotated[str, typer.Argument(help="Only this one; without, all that wait.")] = "",
    approve: Annotated[bool, typer.Option(help="Your word: make it active.")] = False,
    refuse: Annotated[bool, typer.Option(help="Archive it.")] = False,
    library: options.LibraryOption = options.DEFAULT_LIBRARY,
) -> None:
    """Show candidates made in view of untrusted text: what changed, and the evidence."""
    if (approve or refuse) and not name:
        raise ConfigError("name the skill that you approve or refuse")
    if approve and refuse:
        raise ConfigError("--approve and --refuse exclude each other: give one of them")
    with options.open_library(library) as shelf:
        waiting = [shelf.get(name)] if name else _waiting(shelf)
        if approve or refuse:
            state = SkillState.ACTIVE if approve else SkillState.ARCHIVED
            was = waiting[0].state
            shelf.set_state(name, state)
            print(f"{name} is {state.value}" + (f"; it was {was.value}" if was != state else ""))
            return
        for skill in waiting:
            _show_change(skill, shelf)
            show_proof(Gate(shelf.closure).prove(skill), name=skill.name, as_json=False)
    if not waiting:
        print("nothing waits for review")


def show_proof(proof: Proof, *, name: str, as_json: bool) -> None:
    """Print one line a check and the question whose answer would tell most, or JSON."""
    if as_json:
        print_json({"passed": proof.passed, "checks": proof.to_json()})
        return
    console = Console(highlight=False, emoji=False, soft_wrap=True)
    for check in proof.checks:
        mark = "[green]holds[/]" if check.passed else "[red]fails[/]"
        console.print(f"{check.name:12} {mark}  {clean(check.evidence)}")
    for call in proof.questions[:1]:
        console.print(f"What would tell most: {clean(written(name, call))} == ?")


def _kept(kept: Skill, before: Skill | None, *, versions: int) -> str:
    """Say what an added file has come to: a new version, or one of those that were there."""
    version = f"{kept.name} version {kept.version}"
    if before is None or kept.version > versions:
        return f"kept {version}, {kept.state.value}"
    if kept.version != before.version:
        return f"{version} is the current one again, {kept.state.value}"
    new = len(set(_vouched(kept)) - set(_vouched(before)))
    news = f"{new} more case{'s' * (new > 1)}" if new else "nothing new"
    was = f"; it was {before.state.value}" if before.state is not kept.state else ""
    return f"{version} is there already: {news}, {kept.state.value}{was}"


def _vouched(skill: Skill) -> list[str]:
    return [written(skill.name, call_of(case)) for case in skill.cases if case.origin in VOUCHED]


def _advice(draft: Skill, decision: Decision) -> str:
    if draft.cases or decision.check != "cases":
        return ""
    return f"; write asserts below it whose results you know: assert {draft.name}(...) == ..."


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return "it is no UTF-8 text" if isinstance(error, UnicodeError) else str(error)


def _waiting(shelf: SkillLibrary) -> list[Skill]:
    skills = shelf.skills([SkillState.CANDIDATE])
    return [skill for skill in skills if skill.provenance.untrusted]


def _show_change(skill: Skill, shelf: SkillLibrary) -> None:
    past = [old for old in shelf.history(skill.name) if old.version < skill.version]
    before = past[-1].source.splitlines() if past else []
    lines = difflib.unified_diff(before, skill.source.splitlines(), "before", "now", lineterm="")
    seen = ", ".join(skill.provenance.untrusted)
    print(clean(f"{skill.name} version {skill.version}, made in view of: {seen}"))
    print(clean_lines("\n".join(lines)))


def _draft(file: Path, shelf: SkillLibrary) -> Skill:
    """Read a person's file: a function and the asserts that they vouch for.

    Raises:
        ConfigError: it cannot be read, or holds no such function.
    """
    try:
        proposal = read_draft(file.read_text(encoding="utf-8"))
        facts = read_source(proposal.source)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{str(file)!r} cannot be added: {_why(error)}") from None
    return Skill(
        name=facts.name,
        source=proposal.source,
        signature=facts.signature,
        description=facts.description,
        cases=tuple(
            Case(
                arguments=claim.arguments,
                keywords=claim.keywords,
                expected=claim.stated,
                origin=CaseOrigin.USER,
            )
            for claim in proposal.claims
        ),
        requires={name: shelf.get(name).hash for name in facts.requires},
        provenance=Provenance(task=f"from {file.name}", author="a person", made_at=time.time()),
    )
