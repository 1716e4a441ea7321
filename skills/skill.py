"""What a skill is: a named, typed, documented function with its cases and where it came from."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class SkillState(StrEnum):
    """The life of a skill. Nothing is ever deleted."""

    CANDIDATE = "candidate"
    ACTIVE = "active"
    DOUBTFUL = "doubtful"
    ARCHIVED = "archived"


class CaseOrigin(StrEnum):
    """Who vouches for a case. `skills/proof/standing.py` says what each is worth."""

    USER = "user"  # an example the user gave; the author has seen it
    KEPT_BACK = "kept_back"  # a check the author had not seen
    TASK = "task"  # the checked answer of the task it was made for
    TESTER = "tester"  # by a tester that saw neither body nor draft
    LATER_TASK = "later_task"  # met in a task after the one it was made for
    PROPOSED = "proposed"  # an example by the model that thought the task out
    AUTHOR = "author"  # written by the draft's author
    RECORDED = "recorded"  # what the draft itself returned: proves nothing about meaning
    GENERATED = "generated"  # the same, on an input made by the proof


@dataclass(frozen=True, kw_only=True)
class Case:
    """One recorded call with its result: `function(*arguments, **keywords) == expected`."""

    arguments: tuple[object, ...] = ()
    keywords: Mapping[str, object] = field(default_factory=dict)
    expected: object
    origin: CaseOrigin = CaseOrigin.RECORDED


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where a skill came from. `made_at` is seconds since 1970, UTC."""

    task: str  # the instruction it was made for
    author: str
    made_at: float
    session: str = ""
    untrusted: tuple[str, ...] = ()  # names of inputs and tools whose text was in view
    seconds: float | None = None  # that the task took; None where it is not known
    tokens: int | None = None


@dataclass(frozen=True, kw_only=True)
class Skill:
    """One immutable version of a skill.

    `requires` maps the names of the skills it calls to their content hashes, so
    that what was proved together stays together. `version` counts from 1 by name.
    """

    name: str
    source: str
    signature: str  # "(text: str, *, limit: int = 3) -> list[str]"
    description: str  # the docstring's first line
    cases: tuple[Case, ...] = ()
    requires: Mapping[str, str] = field(default_factory=dict)
    provenance: Provenance
    version: int = 1
    state: SkillState = SkillState.CANDIDATE

    @property
    def hash(self) -> str:
        return content_hash(self.source, self.requires)

    @property
    def card(self) -> str:
        """One line for a model or a person: name, signature, what it does."""
        return f"{self.name}{self.signature}: {self.description}"


def content_hash(source: str, requires: Mapping[str, str]) -> str:
    """Identify a version by what it does: its source and the versions it calls."""
    text = json.dumps([source, sorted(requires.items())], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True, kw_only=True)
class SourceFacts:
    """What reading a skill's source says about it, without running it."""

    name: str
    signature: str
    description: str
    docstring: str
    parameters: tuple[str, ...]
    unused: tuple[str, ...]  # parameters that the body never reads
    typed: bool  # every parameter and the return value are annotated
    requires: tuple[str, ...]  # names taken by `from skills import ...`, in order


def read_source(source: str) -> SourceFacts:
    """Read the one public function of a skill's source.

    Private helpers (`_name`), imports and constants may stand beside it.

    Raises:
        ValueError: the source does not parse, or has none or several public functions.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(f"the source does not parse: {error}") from None
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    public = [node for node in functions if not node.name.startswith("_")]
    if len(public) != 1:
        found = ", ".join(node.name for node in public) or "none"
        raise ValueError(f"a skill is one public function; found {found}")
    function = public[0]
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [extra for extra in (arguments.vararg, arguments.kwarg) if extra]
    docstring = ast.get_docstring(function) or ""
    returns = f" -> {ast.unparse(function.returns)}" if function.returns else ""
    return SourceFacts(
        name=function.name,
        signature=f"({ast.unparse(arguments)}){returns}",
        description=docstring.strip().split("\n")[0],
        docstring=docstring,
        parameters=tuple(argument.arg for argument in every),
        unused=tuple(a.arg for a in every if a.arg not in _names_read(function.body)),
        typed=bool(returns) and all(argument.annotation for argument in every),
        requires=_required(tree),
    )


def _names_read(body: list[ast.stmt]) -> set[str]:
    names = [node for statement in body for node in ast.walk(statement)]
    return {n.id for n in names if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _required(tree: ast.Module) -> tuple[str, ...]:
    names = [
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "skills" and not node.level
        for alias in node.names
    ]
    return tuple(dict.fromkeys(names))
