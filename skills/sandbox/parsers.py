"""Libraries that run text as code, or load pickles: looked at before they do."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable, Mapping
from typing import Any

from habilis.skills.sandbox import names

_RUNS_CODE = frozenset(
    """
    eval exec open compile getattr setattr delattr vars globals locals input breakpoint help
    exit quit memoryview
    """.split()
)

_PANDAS_LOCAL = "__pd_eval_local_"  # what pandas makes of "@"


def guard_sympy_parser() -> None:
    """sympy evaluates the text it parses, with all builtins in reach; look at it first."""
    parser = importlib.import_module("sympy.parsing.sympy_parser")
    plain = parser.eval_expr
    if getattr(plain, "is_guarded", False):
        return

    def eval_expr(code: str, local_dict: Any, global_dict: Any) -> Any:
        for node in ast.walk(ast.parse(code.strip(), mode="eval")):
            name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
            hidden = name.startswith("_") and name != "_"
            if hidden or name in _RUNS_CODE or names.INTERNALS.fullmatch(name):
                raise ValueError(f"{name!r} cannot stand in an expression in the sandbox")
        return plain(code, local_dict, global_dict)

    vars(eval_expr).update(is_guarded=True)
    vars(parser).update(eval_expr=eval_expr)


def guard_pandas_expressions() -> None:
    """`DataFrame.eval`, `query` and `agg` read attributes and names that stand in their text."""
    visitor = importlib.import_module("pandas.core.computation.expr").BaseExprVisitor
    if getattr(visitor, "is_guarded", False):
        return

    def guarded(visit: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: Any, node: Any, **keywords: Any) -> Any:
            name = getattr(node, "attr", None) or node.id.removeprefix(_PANDAS_LOCAL)
            reads = hasattr(node, "attr")
            if names.is_dunder(name) or (reads and not names.is_plain(name)):
                raise ValueError(f"{name!r} cannot stand in an expression in the sandbox")
            return visit(self, node, **keywords)

        return call

    by_name = importlib.import_module("pandas.core.apply").Apply
    apply_str = by_name._apply_str

    def call_by_name(self: Any, value: Any, name: str, *arguments: Any, **keywords: Any) -> Any:
        if not names.is_plain(name):
            raise AttributeError(f"{name!r} cannot be called by name in the sandbox")
        return apply_str(self, value, name, *arguments, **keywords)

    by_name._apply_str = call_by_name
    visitor.visit_Attribute = guarded(visitor.visit_Attribute)
    visitor.visit_Name = guarded(visitor.visit_Name)
    visitor.is_guarded = True


def sympy_names(module: Any) -> Mapping[str, Any]:
    def lambdify(args: Any, expr: Any, *rest: Any, **keywords: Any) -> Any:
        if isinstance(expr, str):
            expr = module.sympify(expr)
        return module.lambdify(args, expr, *rest, **keywords)

    return {"lambdify": lambdify}


def without_pickle(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return numpy's `load` or `save` for plain arrays only."""

    def call(file: Any, *rest: Any, allow_pickle: bool = False, **keywords: Any) -> Any:
        if allow_pickle:
            raise ValueError("pickled data cannot be loaded in the sandbox")
        if keywords.pop("mmap_mode", None) is not None:
            raise ValueError("files cannot be mapped in the sandbox; load the array")
        return function(file, *rest, allow_pickle=False, **keywords)

    return call
