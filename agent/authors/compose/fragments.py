"""What several skills have in common, as a skill of its own, and the skills rewritten to call it.

Anti-unification of expressions, as in Stitch (Bowers 2023) and babble (Cao 2023): two
expressions of one shape differ in their names and literals only; what differs becomes a
parameter, what is the same stays. Drafts only: the gate proves them, and a rewrite must
pass the skill's own cases.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from habilis.agent.authors.compose.render import identifier
from habilis.skills.skill import Skill

_SKILLS = 3  # that must share a fragment
_NODES = 6  # of the smallest fragment that is worth a name
_PARAMETERS = 3
_GIVES: Mapping[str, str] = {
    **dict.fromkeys("join lower upper title strip replace strftime format group".split(), "str"),
    **dict.fromkeys("split findall splitlines".split(), "list[str]"),
    **dict.fromkeys("len sum count index int round".split(), "int"),
    **dict.fromkeys("startswith endswith isdigit any all".split(), "bool"),
}
_CONSTANTS = frozenset({"str", "int", "float", "bool"})


@dataclass(frozen=True, kw_only=True)
class Fragment:
    """A draft: `source` defines `name`; `rewrites` has the new source of each skill it is in."""

    name: str
    source: str
    rewrites: Mapping[str, str]


@dataclass(frozen=True)
class _Site:
    """One place where a shape occurs, with what stands in its holes."""

    skill: Skill
    expression: ast.expr
    holes: tuple[ast.expr, ...]
    types: tuple[str, ...]


def find_fragments(skills: Sequence[Skill]) -> list[Fragment]:
    """Return the fragments that enough skills share, those that save most first.

    A fragment inside a larger one that as many skills share is left out.
    """
    shapes: dict[str, list[_Site]] = {}
    for skill in skills:
        for site in _sites(skill):
            shapes.setdefault(_shape(site.expression), []).append(site)
    shared = [s for s in shapes.values() if len({site.skill.name for site in s}) >= _SKILLS]
    shared.sort(key=lambda sites: -_size(sites[0].expression) * len(sites))
    found: list[Fragment] = []
    covered: set[int] = set()
    for sites in shared:
        free = [site for site in sites if id(site.expression) not in covered]
        if len({site.skill.name for site in free}) < _SKILLS:
            continue
        fragment = _fragment(free, taken=[*(s.name for s in skills), *(f.name for f in found)])
        if fragment is not None:
            found.append(fragment)
            covered |= {id(node) for site in free for node in ast.walk(site.expression)}
    return found


def _sites(skill: Skill) -> Iterator[_Site]:
    """Yield the expressions of a skill that depend on its parameters and literals alone."""
    tree = ast.parse(skill.source)
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef))
    known = {a.arg: ast.unparse(a.annotation) for a in function.args.args if a.annotation}
    for statement in function.body:
        for node in ast.walk(statement):
            if not isinstance(node, ast.Call | ast.Subscript | ast.BinOp) or _size(node) < _NODES:
                continue
            holes = tuple(_holes(node))
            types = tuple(_type(hole, known) for hole in holes)
            if all(types) and not _binds(node) and any(isinstance(h, ast.Name) for h in holes):
                yield _Site(skill, node, holes, types)


def _holes(expression: ast.expr) -> Iterator[ast.expr]:
    """Yield the names and literals of an expression in a fixed order; not what it calls."""
    for child in ast.iter_child_nodes(expression):
        if isinstance(child, ast.Constant | ast.Name):
            called = isinstance(expression, ast.Call) and child is expression.func
            module = isinstance(expression, ast.Attribute) and not _is_value(child)
            if not called and not module:
                yield child
        elif isinstance(child, ast.expr):
            yield from _holes(child)


def _is_value(node: ast.AST) -> bool:
    return not (isinstance(node, ast.Name) and node.id in {"re", "math", "datetime"})


def _type(hole: ast.expr, known: Mapping[str, str]) -> str:
    if isinstance(hole, ast.Name):
        return known.get(hole.id, "")
    name = type(hole.value).__name__ if isinstance(hole, ast.Constant) else ""
    return name if name in _CONSTANTS else ""


def _binds(expression: ast.expr) -> bool:
    kinds = ast.comprehension | ast.Lambda | ast.NamedExpr | ast.JoinedStr
    return any(isinstance(node, kinds) for node in ast.walk(expression))


def _size(expression: ast.AST) -> int:
    return sum(isinstance(node, ast.expr) for node in ast.walk(expression))


def _shape(expression: ast.expr) -> str:
    """Return what expressions that differ in their holes alone have in common."""
    return ast.unparse(_filled(expression, [ast.Name("_")] * len(tuple(_holes(expression)))))


def _filled(expression: ast.expr, values: Sequence[ast.expr]) -> ast.expr:
    """Return a copy with other things in its holes."""
    filled = copy.deepcopy(expression)
    swaps = dict(zip(map(id, _holes(filled)), values, strict=True))
    swapped = _Swap(swaps).visit(filled)
    assert isinstance(swapped, ast.expr)
    return swapped


class _Swap(ast.NodeTransformer):
    def __init__(self, swaps: Mapping[int, ast.expr]) -> None:
        self._swaps = swaps

    def visit(self, node: ast.AST) -> ast.AST:
        return self._swaps.get(id(node)) or self.generic_visit(node)


def _fragment(sites: Sequence[_Site], *, taken: Sequence[str]) -> Fragment | None:
    first, returns = sites[0], _returns(sites[0].expression)
    if not returns or len({site.types for site in sites}) > 1:
        return None
    parameters: dict[tuple[str, ...], str] = {}  # what stands in a hole at every site -> its name
    places: list[int] = []
    values: list[ast.expr] = []
    for place, hole in enumerate(first.holes):
        column = tuple(ast.unparse(site.holes[place]) for site in sites)
        if isinstance(hole, ast.Constant) and len(set(column)) == 1:
            values.append(hole)
            continue
        if column not in parameters:
            base = "text" if first.types[place] == "str" else "value"
            parameters[column] = identifier(base, taken=parameters.values())
            places.append(place)
        values.append(ast.Name(parameters[column]))
    if not 0 < len(parameters) <= _PARAMETERS:
        return None
    name = identifier(_said(first.expression), taken=taken)
    typed = ", ".join(
        f"{p}: {first.types[at]}" for p, at in zip(parameters.values(), places, strict=True)
    )
    body = ast.unparse(_filled(first.expression, values))
    lines = [*_imports(body), f"def {name}({typed}) -> {returns}:"]
    text = _said(first.expression).replace("_", " ").capitalize()
    source = "\n".join([*lines, f'    """{text}."""', f"    return {body}", ""])
    rewrites: dict[str, str] = {}
    for site in sites:
        call = ast.Call(ast.Name(name), [site.holes[place] for place in places], [])
        rewrites.setdefault(site.skill.name, _rewritten(site, call, name))
    return Fragment(name=name, source=source, rewrites=rewrites)


def _returns(expression: ast.expr) -> str:
    called = expression.func if isinstance(expression, ast.Call) else None
    if isinstance(called, ast.Attribute):
        return _GIVES.get(called.attr, "")
    if isinstance(called, ast.Name):
        return _GIVES.get(called.id, "")
    if isinstance(expression, ast.Subscript) and not isinstance(expression.slice, ast.Slice):
        return _returns(expression.value).removeprefix("list[").removesuffix("]")
    return ""


def _said(expression: ast.expr) -> str:
    """Return a name after what is done: the calls from the inside out."""
    calls = [node.func for node in ast.walk(expression) if isinstance(node, ast.Call)]
    names = [f.attr if isinstance(f, ast.Attribute) else ast.unparse(f) for f in calls]
    item = ["item"] if isinstance(expression, ast.Subscript) else []
    return "_".join([*dict.fromkeys(names[::-1]), *item])


def _imports(body: str) -> list[str]:
    used = [module for module in ("math", "re") if f"{module}." in body]
    lines = [f"import {module}" for module in used]
    lines += ["from datetime import datetime"] if "datetime." in body else []
    return [*lines, "", ""] if lines else []


def _rewritten(site: _Site, call: ast.expr, name: str) -> str:
    """Return a skill's source with one expression replaced by a call, and the import."""
    old = ast.get_source_segment(site.skill.source, site.expression)
    source = site.skill.source.replace(old or "", ast.unparse(call), 1)
    return f"from skills import {name}\n\n\n{source}"
