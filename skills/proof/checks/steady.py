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

from habilis.skills.proof.chance import clocks_and_chance, spelled
from habilis.skills.proof.lasting import lasting_changes
from habilis.skills.proof.names import imported
from habilis.skills.proof.trial import Finding
from habilis.skills.skill import Skill

_SURROUNDINGS = frozenset(
    "os sys platform inspect gc socket getpass secrets uuid tracemalloc resource threading "
    "traceback tempfile builtins timeit".split()
)
_CHANGEFUL = _SURROUNDINGS | {"time", "datetime", "random"}  # not to be handed on as a whole
_TELLING = frozenset(
    {"hash", "id", "globals", "vars", "locals", "input", "__file__", "__builtins__"}
)
_FILES = frozenset(
    "open Path read_csv read_json read_excel loadtxt genfromtxt glob iglob listdir scandir".split()
)
_GIVEN = frozenset({*dir(builtins), "__name__", "__doc__"})


def check(draft: Skill) -> Finding:
    """Read the source for what changes from call to call."""
    tree = spelled(ast.parse(draft.source))
    found = [
        *clocks_and_chance(tree),
        *_surroundings(tree),
        *_files(tree),
        *lasting_changes(tree),
        *(f"it reads {name!r}, which nothing defines" for name in _undefined(draft.source)),
    ]
    faults = list(dict.fromkeys(found))
    evidence = "; ".join(faults[:3]) or "its result can depend on its arguments only"
    return Finding(passed=not faults, evidence=evidence)


def _surroundings(tree: ast.Module) -> Iterator[str]:
    aliases = imported(tree)
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
