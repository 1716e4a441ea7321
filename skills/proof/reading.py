"""A skill's source as a tree, and calls of it spelled out parameter by parameter."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from habilis.skills.proof.evidence import Call


def function_of(source: str) -> ast.FunctionDef:
    """Return the public function of a source that `read_source` has accepted."""
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    return next(node for node in functions if not node.name.startswith("_"))


def parameters(function: ast.FunctionDef) -> list[ast.arg]:
    """Return the parameters that a call can give by position, in order."""
    return [*function.args.posonlyargs, *function.args.args]


def spelled_out(call: Call, function: ast.FunctionDef) -> Call:
    """Give every argument by position where that is possible, literal defaults included.

    Two calls that mean the same become equal, and a renamed copy can be called alike.
    """
    names = [each.arg for each in parameters(function)]
    given = list(call.arguments)
    keywords = dict(call.keywords)
    defaults = _defaults(function)
    for name in names[len(given) :]:
        if name in keywords:
            given.append(keywords.pop(name))
        elif name in defaults:
            given.append(defaults[name])
        else:
            break
    for name in (each.arg for each in function.args.kwonlyargs):
        if name not in keywords and name in defaults:
            keywords[name] = defaults[name]
    return replace(call, arguments=tuple(given), keywords=keywords)


def slot_names(call: Call, function: ast.FunctionDef) -> list[int | str]:
    """Return the places of a call's arguments: positions, then keywords."""
    return [*range(len(call.arguments)), *call.keywords]


def parameter_at(slot: int | str, function: ast.FunctionDef) -> str:
    """Return the name of the parameter at a place of a call."""
    if isinstance(slot, str):
        return slot
    names = [each.arg for each in parameters(function)]
    if slot < len(names):
        return names[slot]
    return function.args.vararg.arg if function.args.vararg else f"argument {slot + 1}"


def argument_at(call: Call, slot: int | str) -> object:
    return call.keywords[slot] if isinstance(slot, str) else call.arguments[slot]


def with_argument(call: Call, slot: int | str, value: object) -> Call:
    """Return the call with one argument changed."""
    if isinstance(slot, str):
        return replace(call, keywords={**call.keywords, slot: value})
    before, after = call.arguments[:slot], call.arguments[slot + 1 :]
    return replace(call, arguments=(*before, value, *after))


def constants(source: str) -> Iterator[object]:
    """Find the literals of a source's code, docstrings and annotations left out."""
    tree = ast.parse(source)
    for node in ast.walk(_Bare().visit(tree)):
        if isinstance(node, ast.Constant):
            yield node.value


class _Bare(ast.NodeTransformer):
    """Drops docstrings and annotations, which say something about code but do nothing."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.generic_visit(node)
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        node.returns = None
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node


def bare(source: str) -> ast.Module:
    """Parse a source without its docstrings and annotations."""
    tree: ast.Module = _Bare().visit(ast.parse(source))
    return tree


def shape_of(source: str) -> str:
    """Write a source without names, comments and layout: equal for renamed copies."""
    try:
        tree = bare(source)
    except SyntaxError:
        return source
    own = {
        name
        for node in ast.walk(tree)
        for name in (
            [node.name]
            if isinstance(node, ast.FunctionDef)
            else [node.arg]
            if isinstance(node, ast.arg)
            else [node.id]
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            else []
        )
    }
    numbers: dict[str, str] = {}
    for node in ast.walk(tree):
        for field in ("id", "arg", "name"):
            name = getattr(node, field, None)
            if isinstance(name, str) and name in own:
                setattr(node, field, numbers.setdefault(name, f"_{len(numbers)}"))
    return ast.dump(tree)


def laid_out_alike(one: str, other: str) -> bool:
    """Tell whether two sources differ in nothing but layout and comments."""
    try:
        return ast.dump(_plain(one)) == ast.dump(_plain(other))
    except (SyntaxError, RecursionError, MemoryError):
        return one == other


def _plain(source: str) -> ast.Module:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None:
            said = " ".join((ast.get_docstring(node) or "").split())
            node.body[0] = ast.Expr(value=ast.Constant(value=said))
    return tree


def _defaults(function: ast.FunctionDef) -> dict[str, object]:
    arguments = function.args
    places = parameters(function)
    pairs = list(zip(places[::-1], arguments.defaults[::-1], strict=False))
    pairs += [
        (each, default)
        for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is not None
    ]
    found = {}
    for each, default in pairs:
        try:
            found[each.arg] = ast.literal_eval(default)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            continue
    return found
