"""What several skills have in common, as a skill of its own, and the skills rewritten to call it.

Anti-unification of expressions, as in Stitch (Bowers 2023) and babble (Cao 2023): two
expressions of one shape differ in their names and literals only; what differs becomes a
parameter, what is the same stays. Drafts only: the gate proves them, and a rewrite must
pass the skill's own cases.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from habilis.agent.authors.compose.quotes import double_quoted
from habilis.agent.authors.compose.render import identifier
from habilis.skills.skill import Skill, read_source

_SKILLS = 3  # that must share a fragment
_NODES, _CALLS = 6, 2  # of the smallest fragment that is worth a name
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
    """A draft: `source` defines `name`; `rewrites` has the new source of each skill it is in.

    `calls` are arguments it is called with in the cases of these skills.
    """

    name: str
    source: str
    rewrites: Mapping[str, str]
    calls: tuple[tuple[object, ...], ...]


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
    gives = {skill.name: skill.signature.rpartition("-> ")[2] for skill in skills}
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
        taken = [*gives, *(f.name for f in found)]
        fragment = _fragment(free, taken=taken, gives=gives)
        if fragment is not None:
            found.append(fragment)
            covered |= {id(node) for site in free for node in ast.walk(site.expression)}
    return found


def _sites(skill: Skill) -> Iterator[_Site]:
    """Yield the expressions of a skill that depend on its parameters and literals alone."""
    tree = ast.parse(skill.source)
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef))
    bound = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and _is_stored(n)}
    known = {
        a.arg: ast.unparse(a.annotation)
        for a in function.args.args
        if a.annotation and a.arg not in bound
    }
    for statement in function.body:
        for node in ast.walk(statement):
            if not isinstance(node, ast.Call | ast.Subscript | ast.BinOp) or not _is_large(node):
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


def _is_stored(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


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


def _is_large(expression: ast.expr) -> bool:
    plain = [n for n in _calls_in(expression) if isinstance(n.func, ast.Name)]
    return _size(expression) >= _NODES or len(plain) >= _CALLS


def _calls_in(expression: ast.expr) -> list[ast.Call]:
    return [node for node in ast.walk(expression) if isinstance(node, ast.Call)]


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


def _fragment(
    sites: Sequence[_Site], *, taken: Sequence[str], gives: Mapping[str, str]
) -> Fragment | None:
    first, returns = sites[0], _returns(sites[0].expression, gives)
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
    body = double_quoted(ast.unparse(_filled(first.expression, values)))
    lines = [*_imports(body, gives), f"def {name}({typed}) -> {returns}:"]
    text = _said(first.expression).replace("_", " ").capitalize()
    source = "\n".join([*lines, f'    """{text}."""', f"    return {body}", ""])
    rewrites: dict[str, str] = {}
    for site in sites:
        call = ast.Call(ast.Name(name), [site.holes[place] for place in places], [])
        rewrites.setdefault(site.skill.name, _rewritten(site, call, name))
    rewrites = {skill: text for skill, text in rewrites.items() if text}
    calls = tuple(call for site in sites for call in _calls(site, places))
    return Fragment(name=name, source=source, rewrites=rewrites, calls=calls)


def _calls(site: _Site, places: Sequence[int]) -> Iterator[tuple[object, ...]]:
    """Yield what stands in these holes in each of the skill's cases."""
    parameters = read_source(site.skill.source).parameters
    for case in site.skill.cases:
        given = {**dict(zip(parameters, case.arguments, strict=False)), **case.keywords}
        holes = [site.holes[place] for place in places]
        if all(isinstance(hole, ast.Constant) or hole.id in given for hole in map(_known, holes)):
            yield tuple(
                hole.value if isinstance(hole, ast.Constant) else given[hole.id]
                for hole in map(_known, holes)
            )


def _known(hole: ast.expr) -> ast.Constant | ast.Name:
    assert isinstance(hole, ast.Constant | ast.Name)
    return hole


def _returns(expression: ast.expr, gives: Mapping[str, str]) -> str:
    called = expression.func if isinstance(expression, ast.Call) else None
    if isinstance(called, ast.Attribute):
        return _GIVES.get(called.attr, "")
    if isinstance(called, ast.Name):
        return gives.get(called.id) or _GIVES.get(called.id, "")
    if isinstance(expression, ast.Subscript) and not isinstance(expression.slice, ast.Slice):
        return _returns(expression.value, gives).removeprefix("list[").removesuffix("]")
    return ""


def _said(expression: ast.expr) -> str:
    """Return a name after what is done: the calls from the inside out."""
    calls = [node.func for node in _calls_in(expression)]
    names = [f.attr if isinstance(f, ast.Attribute) else ast.unparse(f) for f in calls]
    item = ["item"] if isinstance(expression, ast.Subscript) else []
    return "_".join([*dict.fromkeys(names[::-1]), *item])


def _imports(body: str, skills: Collection[str]) -> list[str]:
    used = [module for module in ("math", "re") if f"{module}." in body]
    lines = [f"import {module}" for module in used]
    lines += ["from datetime import datetime"] if "datetime." in body else []
    called = sorted(
        {n.id for n in ast.walk(ast.parse(body)) if isinstance(n, ast.Name)} & {*skills}
    )
    lines += [""] if lines and called else []
    lines += [f"from skills import {', '.join(called)}"] if called else []
    return [*lines, "", ""] if lines else []


def _rewritten(site: _Site, call: ast.expr, name: str) -> str:
    """Return a skill's source with one expression replaced by a call, and the import.

    Empty where the expression cannot be told from others: before Python 3.12 what is
    inside an f-string has no true position.
    """
    source = site.skill.source
    text = ast.get_source_segment(source, site.expression) or ""
    if _same(text, site.expression) and source.count(text) == 1:
        return _importing(source.replace(text, double_quoted(ast.unparse(call))), name)
    text = ast.unparse(site.expression)
    once = source.count(text) == 1
    return _importing(source.replace(text, ast.unparse(call)), name) if once else ""


def _same(text: str, expression: ast.expr) -> bool:
    try:
        return ast.dump(ast.parse(text, mode="eval").body) == ast.dump(expression)
    except SyntaxError:
        return False


def _importing(source: str, name: str) -> str:
    """Import a skill after the other imports; those that are no longer used go."""
    tree = ast.parse(source)
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    skills, others = [name], list[str]()
    for node in imports:
        if isinstance(node, ast.ImportFrom) and node.module == "skills":
            skills += [each.name for each in node.names if each.name in used]
        elif used & {(each.asname or each.name).split(".")[0] for each in node.names}:
            others.append(ast.unparse(node))
    rest = source.split("\n")[max((node.end_lineno or 0 for node in imports), default=0) :]
    head = [*others, *([""] if others else []), f"from skills import {', '.join(sorted(skills))}"]
    return "\n".join([*head, "", "", "\n".join(rest).lstrip("\n")])
