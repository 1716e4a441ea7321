"""What of a source outlives a call, and whether calls change it.

Tables beside the functions are `tables`'; here are classes, functions, modules, settings
and caches.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from habilis.skills.proof.depth import annotated_depth
from habilis.skills.proof.names import imported, last_of, parameter_names, path_of, stored
from habilis.skills.proof.tables import changed_tables

_MUTATORS = frozenset(
    "append extend insert pop remove clear update add discard setdefault popitem sort reverse "
    "appendleft popleft send subtract __next__ __setitem__ __delitem__ __iadd__ __setattr__".split()
)
_CHANGE_FIRST = frozenset(  # functions that change what they are given first
    "next setattr delattr setitem delitem iadd heappush heappop heapify heapreplace heappushpop "
    "insort insort_left insort_right shuffle".split()
)
_TYPES = frozenset("list dict set deque Counter defaultdict object type operator".split())
_GIVE_PARTS = frozenset({"get", "values", "items"})
_SETTINGS = frozenset(
    "getcontext setcontext seterr set_option set_printoptions simplefilter filterwarnings "
    "resetwarnings setlocale ContextVar local".split()
)
_BUILT = (
    ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp | ast.GeneratorExp
)


def lasting_changes(tree: ast.Module) -> Iterator[str]:
    """Yield what calls change that later calls can see, as sentences."""
    yield from changed_tables(tree)
    yield from _cached(tree)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    classes = [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    beside = {"type", "__class__", *classes, *(f.name for f in functions), *imported(tree)}
    for function in functions:
        lasting = beside - {*parameter_names(function), *stored(function)}
        lasting |= {"cls"} & {*parameter_names(function)}
        for node in ast.walk(function):
            if isinstance(node, ast.Global):
                yield f"it changes the global {node.names[0]!r}"
            elif isinstance(node, ast.Attribute) and node.attr.startswith("cache_"):
                yield f"it looks into a cache ({node.attr}), which outlives the call"
        for name in _changes(function):
            if name in lasting:
                yield f"it changes {name!r}, which outlives the call"
    yield from _settings(tree)


def _settings(tree: ast.Module) -> Iterator[str]:
    aliases = imported(tree)
    for node in ast.walk(tree):
        called = node.func if isinstance(node, ast.Call) else None
        if called is not None and last_of(called) in _SETTINGS and path_of(called, aliases):
            yield f"{ast.unparse(called)}() reaches settings that outlive the call"


def _cached(tree: ast.Module) -> Iterator[str]:
    """Find caches beside the functions that hand out what can be changed."""
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        kept = any("cache" in ast.unparse(each) for each in node.decorator_list)
        parts = [each for part in node.body for each in ast.walk(part)]
        returned = [each.value for each in parts if isinstance(each, ast.Return)]
        built = any(isinstance(each, _BUILT) for each in returned)
        typed = node.returns is not None and annotated_depth(node.returns) != 0
        if kept and (built or typed):
            yield f"{node.name!r} keeps what it returns, and that can be changed; return a tuple"


def _changes(function: ast.FunctionDef) -> Iterator[str]:
    """Find the names whose objects a function changes in place."""
    for node in ast.walk(function):
        if isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load):
            yield from _root(node)
        elif isinstance(node, ast.Call):
            called = last_of(node.func)
            if isinstance(node.func, ast.Attribute) and called in _MUTATORS:
                owner = last_of(node.func.value)
                if owner in _TYPES and node.args:
                    yield from _root(node.args[0])
                elif isinstance(node.func.value, ast.Attribute):
                    yield from _root(node.func)
            elif called in _CHANGE_FIRST and node.args:
                yield from _root(node.args[0])


def _root(node: ast.expr) -> Iterator[str]:
    """Yield the name whose object, or a part of it, an expression gives."""
    while isinstance(node, ast.Subscript | ast.Attribute | ast.Call):
        if isinstance(node, ast.Attribute) and node.attr == "__class__":
            yield "__class__"
            return
        if not isinstance(node, ast.Call):
            node = node.value
        elif isinstance(node.func, ast.Attribute) and node.func.attr in _GIVE_PARTS:
            node = node.func.value
        else:
            if last_of(node.func) == "type":
                yield "type"
            return
    if isinstance(node, ast.Name):
        yield node.id
