"""`habilis doctor`: what works here, what is missing, and how to mend it."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer
from rich.console import Console

from habilis.agent.cli import options
from habilis.agent.cli.clean import clean
from habilis.agent.cli.screen import print_json
from habilis.agent.report.words import plural
from habilis.errors import HabilisError
from habilis.memory.address import Address
from habilis.memory.library import SkillLibrary
from habilis.skills.sandbox.client import Worker
from habilis.skills.sandbox.nursery import zygote_for

_PACKAGES = ("RestrictedPython", "chromadb", "sentence-transformers", "torch", "openai")
_EXTRAS = ("numpy", "pandas", "scipy", "sympy")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing looked at. `advice` is empty when all is well."""

    what: str
    ok: bool
    found: str
    advice: str = ""


def doctor(
    library: options.LibraryOption = options.DEFAULT_LIBRARY,
    as_json: options.JsonOption = False,
    deep: Annotated[bool, typer.Option(help="Also load the encoder (about ten seconds).")] = False,
) -> None:
    """Say what works on this machine, what is missing and how to mend it."""
    findings = [finding for look in _LOOKS for finding in look()]
    findings += _look_at_library(library, deep=deep)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        console = Console(highlight=False, emoji=False)
        for finding in findings:
            mark = "[green]ok[/]     " if finding.ok else "[red]missing[/]"
            console.print(
                f"{mark} {clean(finding.what)}: {clean(finding.found, 2_000)}", soft_wrap=True
            )
            if finding.advice:
                console.print(f"        {clean(finding.advice)}", soft_wrap=True)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _look_at_python() -> Iterator[Finding]:
    found = f"{platform.python_version()} on {platform.system()}"
    yield Finding(
        what="Python",
        ok=sys.version_info >= (3, 11),
        found=found,
        advice="" if sys.version_info >= (3, 11) else "habilis needs Python 3.11 or newer",
    )
    yield Finding(what="SQLite", ok=True, found=sqlite3.sqlite_version)


def _look_at_packages() -> Iterator[Finding]:
    for name in _PACKAGES:
        found = _version(name)
        advice = "" if found else f"run `make setup`, or `pip install {name}`"
        yield Finding(what=name, ok=bool(found), found=found or "not installed", advice=advice)
    present = [f"{name} {_version(name)}" for name in _EXTRAS if _version(name)]
    yield Finding(
        what="modules for sandboxed code",
        ok=True,
        found=", ".join(present) or "the standard library only",
        advice="" if len(present) == len(_EXTRAS) else "more with `pip install habilis[science]`",
    )


def _look_at_sandbox() -> Iterator[Finding]:
    try:
        with Worker() as worker:
            outcome = worker.run("6 * 7")
            refused = worker.run("import socket")
    except HabilisError as error:
        yield Finding(what="sandbox", ok=False, found=str(error), advice="see docs/sandbox.md")
        return
    ok = outcome.value == 42 and not refused.ok
    yield Finding(
        what="sandbox",
        ok=ok,
        found=f"tier {outcome.tier!r}: {_TIERS[outcome.tier]}" if ok else outcome.error,
        advice="" if outcome.tier == "full" else _mend(zygote_for(None).missing),
    )


_TIERS = {
    "full": "the kernel keeps code in its workspace, without network, processes or programs, "
    "in namespaces of its own",
    "standard": "the kernel keeps code in its workspace, without network, processes or programs",
    "nofiles": "the kernel refuses code every file, the network, processes and programs",
    "weak": "no security boundary: a process, a policy and limits; run only what you would "
    "run yourself",
}


def _mend(missing: Sequence[str]) -> str:
    return f"missing here: {'; '.join(missing)}; see docs/sandbox.md"


def _look_at_author() -> Iterator[Finding]:
    model = os.environ.get("HABILIS_MODEL", "")
    key = "set" if os.environ.get("OPENAI_API_KEY") else "not set"
    key_is_set = key == "set" or bool(os.environ.get("OPENAI_BASE_URL"))
    needs_key = "set OPENAI_API_KEY (and OPENAI_BASE_URL for another server)"
    needs_model = "name a model with --model or HABILIS_MODEL"
    missing = [*([] if key_is_set else [needs_key]), *([] if model else [needs_model])]
    yield Finding(
        what="author",
        ok=True,
        found=f"model {model or 'not named'}, OPENAI_API_KEY {key}; embedded author ready",
        advice=f"for tasks without examples {' and '.join(missing)}" if missing else "",
    )


def _look_at_library(where: Address, *, deep: bool) -> Iterator[Finding]:
    if not where.may_hold:
        yield Finding(what="library", ok=True, found=f"none yet at {str(where)!r}")
        return
    try:
        with SkillLibrary(where) as library:
            problems = library.check()
            found = f"{plural(len(library), 'skill')} at {str(where)!r}"
            if where.on_server:
                found += f", which answers; what is derived lies in {str(library.path)!r}"
            if deep:
                library.search("probe the encoder with words nobody has written before", k=1)
    except HabilisError as error:
        yield Finding(what="library", ok=False, found=str(error))
        return
    yield Finding(
        what="library",
        ok=not problems,
        found="; ".join([found, *problems]),
        advice="" if not problems else "the index is made anew at the next search",
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


_LOOKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    _look_at_python,
    _look_at_packages,
    _look_at_sandbox,
    _look_at_author,
)
