"""What of a source outlives a call, and whether calls change it.

Names are followed through plain assignments and loops, and into the functions beside;
what is put in by other ways (an attribute of an argument, a class of a class) is not seen.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

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
_USED_UP = frozenset(
    "iter count cycle repeat chain zip map filter enumerate reversed islice accumulate "
    "StringIO BytesIO".split()
)


def lasting_changes(tree: ast.Module) -> Iterator[str]:
    """Yield what calls change that later calls can see, as sentences."""
    shared = _shared(tree)
    yield from _keepers(tree, shared)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    names = {*shared, "type", *(f.name for f in functions), *_classes(tree)}
    changing = {f.name for f in functions if set(_parameters(f)) & set(_changes(f, frozenset()))}
    for function in functions:
        lasting = {*_mutable_defaults(function), *({"cls"} & set(_parameters(function)))}
        lasting |= names - (set(_bound(function)) - lasting)
        lasting |= _aliases_of(function, lasting & {*shared, *_mutable_defaults(function)})
        for node in ast.walk(function):
            if isinstance(node, ast.Global):
                yield f"it changes the global {node.names[0]!r}"
            elif isinstance(node, ast.Attribute) and node.attr.startswith("cache_"):
                yield f"it looks into a cache ({node.attr}), which outlives the call"
        for name in _changes(function, frozenset(changing)):
            if name in lasting:
                yield f"it changes {name!r}, which outlives the call"


def _shared(tree: ast.Module) -> dict[str, ast.expr]:
    """Return the names beside the functions, each with the value it is given."""
    found: dict[str, ast.expr] = {}
    for statement in tree.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            stored = [n for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)]
            found |= {name.id: statement.value for name in stored}
    return found


def _classes(tree: ast.Module) -> dict[str, ast.ClassDef]:
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


def _keepers(tree: ast.Module, shared: dict[str, ast.expr]) -> Iterator[str]:
    """Find values that are used up by calls, or that keep state of their own."""
    inner = ast.FunctionDef | ast.Lambda | ast.Yield
    makers = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(each, inner) for part in node.body for each in ast.walk(part))
    }
    for name, each in _classes(tree).items():
        methods = [node for node in each.body if isinstance(node, ast.FunctionDef)]
        later = [method for method in methods if method.name not in ("__init__", "__post_init__")]
        if any(set(_changes(method, frozenset())) & {"self"} for method in later):
            makers.add(name)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    read = {n.id for each in functions for n in ast.walk(each) if isinstance(n, ast.Name)}
    for name, value in shared.items():
        made_by = _last(value.func) if isinstance(value, ast.Call) else ""
        keeps = isinstance(value, ast.GeneratorExp) or made_by in _USED_UP | makers
        if keeps and name in read:
            yield f"{name!r} is used up or changed by calls and outlives them"


def _parameters(function: ast.FunctionDef) -> Iterator[str]:
    arguments = function.args
    for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        yield each.arg


def _mutable_defaults(function: ast.FunctionDef) -> Iterator[str]:
    places = [*function.args.posonlyargs, *function.args.args][::-1]
    pairs = [
        *zip(places, function.args.defaults[::-1], strict=False),
        *zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True),
    ]
    rebound = set(_stored(function))
    for place, default in pairs:
        plain = ast.Constant | ast.UnaryOp | ast.Tuple | ast.Name | ast.Attribute
        if default is not None and not isinstance(default, plain) and place.arg not in rebound:
            yield place.arg


def _bound(function: ast.FunctionDef) -> Iterator[str]:
    yield from _parameters(function)
    yield from _stored(function)


def _stored(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _aliases_of(function: ast.FunctionDef, lasting: set[str]) -> set[str]:
    """Find the other names in a function for what lasts, or for a part of it."""
    found: set[str] = set()
    for _ in range(3):  # an alias of an alias of an alias
        for node in ast.walk(function):
            if isinstance(node, ast.Assign):
                targets, value = node.targets, node.value
            elif isinstance(node, ast.For | ast.comprehension):
                targets, value = [node.target], node.iter
            elif isinstance(node, ast.NamedExpr):
                targets, value = [node.target], node.value
            else:
                continue
            choices = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
            if any(set(_root(choice)) & (lasting | found) for choice in choices):
                found |= {name for target in targets for name in _stored(target)}
    return found


def _changes(function: ast.FunctionDef, changing: frozenset[str]) -> Iterator[str]:
    """Find the names whose objects a function changes in place, or reads one by one."""
    for node in ast.walk(function):
        if isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load):
            yield from _root(node)
        elif isinstance(node, ast.Call):
            called = _last(node.func)
            if isinstance(node.func, ast.Attribute) and called in _MUTATORS:
                owner = _last(node.func.value)
                yield from _root(node.args[0] if owner in _TYPES and node.args else node.func)
            elif called in _CHANGE_FIRST | changing:
                for argument in node.args[: None if called in changing else 1]:
                    yield from _root(argument)


def _root(node: ast.expr) -> Iterator[str]:
    """Yield the name whose object, or a part of it, an expression gives."""
    while isinstance(node, ast.Subscript | ast.Attribute | ast.Call):
        if not isinstance(node, ast.Call):
            node = node.value
        elif isinstance(node.func, ast.Attribute) and node.func.attr in _GIVE_PARTS:
            node = node.func.value
        else:
            if _last(node.func) == "type":
                yield "type"
            return
    if isinstance(node, ast.Name):
        yield node.id


def _last(node: ast.expr) -> str:
    """Return the last name of `a.b.c`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
