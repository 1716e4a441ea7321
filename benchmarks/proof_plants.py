"""Bad variants of a good tool, one class a way in which drafts go wrong, and copies of it.

Planted here on the source, by rules of this file alone. Two classes (off by one, wrong
operator) name the same slips as the prover's mutants. That is not circular: a prover never
sees the good tool, and breaking a bad draft once more does not mend it; mutants only say
which of the *draft's* inputs to ask about. A variant counts only if it differs from the
tool on some input of a wide scan, so that none is refused for nothing.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Final

from habilis.skills.skill import Case, Skill

Plant = Callable[[ast.FunctionDef, Case, Random], "ast.FunctionDef | None"]
_OTHER: Final[Mapping[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Mult,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Add,
}
_TURNED: Final[Mapping[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.Gt,
    ast.Gt: ast.Lt,
    ast.LtE: ast.GtE,
    ast.GtE: ast.LtE,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}


def constant_output(function: ast.FunctionDef, case: Case, random: Random) -> ast.FunctionDef:
    """The first case's answer, whatever is asked; the parameters are looked at."""
    names = ", ".join(each.arg for each in function.args.args)
    return _with_body(function, f"_ = ({names},)\nreturn {case.expected!r}")


def hard_coded(function: ast.FunctionDef, case: Case, random: Random) -> ast.FunctionDef:
    """The first case by heart, and a guess for everything else."""
    names = [each.arg for each in function.args.args][: len(case.arguments)]
    tests = [f"{n} == {v!r}" for n, v in zip(names, case.arguments, strict=True)]
    default = "0" if isinstance(case.expected, int | float) else "None"
    return _with_body(
        function, f"if {' and '.join(tests)}:\n    return {case.expected!r}\nreturn {default}"
    )


def ignored_argument(
    function: ast.FunctionDef, case: Case, random: Random
) -> ast.FunctionDef | None:
    """One parameter is overwritten with its value of the first case."""
    if not case.arguments:
        return None
    place = random.randrange(len(case.arguments))
    name = function.args.args[place].arg
    first = ast.parse(f"{name} = {case.arguments[place]!r} if {name} is not None else {name}").body
    return _prefixed(function, first)


def off_by_one(function: ast.FunctionDef, case: Case, random: Random) -> ast.FunctionDef | None:
    """One is added to a number, a bound of a range, or, where there is none, the result."""

    def numbers(node: ast.AST) -> bool:
        return isinstance(node, ast.Constant) and type(node.value) is int

    def add(node: ast.AST) -> None:
        assert isinstance(node, ast.Constant)
        node.value = int(str(node.value)) + 1

    changed = _changed(function, numbers, add, random)
    if changed is not None:
        return changed

    def results(node: ast.AST) -> bool:
        return isinstance(node, ast.Return) and node.value is not None

    def add_to_result(node: ast.AST) -> None:
        assert isinstance(node, ast.Return) and node.value is not None
        node.value = ast.BinOp(left=node.value, op=ast.Add(), right=ast.Constant(value=1))

    numeric = isinstance(case.expected, int | float)
    return _changed(function, results, add_to_result, random) if numeric else None


def wrong_operator(function: ast.FunctionDef, case: Case, random: Random) -> ast.FunctionDef | None:
    """One arithmetic operator or comparison is another one."""

    def operators(node: ast.AST) -> bool:
        if isinstance(node, ast.Compare):
            return type(node.ops[0]) in _TURNED
        return isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in _OTHER

    def change(node: ast.AST) -> None:
        if isinstance(node, ast.Compare):
            node.ops[0] = _TURNED[type(node.ops[0])]()
        elif isinstance(node, ast.BinOp | ast.AugAssign):
            node.op = _OTHER[type(node.op)]()

    return _changed(function, operators, change, random)


def swapped_arguments(
    function: ast.FunctionDef, case: Case, random: Random
) -> ast.FunctionDef | None:
    """Two parameters have changed places."""
    places = range(min(len(function.args.args), len(case.arguments)))
    if len(places) < 2:
        return None
    one, two = random.sample(places, 2)
    a, b = function.args.args[one].arg, function.args.args[two].arg
    return _prefixed(function, ast.parse(f"{a}, {b} = {b}, {a}").body)


