"""Cut one function, with all it needs, out of the actions that defined it."""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from habilis.skills.rename import rename

_BUILTINS = frozenset(dir(builtins))


@dataclass(frozen=True, kw_only=True)
class _Statement:
    """A top-level statement: the names it binds, those it changes, those it reads."""

    node: ast.stmt
    text: str
    position: int
    binds: frozenset[str]
    changes: frozenset[str]
    reads: frozenset[str]


def extract_function(actions: Sequence[str], name: str, *, skills: Iterable[str] = ()) -> str:
    """Return the source of a skill: imports, constants, private helpers, the function.

    Later definitions win, as they did when the actions ran; statements that change a
    needed name come along. Helper functions become private. Names of `skills` that the
    code uses are imported from `skills`.

    Raises:
        ValueError: no action defines a function of this name.
    """
    statements = list(_statements(actions))
    latest = {bound: s for s in statements for bound in s.binds}
    if name not in latest or not isinstance(latest[name].node, ast.FunctionDef):
        raise ValueError(f"no function named {name!r} was defined")
    function = latest[name]
    needed, used = _closure(name, statements)
    others = [s for s in used if s is not function]
    imports = [_narrow(s.node, needed) for s in others if _is_import(s.node)]
    called = sorted((needed & set(skills)) - latest.keys() - _BUILTINS)
    if called:
        imports.append(f"from skills import {', '.join(called)}")
    rest = [s for s in others if not _is_import(s.node)]
    private = _private_names([*rest, function], name, taken=set(latest))
    body = [rename(s.text, private) for s in [*rest, function]]
    return "\n\n\n".join(part for part in ("\n".join(dict.fromkeys(imports)), *body) if part) + "\n"


def text_behind(actions: Sequence[str], *, answer: str = "") -> str:
    """Return the statements that an answer rests on, by the names they bind and read.

    It is what the last action gave to `final_answer`, or the function `answer`; earlier
    ones count with what they gave, printed or ended in, since their author has read it.
    """
    parts = [list(_statements([action])) for action in actions]
    readers = _readers([statement for part in parts for statement in part])
    answering = any("final_answer" in readers(s) for s in (parts[-1] if parts else ()))
    live, found = {answer}, list[str]()
    for part in reversed(parts):
        ends = frozenset({"final_answer"}) if answering else frozenset({"final_answer", "print"})
        for statement in reversed(part):
            shown = statement is part[-1] and isinstance(statement.node, ast.Expr)
            reads = readers(statement)
            if (shown and not answering) or reads & ends or _touched(statement) & live:
                found.append(statement.text)
                live = (live - statement.binds) | reads | statement.changes
        answering = False
    return "\n".join(found)


def _readers(statements: Sequence[_Statement]) -> Callable[[_Statement], set[str]]:
    """Return what tells all that a statement reads, through the functions it names too."""
    bodies = {s.node.name: s.reads for s in statements if isinstance(s.node, ast.FunctionDef)}

    def reads(statement: _Statement) -> set[str]:
        found: set[str] = set()
        pending = list(statement.reads)
        while pending:
            name = pending.pop()
            if name not in found:
                found.add(name)
                pending += bodies.get(name, ())
        return found

    return reads


def _touched(statement: _Statement) -> frozenset[str]:
    return statement.binds | statement.changes


def defines(actions: Sequence[str], name: str) -> bool:
    """Tell whether `extract_function` finds a function of this name."""
    try:
        extract_function(actions, name)
    except ValueError:
        return False
    return True


def _closure(name: str, statements: Sequence[_Statement]) -> tuple[set[str], list[_Statement]]:
    """Follow what is read, from the function on; return names and statements in order."""
    needed: set[str] = set()
    used: dict[int, _Statement] = {}
    pending = [name]
    while pending:
        wanted = pending.pop()
        if wanted in needed:
            continue
        needed.add(wanted)
        bound = [s.position for s in statements if wanted in s.binds]
        since = max(bound, default=0)
        for statement in statements:
            defines = wanted in statement.binds and statement.position == since
            changes = wanted in statement.changes and statement.position > since
            if defines or changes:
                used[statement.position] = statement
                pending += statement.reads | statement.changes
    return needed, [used[position] for position in sorted(used)]


