"""Nothing the result could depend on but the arguments: read from the source.

Running cannot show this: a counter, a time bomb or a function that knows it is being
proved behaves until later. So what could tell one call from the next is refused by name:
clocks, random numbers without a seed, hashes of text, identities, the environment, files
that no argument names, names that nothing defines, and state that outlives a call.
"""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterator

from habilis.skills.proof.lasting import lasting_changes
from habilis.skills.proof.trial import Finding
from habilis.skills.skill import Skill

_CLOCKS = frozenset(
    "time time_ns monotonic monotonic_ns perf_counter perf_counter_ns process_time "
    "process_time_ns thread_time thread_time_ns clock_gettime localtime gmtime ctime now today "
    "utcnow".split()
)
_CLOCK_OWNERS = frozenset({"time", "datetime", "date"})
_ALWAYS_NOW = frozenset({"now", "today", "utcnow"})  # whatever class they are asked of
_READ_NOW = frozenset({"datetime64", "Timestamp", "to_datetime", "Period"})
_SURROUNDINGS = frozenset(
    "os sys platform inspect gc socket getpass secrets uuid tracemalloc resource threading "
    "traceback tempfile builtins".split()
)
_CHANGEFUL = _SURROUNDINGS | {"time", "datetime", "random"}  # not to be handed on as a whole
_TELLING = frozenset(
    {"hash", "id", "globals", "vars", "locals", "input", "__file__", "__builtins__"}
)
_FILES = frozenset(
    "open Path read_csv read_json read_excel loadtxt genfromtxt glob iglob listdir scandir".split()
)
_SEEDED = frozenset({"Random", "seed", "default_rng", "RandomState"})
_GIVEN = frozenset({*dir(builtins), "__name__", "__doc__"})


def check(draft: Skill) -> Finding:
    """Read the source for what changes from call to call."""
    tree = ast.parse(draft.source)
    found = [
        *_clocks_and_chance(tree),
        *_surroundings(tree),
        *_files(tree),
        *lasting_changes(tree),
        *(f"it reads {name!r}, which nothing defines" for name in _undefined(draft.source)),
    ]
    faults = list(dict.fromkeys(found))
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
        if isinstance(node, ast.Call):
            yield from _now_in_words(node, aliases)
        if not isinstance(node, ast.Attribute | ast.Name):
            continue
        path = _path(node, aliases)
        owner, _, name = path.rpartition(".")
        clock = name in _CLOCKS and owner.split(".")[-1] in _CLOCK_OWNERS
        if clock or (isinstance(node, ast.Attribute) and node.attr in _ALWAYS_NOW):
            said = path or ast.unparse(node)
            yield f"it reads the clock ({said}); take the time as a parameter"
        elif owner in ("random", "numpy.random", "np.random") and not seeded:
            yield f"it draws random numbers ({path}) without a seed; take one as a parameter"


def _now_in_words(call: ast.Call, aliases: dict[str, str]) -> Iterator[str]:
    """Find the clock where no name says it: `datetime64("now")`, `strftime("%Y")`."""
    path = _path(call.func, aliases)
    first = call.args[0] if call.args else None
    text = first.value if isinstance(first, ast.Constant) else None
    least = {"time.strftime": 2, "time.asctime": 1}.get(path, 0)
    if len(call.args) < least or (path.split(".")[-1] in _READ_NOW and text in ("now", "today")):
        yield f"it reads the clock ({ast.unparse(call)}); take the time as a parameter"


def _surroundings(tree: ast.Module) -> Iterator[str]:
    aliases = _aliases(tree)
    owners = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "__hash__":
            yield "hashes differ from one process to the next"
        elif isinstance(node, ast.ImportFrom) and _takes_all(node):
            yield f"it imports everything from {node.module}; name what it needs"
        if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
            continue
        path = aliases.get(node.id, "")
        if path.split(".")[0] in _SURROUNDINGS:
            yield f"it looks at its surroundings ({path.split('.')[0]})"
        elif node.id in _TELLING and node.id not in aliases:
            yield f"{node.id}() differs from one process to the next"
        elif path in _CHANGEFUL and id(node) not in owners:
            yield f"it hands on the module {path}, which knows the time or draws numbers"


def _takes_all(node: ast.ImportFrom) -> bool:
    return node.names[0].name == "*" and (node.module or "").split(".")[0] in _CHANGEFUL


def _files(tree: ast.Module) -> Iterator[str]:
    """Find files that are named in the code: they are there today, and not tomorrow."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        called = node.func.id if isinstance(node.func, ast.Name) else called
        named = bool(node.args) and isinstance(node.args[0], ast.Constant)
        here = called in ("cwd", "home", "Path") and not node.args
        if here or (called in _FILES and named):
            yield f"it uses files that no argument names ({ast.unparse(node)})"


def _undefined(source: str) -> Iterator[str]:
    tables = [symtable.symtable(source, "<skill>", "exec")]
    known = {symbol.get_name() for symbol in tables[0].get_symbols() if _is_bound(symbol)}
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            outside = table.get_type() == "module" or symbol.is_global()
            if outside and symbol.is_referenced() and symbol.get_name() not in known | _GIVEN:
                yield symbol.get_name()


def _is_bound(symbol: symtable.Symbol) -> bool:
    return symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()


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
