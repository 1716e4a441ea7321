"""Nothing the result could depend on but the arguments: read from the source.

Running cannot show this: a counter, a time bomb or a function that knows it is being
proved behaves until later. So what could tell one call from the next is refused by name:
clocks, random numbers without a seed, hashes of text, identities, the environment, and
state that outlives a call.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from habilis.skills.proof.trial import Finding
from habilis.skills.skill import Skill

_CLOCKS = frozenset(
    "time time_ns monotonic monotonic_ns perf_counter perf_counter_ns process_time localtime "
    "gmtime ctime now today utcnow".split()
)
_CLOCK_OWNERS = frozenset({"time", "datetime", "date"})
_SURROUNDINGS = frozenset(
    "os sys platform inspect gc socket getpass secrets uuid tracemalloc resource threading "
    "traceback tempfile builtins".split()
)
_TELLING = frozenset({"hash", "id", "globals", "vars", "locals", "input"})
_MUTATORS = frozenset(
    "append extend insert pop remove clear update add discard setdefault popitem sort reverse "
    "appendleft popleft __next__ send".split()
)
_SEEDED = frozenset({"Random", "seed", "default_rng", "RandomState"})


def check(draft: Skill) -> Finding:
    """Read the source for what changes from call to call."""
    tree = ast.parse(draft.source)
    faults = list(dict.fromkeys([*_clocks_and_chance(tree), *_surroundings(tree), *_state(tree)]))
    evidence = "; ".join(faults[:3]) or "its result can depend on its arguments only"
    return Finding(passed=not faults, evidence=evidence)


def _clocks_and_chance(tree: ast.Module) -> Iterator[str]:
    aliases = _aliases(tree)
    seeded = any(
        (isinstance(node, ast.Attribute) and node.attr in _SEEDED)
        or (isinstance(node, ast.Name) and aliases.get(node.id, "").split(".")[-1] in _SEEDED)
        for node in ast.walk(tree)
    )
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute | ast.Name):
            continue
        path = _path(node, aliases)
        owner, _, name = path.rpartition(".")
        if name in _CLOCKS and owner.split(".")[-1] in _CLOCK_OWNERS:
            yield f"it reads the clock ({path}); take the time as a parameter"
        elif owner in ("random", "numpy.random", "np.random") and not seeded:
            yield f"it draws random numbers ({path}) without a seed; take one as a parameter"


def _surroundings(tree: ast.Module) -> Iterator[str]:
    aliases = _aliases(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
            continue
        root = aliases.get(node.id, "").split(".")[0]
        if root in _SURROUNDINGS:
            yield f"it looks at its surroundings ({root})"
        elif node.id in _TELLING and node.id not in aliases:
            yield f"{node.id}() differs from one process to the next"


def _state(tree: ast.Module) -> Iterator[str]:
    """Find what outlives a call: changed globals, attributes of functions, mutable defaults."""
    shared = {
        target.id
        for statement in tree.body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        for target in ast.walk(statement)
        if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store)
    }
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        mutable = set(_mutable_defaults(function))
        own = set(_locals(function)) - mutable
        for node in ast.walk(function):
            if isinstance(node, ast.Global):
                yield f"it changes the global {node.names[0]!r}"
            for name in _changed(node):
                if name in mutable or (name in shared | functions and name not in own):
                    yield f"it changes {name!r}, which outlives the call"


def _mutable_defaults(function: ast.FunctionDef) -> Iterator[str]:
    places = [*function.args.posonlyargs, *function.args.args][::-1]
    pairs = [
        *zip(places, function.args.defaults[::-1], strict=False),
        *zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True),
    ]
    rebound = {
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    for place, default in pairs:
        plain = ast.Constant | ast.UnaryOp | ast.Tuple | ast.Name | ast.Attribute
        if default is not None and not isinstance(default, plain) and place.arg not in rebound:
            yield place.arg


def _locals(function: ast.FunctionDef) -> Iterator[str]:
    arguments = function.args
    for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        yield each.arg
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _changed(node: ast.AST) -> Iterator[str]:
    """Find the names whose objects a node changes in place, or reads one by one."""
    if isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load):
        yield from _root(node)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in _MUTATORS:
            yield from _root(node.func)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "next":
        for argument in node.args[:1]:
            yield from _root(argument)


def _root(node: ast.expr) -> Iterator[str]:
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id


def _aliases(tree: ast.Module) -> dict[str, str]:
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return found


def _path(node: ast.expr, aliases: dict[str, str]) -> str:
    """Return the full name that an expression stands for, empty when it is no import's."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in aliases:
        return ""
    return ".".join([aliases[node.id], *parts[::-1]])