def _private_names(
    statements: Sequence[_Statement], public: str, *, taken: set[str]
) -> dict[str, str]:
    """Choose private names for helpers; one that is also a local variable stays as it is."""
    local = {name for s in statements for name in _locals(s.text)}
    chosen: dict[str, str] = {}
    for statement in statements:
        helper = getattr(statement.node, "name", "")
        is_function = isinstance(statement.node, ast.FunctionDef)
        if not is_function or helper == public or helper.startswith("_") or helper in local:
            continue
        private = f"_{helper}"
        while private in taken:
            private += "_"
        taken.add(private)
        chosen[helper] = private
    return chosen


def _statements(actions: Sequence[str]) -> Iterator[_Statement]:
    position = 0
    for action in actions:
        try:
            body = ast.parse(action).body
        except (SyntaxError, ValueError, RecursionError):
            continue  # it did not run either
        for node in body:
            position += 1
            text = _text(action, node)
            yield _Statement(
                node=node,
                text=text,
                position=position,
                binds=frozenset(_bound_names(node)),
                changes=frozenset(_changed_names(node)),
                reads=frozenset(_global_reads(text)),
            )


def _text(action: str, node: ast.stmt) -> str:
    """Return the statement as it was written, with its decorators and its comment."""
    lines = action.split("\n")
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
    last = node.end_lineno or node.lineno
    behind = lines[last - 1].encode()[node.end_col_offset or 0 :].strip()
    if node.col_offset == 0 and (not behind or behind.startswith(b"#")):
        return "\n".join(lines[first - 1 : last]).strip()
    return ast.get_source_segment(action, node) or ast.unparse(node)


def _is_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def _bound_names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [_bound_by(alias) for alias in node.names]
    if isinstance(node, ast.Assign):
        return [name for target in node.targets for name in _stored(target)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []


def _changed_names(node: ast.stmt) -> Iterator[str]:
    """Find what a statement changes in place, or binds inside a loop or a condition."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return
    plain = set(_bound_names(node))
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield from (name for name in _stored(part) if name not in plain)
        elif isinstance(part, ast.Subscript | ast.Attribute) and not isinstance(part.ctx, ast.Load):
            yield from _base(part)
        elif isinstance(part, ast.Expr) and isinstance(part.value, ast.Call):
            yield from _base(part.value.func)


def _base(node: ast.expr) -> list[str]:
    """Return the name at the root of `name[...]`, `name.attribute` or `name.method`."""
    if not isinstance(node, ast.Subscript | ast.Attribute):
        return []
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return [node.id] if isinstance(node, ast.Name) else []


def _stored(node: ast.AST) -> list[str]:
    names = [part for part in ast.walk(node) if isinstance(part, ast.Name)]
    return [name.id for name in names if isinstance(name.ctx, ast.Store)]


def _bound_by(alias: ast.alias) -> str:
    return (alias.asname or alias.name).split(".")[0]


def _tables(text: str) -> Iterator[symtable.SymbolTable]:
    try:
        pending = [symtable.symtable(text, "<action>", "exec")]
    except (SyntaxError, ValueError):
        return
    while pending:
        table = pending.pop()
        yield table
        pending += table.get_children()


def _global_reads(text: str) -> Iterator[str]:
    """Find the global names that a statement reads; parameters and locals are none."""
    for table in _tables(text):
        for symbol in table.get_symbols():
            outside = table.get_type() == "module" or symbol.is_global()
            if outside and symbol.is_referenced():
                yield symbol.get_name()


def _locals(text: str) -> Iterator[str]:
    for table in _tables(text):
        if table.get_type() != "module":
            yield from (s.get_name() for s in table.get_symbols() if s.is_local())


def _narrow(node: ast.stmt, needed: set[str]) -> str:
    """Write an import with only the names that are used."""
    kept = ast.parse(ast.unparse(node)).body[0]
    if isinstance(kept, ast.Import | ast.ImportFrom):
        kept.names = [a for a in kept.names if a.name == "*" or _bound_by(a) in needed]
    return ast.unparse(kept)
