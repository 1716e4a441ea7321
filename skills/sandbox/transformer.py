"""The policy's pass over a tree: what is refused, and where the guards are put in."""

# ruff: noqa: N802, N815 - `visit_Name` and its like are called so by `ast`
from __future__ import annotations

import ast
from typing import Any

from RestrictedPython.transformer import RestrictingNodeTransformer, copy_locations

from habilis.skills.sandbox import names
from habilis.skills.sandbox.rewrites import (
    ask_own,
    called,
    has_docstring,
    is_plain_format,
    name_of,
    steady_first,
    uses_its_class,
)


class Policy(RestrictingNodeTransformer):
    """Rewrites a tree in place and collects what is not allowed in `problems`."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: list[tuple[int, str]] = []
        self._classes: list[str] = []
        self._in_body = False  # directly in the body of a class
        self._selves: list[str | None] = []  # of each function: what `_own_` says is ours
        self._asked = False  # whether the function needs `_own_`

    def error(self, node: ast.AST, info: str) -> None:
        self.problems.append((getattr(node, "lineno", 1), info))

    def not_allowed(self, node: ast.AST) -> None:
        what = {"TryStar": "except* is not available; use except"}
        kind = type(node).__name__
        self.error(node, what.get(kind, f"{kind} is not available in the sandbox"))

    # Names

    def check_name(
        self, node: ast.AST, name: str | None, allow_magic_methods: bool = False
    ) -> None:
        if name is None:
            return
        if name in names.HOOKS:
            self.error(node, f"the name {name!r} is reserved; choose another")
        elif names.is_dunder(name) and not self._may_use(node, name, allow_magic_methods):
            advice = {
                "__import__": "use an import statement",
                "__builtins__": "builtins are there by their own names",
                "__del__": "use a context manager to clean up",
            }.get(name, "choose a name without double underscores")
            self.error(node, f"the name {name!r} is not available in the sandbox; {advice}")

    def _may_use(self, node: ast.AST, name: str, is_method: bool) -> bool:
        if name in names.METHODS:  # a decorator defines some outside of any class
            return True
        reads = isinstance(getattr(node, "ctx", None), ast.Load)
        return name in (names.NAMES_READ if reads else names.NAMES_STORED)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        self.check_name(node, node.id)
        return node

    def visit_Nonlocal(self, node: ast.Nonlocal | ast.Global) -> ast.AST:
        for name in node.names:
            self.check_name(node, name)
        return node

    visit_Global = visit_Nonlocal

    # Attributes

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        attribute, reads = node.attr, isinstance(node.ctx, ast.Load)
        dunder = names.is_dunder(attribute)
        allowed = attribute in names.READABLE if reads else names.may_be_stored(attribute)
        if names.INTERNALS.fullmatch(attribute) or (dunder and not allowed):
            done = "read" if reads else "set"
            self.error(
                node,
                f"attribute {attribute!r} cannot be {done} in the sandbox: "
                "it leads into the interpreter; use the object's public interface",
            )
            return node
        self.node_contents_visit(node)
        node.attr = self._mangled(attribute)
        return self._read(node) if reads else self._stored(node)

    def _read(self, node: ast.Attribute) -> ast.AST:
        private = names.is_private(node.attr)
        if not private and (node.attr not in names.DECIDED_LATER or is_plain_format(node)):
            return node
        call = self._hook("_getattr_", node.value, node.attr)
        if not private or not isinstance(node.value, ast.Name):
            return call
        return self._if_own(node.value, node, call)

    def _stored(self, node: ast.Attribute) -> ast.AST:
        private, later = names.is_private(node.attr), node.attr in names.DECIDED_LATER
        extra = [node.attr] if private or later or names.is_dunder(node.attr) else []
        value, call = node.value, self._hook("_write_", node.value, *extra)
        fast = isinstance(value, ast.Name) and (private or not extra)
        node.value = self._if_own(value, value, call) if fast else call  # type: ignore[arg-type]
        return node

    def _if_own(self, name: ast.Name, then: ast.expr, otherwise: ast.expr) -> ast.expr:
        """Skip the guard for instances of the sandbox's own classes: a fifth of its cost.

        For the first parameter of a method, which is `self`, it is asked once a call.
        """
        if self._selves and self._selves[-1] == name.id:
            self._asked = True
            test: ast.expr = ast.Name("_own_", ast.Load())
        else:
            test = ast.Compare(called("_type_", name), [ast.In()], [name_of("_kinds_")])
        chosen = ast.IfExp(test, then, otherwise)
        copy_locations(chosen, name)
        return chosen

    def _mangled(self, attribute: str) -> str:
        if self._classes and attribute.startswith("__") and not attribute.endswith("__"):
            return f"_{self._classes[-1].lstrip('_')}{attribute}"
        return attribute

    @staticmethod
    def _hook(hook: str, value: ast.expr, *texts: str) -> ast.Call:
        call = called(hook, value, *(ast.Constant(text) for text in texts))
        copy_locations(call, value)
        return call

    # Definitions

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        self.check_name(node, node.name, allow_magic_methods=bool(self._classes))
        self.check_function_argument_names(node)
        if node.name == "__init_subclass__" and not uses_its_class(node):
            self.error(node, "__init_subclass__ has to do something with the class it is given")
        return self._with_self(node, steady_first(node) if self._in_body else None)

    visit_AsyncFunctionDef = visit_FunctionDef

    def _with_self(self, node: ast.FunctionDef | ast.AsyncFunctionDef, name: str | None) -> ast.AST:
        """Visit a function; what stands before its body is evaluated outside of it."""
        body, node.body = node.body, []
        self._selves.append(None)
        self.node_contents_visit(node)
        outer, self._in_body, self._asked = (self._in_body, self._asked), False, False
        self._selves[-1] = name
        has_doc = has_docstring(body)
        node.body = [self.visit(part) for part in body]
        self._selves.pop()
        if self._asked and name is not None:
            node.body.insert(1 if has_doc else 0, ask_own(name, node))
        self._in_body, self._asked = outer
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self.check_function_argument_names(node)
        self._selves.append(None)
        self.node_contents_visit(node)
        self._selves.pop()
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self.check_name(node, node.name)
        self._classes.append(node.name)
        self._selves.append(None)
        outer, self._in_body = self._in_body, True
        try:
            return self._through(node)
        finally:
            self._in_body = outer
            self._selves.pop()
            self._classes.pop()

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        self.check_name(node, node.name)
        self.node_contents_visit(node)
        caught = [] if node.type is None else list(ast.walk(node.type))
        names_caught = {part.id for part in caught if isinstance(part, ast.Name)}
        if node.type is None or "BaseException" in names_caught:
            stop = ast.Expr(ast.Call(ast.Name("_stop_", ast.Load()), [], []))
            copy_locations(stop, node.body[0])
            node.body.insert(0, stop)
        return node

    def check_import_names(self, node: ast.Import | ast.ImportFrom) -> ast.AST:
        if getattr(node, "is_lazy", 0):
            self.error(node, "lazy imports are not available; import plainly")
        if getattr(node, "level", 0):
            self.error(node, "relative imports are not available; import by the full name")
        for alias in node.names:
            if alias.name == "*":
                continue
            if alias.name.startswith("_") or "._" in alias.name:
                self.error(node, f"{alias.name!r} is private and cannot be imported")
            self.check_name(node, alias.asname or alias.name.split(".")[0])
        return self._through(node)

    # Patterns

    def visit_MatchAs(self, node: ast.MatchAs | ast.MatchStar) -> ast.AST:
        self.check_name(node, node.name)
        return self._through(node)

    visit_MatchStar = visit_MatchAs

    def visit_MatchMapping(self, node: ast.MatchMapping) -> ast.AST:
        self.check_name(node, node.rest)
        return self._through(node)

    def visit_MatchClass(self, node: ast.MatchClass) -> ast.AST:
        for attribute in node.kwd_attrs:
            if not names.is_plain(attribute):
                self.error(node, f"attribute {attribute!r} cannot be matched in the sandbox")
        return self._through(node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        """`__match_args__` names attributes that patterns read: plain ones, written out."""
        named = [target.id for target in node.targets if isinstance(target, ast.Name)]
        if named == ["__match_args__"] and isinstance(node.value, ast.Tuple):
            read = [getattr(each, "value", None) for each in node.value.elts]
            if all(map(names.is_plain, read)):
                return node
        return self._through(node)

    # Type parameters, Python 3.12

    def visit_TypeVar(self, node: Any) -> ast.AST:
        self.check_name(node, node.name)
        return self._through(node)

    visit_ParamSpec = visit_TypeVarTuple = visit_TypeVar

    # Nodes that need no guard of their own

    def _through(self, node: ast.AST) -> ast.AST:
        visited: ast.AST = self.node_contents_visit(node)
        return visited

    visit_Module = visit_Subscript = visit_Call = visit_comprehension = _through
    visit_For = visit_With = visit_AugAssign = visit_AnnAssign = _through
    visit_AsyncFor = visit_AsyncWith = visit_Await = visit_TypeAlias = _through
    visit_Match = visit_match_case = visit_MatchValue = visit_MatchSingleton = _through
    visit_MatchSequence = visit_MatchOr = _through
