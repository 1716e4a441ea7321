"""Clocks and chance in a source: what says the time, and what draws numbers without a seed."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from habilis.skills.proof.names import imported, last_of, path_of

_CLOCKS = frozenset(
    "time time_ns monotonic monotonic_ns perf_counter perf_counter_ns process_time "
    "process_time_ns thread_time thread_time_ns clock_gettime localtime gmtime ctime now today "
    "utcnow formatdate make_msgid".split()
)
_CLOCK_OWNERS = frozenset({"time", "datetime", "date", "utils"})
_ALWAYS_NOW = frozenset({"now", "today", "utcnow"})  # whatever class they are asked of
_LOOPS = frozenset({"get_event_loop", "get_running_loop", "new_event_loop"})
_READ_NOW = frozenset({"numpy", "pandas", "dateutil"})  # who read the words as the time
_SEEDED = frozenset({"Random", "default_rng", "RandomState", "Generator", "PCG64"})
_OWNERS = frozenset({"random", "numpy.random"})
_TAKE = "take the time as a parameter"
_DRAW = "make random.Random(seed) inside the function, with the seed as a parameter"


def clocks_and_chance(tree: ast.Module) -> Iterator[str]:
    """Yield what the time or chance could change from one call to the next, as sentences."""
    aliases = imported(tree)
    yield from _words(tree, aliases)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _reached(node, aliases)
            yield from _unseeded(node, aliases)
        elif isinstance(node, ast.Attribute | ast.Name):
            path = path_of(node, aliases)
            owner, _, name = path.rpartition(".")
            clock = name in _CLOCKS and owner.split(".")[-1] in _CLOCK_OWNERS
            loop = name in _LOOPS and owner == "asyncio"
            if clock or loop or (isinstance(node, ast.Attribute) and node.attr in _ALWAYS_NOW):
                yield f"it reads the clock ({path or ast.unparse(node)}); {_TAKE}"
    yield from _shared_draws(tree, aliases)


def spelled(tree: ast.Module) -> ast.Module:
    """Return the tree with `getattr(x, "name")` as the `x.name` that it is."""
    return ast.fix_missing_locations(_Spell().visit(tree))  # type: ignore[no-any-return]


class _Spell(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if last_of(node.func) == "getattr" and len(node.args) > 1:
            name = _text(node.args[1])
            if name is not None and name.isidentifier():
                read = ast.Attribute(value=node.args[0], attr=name, ctx=ast.Load())
                return ast.copy_location(read, node)
        return node


def _text(node: ast.expr) -> str | None:
    """Return the text that an expression of literals gives."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            parts = [_text(left), _text(right)]
        case ast.JoinedStr(values=values):
            parts = [_text(each) for each in values]
        case ast.FormattedValue(value=value, format_spec=None):
            return _text(value)
        case ast.Call(
            func=ast.Attribute(value=ast.Constant(value=str(by)), attr="join"),
            args=[ast.List(elts=elements) | ast.Tuple(elts=elements)],
        ):
            parts = [_text(each) for each in elements]
            return None if None in parts else by.join(part or "" for part in parts)
        case _:
            return None
    return None if None in parts else "".join(part or "" for part in parts)


def _words(tree: ast.Module, aliases: dict[str, str]) -> Iterator[str]:
    """Find the clock as a word: "now" in whatever is given to numpy or pandas."""
    if not any(path.split(".")[0] in _READ_NOW for path in aliases.values()):
        return
    for node in ast.walk(tree):
        text = _text(node) if isinstance(node, ast.expr) else None
        if text is not None and text.strip().lower() in ("now", "today"):
            yield f"it reads the clock ({ast.unparse(node)}); {_TAKE}"


def _reached(call: ast.Call, aliases: dict[str, str]) -> Iterator[str]:
    """Find attributes by names that are made up, and clocks that fill in what is not given."""
    name, path, said = last_of(call.func), path_of(call.func, aliases), ast.unparse(call)
    least = {"time.strftime": 2, "time.asctime": 1}.get(path, 0)
    if len(call.args) < least:
        yield f"it reads the clock ({said}); {_TAKE}"
    elif name == "getattr":
        yield f"it gets an attribute whose name is not written out ({said}); write x.name"
    elif path in ("operator.methodcaller", "operator.attrgetter"):
        for text in [_text(each) for each in call.args] or [None]:
            if text is None or _ALWAYS_NOW & {*text.split(".")}:
                yield f"it gets an attribute that may be the clock ({said}); write x.name"
    elif path.startswith("dateutil.") and name == "parse" and "default" not in _keywords(call):
        yield f"it fills in the date of today ({said}); give it default="


def _unseeded(call: ast.Call, aliases: dict[str, str]) -> Iterator[str]:
    name, path, said = last_of(call.func), path_of(call.func, aliases), ast.unparse(call)
    given = [*call.args, *(each.value for each in call.keywords)]
    none = not given or (isinstance(given[0], ast.Constant) and given[0].value is None)
    if path and name in _SEEDED and path.rpartition(".")[0] in _OWNERS and none:
        yield f"it draws random numbers ({said}) without a seed; {_DRAW}"
    elif path == "random.SystemRandom":
        yield f"it draws random numbers ({said}) that no seed repeats; {_DRAW}"
    frame = "pandas" in aliases.values() and name == "sample" and len(call.args) < 2
    if ((frame and not path) or name == "rvs") and "random_state" not in _keywords(call):
        yield f"it draws random numbers ({said}) without random_state="


def _keywords(call: ast.Call) -> set[str | None]:
    return {each.arg for each in call.keywords}


def _shared_draws(tree: ast.Module, aliases: dict[str, str]) -> Iterator[str]:
    """Find draws from the generator that all code shares, unless it is seeded just before."""
    for scope in [tree, *(n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef))]:
        seeded = isinstance(scope, ast.FunctionDef) and _seeds(scope, aliases)
        for node in _own_nodes(scope):
            path = path_of(node, aliases) if isinstance(node, ast.Attribute | ast.Name) else ""
            owner, _, name = path.rpartition(".")
            draws = owner in _OWNERS and name not in _SEEDED | {"SystemRandom", "random"}
            draws = draws or path in ("random.random", "numpy.random.random")
            if isinstance(node, ast.Call) and scope is not tree and last_of(node.func) == "object":
                yield "object() shows where it lies in memory; compare with None"
            elif draws and not seeded:
                yield f"it draws random numbers ({path}) without a seed; {_DRAW}"


def _seeds(function: ast.FunctionDef, aliases: dict[str, str]) -> bool:
    """Tell whether a function seeds the shared generator, whatever its arguments."""
    for statement in function.body:
        call = statement.value if isinstance(statement, ast.Expr) else None
        if (
            isinstance(call, ast.Call)
            and call.args
            and path_of(call.func, aliases).endswith(".seed")
        ):
            return not (isinstance(call.args[0], ast.Constant) and call.args[0].value is None)
    return False


def _own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(scope):
        if not isinstance(child, ast.FunctionDef):
            yield child
            yield from _own_nodes(child)
