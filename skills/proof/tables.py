"""Tables beside the functions: values that could be changed must only ever be read.

Each is followed from use to use, through other names, containers, helpers and defaults, to
where what is taken from it can no longer be changed. A use that is not known to read is a
fault, so new ways around it are refused without being listed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeAlias

from habilis.skills.proof.depth import annotated_depth, depth_of
from habilis.skills.proof.names import (
    defaults_of,
    imported,
    last_of,
    parameter_names,
    path_of,
    stored,
)

_INSTEAD = "make it a tuple, frozenset or MappingProxyType, or build it inside the function"
_READ = frozenset(
    "index count issubset issuperset isdisjoint __contains__ __len__ keys most_common total".split()
)
_GIVE_ONE = frozenset("get __getitem__".split())
_GIVE_ALL = frozenset(
    "items values copy union intersection difference symmetric_difference elements".split()
)
_SCALAR = frozenset(
    "len any all str repr isinstance bool hash deepcopy dumps print type array format".split()
)
_ONE_OF = frozenset("max min sum choice reduce mode".split())
_COPY = frozenset(
    "list tuple set frozenset dict sorted enumerate zip reversed map filter range float int abs "
    "round MappingProxyType bytes iter".split()
)
_PURE = frozenset(
    "math cmath statistics bisect itertools functools numpy pandas collections json string re "
    "difflib random heapq fractions decimal datetime textwrap copy types".split()
)
_CHANGE = frozenset(
    "heappush heappop heapify heapreplace heappushpop insort insort_left insort_right shuffle "
    "partial partialmethod ChainMap UserList UserDict copyto put place putmask fill".split()
)
_KEEP = frozenset("append appendleft insert add setdefault put send push set".split())
_READS = (  # statements and expressions that only look
    ast.If,
    ast.While,
    ast.Assert,
    ast.UnaryOp,
    ast.Compare,
    ast.Expr,
    ast.Slice,
    ast.JoinedStr,
    ast.FormattedValue,
)
_Flow: TypeAlias = tuple[ast.AST, str, int] | None


def changed_tables(tree: ast.Module) -> Iterator[str]:
    """Yield what is bound beside the functions and is not only read, as sentences."""
    yield from _Uses(tree).faults()


class _Uses:
    def __init__(self, tree: ast.Module) -> None:
        self.tree, self.aliases = tree, imported(tree)
        self.parents = {c: node for node in ast.walk(tree) for c in ast.iter_child_nodes(node)}
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        self.functions = {each.name: each for each in functions}
        self.known = dict.fromkeys([*self.aliases, *self.functions, *_classes(tree)], 0)
        self.calls = _given_by(tree)
        self.followed: set[tuple[ast.AST, str, int]] = set()

    def faults(self) -> Iterator[str]:
        for statement in self.tree.body:
            yield from self._bound(statement)
        for function in [n for n in ast.walk(self.tree) if isinstance(n, ast.FunctionDef)]:
            for name, default in defaults_of(function):
                yield from self._start(function, name, default)
        for name, kind in _classes(self.tree).items():
            for statement in kind.body:
                yield from self._in_class(name, statement)

    def _bound(self, statement: ast.stmt) -> Iterator[str]:
        if isinstance(statement, ast.Assign | ast.AnnAssign | ast.For | ast.With | ast.If):
            value: ast.expr | None = getattr(statement, "value", None)
            targets = getattr(statement, "targets", [getattr(statement, "target", statement)])
            names = [name for target in targets for name in stored(target)]
            if value is not None:
                for name in names:
                    yield from self._start(self.tree, name, value)
            for inner in (*getattr(statement, "body", ()), *getattr(statement, "orelse", ())):
                yield from self._bound(inner)

    def _in_class(self, owner: str, statement: ast.stmt) -> Iterator[str]:
        if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
            return
        name = next(stored(statement), "it")
        field = isinstance(statement.value, ast.Call) and last_of(statement.value.func) == "field"
        depth = depth_of(statement.value, self.known, self.calls, self.aliases)
        if not name.startswith("__") and not field and depth != 0:
            yield f"{owner}.{name} could be changed by calls and outlives them; {_INSTEAD}"

    def _start(self, scope: ast.AST, name: str, value: ast.expr) -> Iterator[str]:
        depth = depth_of(value, self.known, self.calls, self.aliases)
        if scope is self.tree:
            self.known[name] = max(depth or 0, self.known.get(name, 0))
            if not any(map(self._in_call, self._names(scope, name, everywhere=False))):
                return
        if depth is None:
            yield f"{name!r} keeps state of its own, which outlives the call; {_INSTEAD}"
        elif scope is self.tree or name not in set(stored(scope)):
            yield from self._follow(scope, name, depth, name)

    def _follow(self, scope: ast.AST, name: str, depth: int, origin: str) -> Iterator[str]:
        """Judge every use of a name in a function, or in all that do not bind it again."""
        if depth <= 0 or (scope, name, depth) in self.followed:
            return
        self.followed.add((scope, name, depth))
        for node in self._names(scope, name, everywhere=scope is not self.tree):
            if not self._in_call(node):
                continue
            if isinstance(node.ctx, ast.Load):
                flows = list(self.flows(node, depth))
            else:
                flows = [None] if isinstance(self.parents[node], ast.AugAssign) else []
            if None in flows:
                said = ast.unparse(self.parents[node]).split("\n")[0][:60]
                yield f"{origin!r} outlives the call and is not only read ({said}); {_INSTEAD}"
                return
            for to, other, left in [flow for flow in flows if flow is not None]:
                yield from self._follow(to, other, left, origin)

    def _in_call(self, node: ast.AST) -> bool:
        """Tell whether a name is used when a function runs, not while the source is loaded."""
        while node in self.parents and not isinstance(node, ast.FunctionDef | ast.Lambda):
            if isinstance(node, ast.arguments | ast.ClassDef):
                return False  # defaults and what classes hold are judged on their own
            node = self.parents[node]
        return node in self.parents

    def _names(self, scope: ast.AST, name: str, *, everywhere: bool) -> Iterator[ast.Name]:
        for child in ast.iter_child_nodes(scope):
            if isinstance(child, ast.Name) and child.id == name:
                yield child
            if isinstance(child, ast.FunctionDef) and not everywhere and name in _own(child):
                continue
            yield from self._names(child, name, everywhere=everywhere)

    # what becomes of a value ---------------------------------------------------

    def flows(self, node: ast.AST, depth: int) -> Iterator[_Flow]:
        """Yield the names that a value gets, with their depth; None where it may be changed."""
        parent = self.parents[node]
        if depth <= 0 or isinstance(parent, _READS):
            return
        shallow = depth if depth > 1 else 0  # of a copy, whose elements alone are shared
        match parent:
            case ast.Subscript(value=owner, ctx=ast.Load()) if owner is node:
                sliced = isinstance(parent.slice, ast.Slice)
                yield from self.flows(parent, shallow if sliced else depth - 1)
            case ast.Subscript(ctx=ast.Load()):
                return
            case ast.Attribute(ctx=ast.Load()):
                yield from self._attribute(parent, depth)
            case ast.Call() | ast.keyword():
                yield from self._argument(node, parent, depth)
            case ast.Starred():
                yield from self.flows(parent, depth - 1)
            case ast.For(iter=value) | ast.comprehension(iter=value) if value is node:
                yield from self._named(parent, [parent.target], depth - 1)
            case ast.comprehension():
                return
            case ast.Assign() | ast.AnnAssign() | ast.NamedExpr():
                one: list[ast.expr] = [] if isinstance(parent, ast.Assign) else [parent.target]
                more = parent.targets if isinstance(parent, ast.Assign) else one
                yield from self._named(parent, more, depth)
                if isinstance(parent, ast.NamedExpr):
                    yield from self.flows(parent, depth)
            case ast.AugAssign() | ast.BinOp():
                yield from self.flows(parent, shallow) if isinstance(parent, ast.BinOp) else ()
            case ast.IfExp(test=test) if test is node:
                return
            case ast.BoolOp() | ast.IfExp():
                yield from self.flows(parent, depth)
            case ast.List() | ast.Set() | ast.Tuple() | ast.Dict():
                yield from self.flows(parent, depth + 1)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                yield from self.flows(parent, depth + 1)
            case _:
                yield None

    def _attribute(self, read: ast.Attribute, depth: int) -> Iterator[_Flow]:
        call = self.parents[read]
        called = isinstance(call, ast.Call) and call.func is read
        if read.attr in _READ or (read.attr in _GIVE_ONE | _GIVE_ALL and depth == 1 and not called):
            return
        if not called or read.attr not in _GIVE_ONE | _GIVE_ALL:
            yield None
        else:
            copied = depth if depth > 1 or read.attr in ("items", "values") else 0
            yield from self.flows(call, depth - 1 if read.attr in _GIVE_ONE else copied)

    def _argument(self, node: ast.AST, parent: ast.AST, depth: int) -> Iterator[_Flow]:
        call = self.parents[parent] if isinstance(parent, ast.keyword) else parent
        if not isinstance(call, ast.Call) or node is call.func:
            yield None
            return
        name, path = last_of(call.func), path_of(call.func, self.aliases)
        method = isinstance(call.func, ast.Attribute) and not path
        shallow = depth if depth > 1 else 0
        own = self.functions.get(name) if isinstance(call.func, ast.Name) else None
        if own is not None:
            given = parent.arg if isinstance(parent, ast.keyword) else _place(own, call, node)
            yield (own, given, depth) if given else None
        elif name in _CHANGE or (isinstance(parent, ast.keyword) and parent.arg == "out"):
            yield None
        elif name in _SCALAR:
            return
        elif name in _ONE_OF:
            yield from self.flows(call, depth - 1)
        elif method and name in (*_GIVE_ONE, "pop"):
            yield from self.flows(call, depth)
        elif name in _COPY or path.split(".")[0] in _PURE or (method and name not in _KEEP):
            yield from self.flows(call, shallow)
        else:
            yield None

    def _named(self, node: ast.AST, targets: list[ast.expr], depth: int) -> Iterator[_Flow]:
        scope = node
        while scope is not self.tree and not isinstance(scope, ast.FunctionDef):
            scope = self.parents[scope]
        for target in targets:
            if not isinstance(target, ast.Name | ast.Tuple | ast.List):
                yield None
            for name in stored(target) if scope is not self.tree else ():
                yield scope, name, depth - int(not isinstance(target, ast.Name | ast.Tuple))


def _place(function: ast.FunctionDef, call: ast.Call, node: ast.AST) -> str:
    if any(isinstance(each, ast.Starred) for each in call.args) or function.args.vararg:
        return ""
    names = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    place = call.args.index(node)  # type: ignore[arg-type]
    return names[place] if place < len(names) else ""


def _own(function: ast.FunctionDef) -> set[str]:
    return {*parameter_names(function), *stored(function)}


def _classes(tree: ast.Module) -> dict[str, ast.ClassDef]:
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


def _given_by(tree: ast.Module) -> dict[str, int]:
    """Return the depth of what functions and classes give, where they keep no state."""
    found: dict[str, int] = {}
    inner = ast.FunctionDef | ast.Lambda | ast.Yield
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            words = ast.unparse(ast.Module([*node.bases, *node.decorator_list], []))  # type: ignore[list-item]
            if any(word in words for word in ("NamedTuple", "Enum", "frozen=True")):
                found[node.name] = 0
        elif isinstance(node, ast.FunctionDef):
            depth = annotated_depth(node.returns)
            keeps = any(isinstance(each, inner) for part in node.body for each in ast.walk(part))
            if depth is not None and not keeps:
                found[node.name] = depth
    return found