def reads_a_global(function: ast.FunctionDef, case: Case, random: Random) -> ast.FunctionDef | None:
    """A number comes from a variable of the session in which it was written."""

    def numbers(node: ast.AST) -> bool:
        return isinstance(node, ast.Return) and node.value is not None

    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.Return) and node.value is not None
        scale = ast.Name(id="scale_of_session", ctx=ast.Load())
        node.value = ast.BinOp(left=node.value, op=ast.Mult(), right=scale)

    return _changed(function, numbers, change, random)


def depends_on_time(function: ast.FunctionDef, case: Case, random: Random) -> ast.FunctionDef:
    """Right until a year from now."""
    return _prefixed(
        function,
        ast.parse("import time\nif time.time() > 1_900_000_000:\n    return None").body,
    )


def depends_on_hash(function: ast.FunctionDef, case: Case, random: Random) -> ast.FunctionDef:
    """Wrong when a set of texts comes in another order than today."""
    order = "order = list({'alpha', 'beta', 'gamma', 'delta'})"
    bomb = f"{order}\nif order[0] {random.choice('<>')} order[-1]:\n    return None"
    return _prefixed(function, ast.parse(bomb).body)


def counts_its_calls(function: ast.FunctionDef, case: Case, random: Random) -> ast.FunctionDef:
    """Right for a thousand calls; longer than any proof."""
    bomb = "_seen.append(1)\nif len(_seen) > 1_000:\n    return None"
    changed = _prefixed(function, ast.parse(bomb).body)
    changed.args.kwonlyargs.append(ast.arg(arg="_seen", annotation=ast.Name("list")))
    changed.args.kw_defaults.append(ast.List(elts=[], ctx=ast.Load()))
    return changed


CLASSES: Final[Mapping[str, Plant]] = {
    "constant output": constant_output,
    "hard-coded example": hard_coded,
    "ignored argument": ignored_argument,
    "off by one": off_by_one,
    "wrong operator": wrong_operator,
    "swapped arguments": swapped_arguments,
    "reads a global": reads_a_global,
    "depends on time": depends_on_time,
    "depends on hash order": depends_on_hash,
    "counts its calls": counts_its_calls,
}


def planted(tool: Skill, plant: Plant, random: Random) -> str | None:
    """Return the source of a bad variant, None where this class does not apply."""
    tree = ast.parse(tool.source)
    for number, node in enumerate(tree.body):
        if isinstance(node, ast.FunctionDef) and node.name == tool.name:
            changed = plant(copy.deepcopy(node), tool.cases[0], random)
            if changed is None:
                return None
            tree.body[number] = changed
    source = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
    return source if source != tool.source else None


def copies(tool: Skill) -> Iterator[tuple[str, str]]:
    """Yield (name, source) of a renamed and of a reformatted copy."""
    tree = ast.parse(tool.source)
    local = {
        node.arg if isinstance(node, ast.arg) else node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.arg)
        or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    }
    words = tool.name.split("_")
    new_name = "_".join([*words[1:], words[0]]) if len(words) > 1 else f"{tool.name}_value"
    names = {name: f"{name}_given" for name in local} | {tool.name: new_name}
    yield new_name, ast.unparse(_Renamed(names).visit(tree)) + "\n"
    plain = ast.unparse(ast.parse(tool.source)).replace("\n", "\n\n")
    yield tool.name, f"# another layout\n{plain}\n"


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self._names.get(node.id, node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.arg = self._names.get(node.arg, node.arg)
        self.generic_visit(node)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.name = self._names.get(node.name, node.name)
        self.generic_visit(node)
        return node


def _with_body(function: ast.FunctionDef, code: str) -> ast.FunctionDef:
    made = ast.parse(f"def made():\n{_indented(code)}").body[0]
    assert isinstance(made, ast.FunctionDef)
    function.body = [function.body[0], *made.body]
    return function


def _prefixed(function: ast.FunctionDef, statements: list[ast.stmt]) -> ast.FunctionDef:
    function.body = [function.body[0], *statements, *function.body[1:]]
    return function


def _changed(
    function: ast.FunctionDef,
    wanted: Callable[[ast.AST], bool],
    change: Callable[[ast.AST], None],
    random: Random,
) -> ast.FunctionDef | None:
    body = [node for statement in function.body[1:] for node in ast.walk(statement)]
    places = [node for node in body if wanted(node)]
    if not places:
        return None
    change(random.choice(places))
    return function


def _indented(code: str) -> str:
    return "\n".join(f"    {line}" for line in code.split("\n"))
