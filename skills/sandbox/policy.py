"""Which Python a model may write, and how it is rewritten before it is compiled.

This is no security boundary. It makes accidents clear errors, keeps libraries from being
patched and closes the well-known ways out, so that honest code stays honest; code that
means harm has to be held by the kernel.

Built on RestrictedPython's transformer, which refuses every node it does not know. Its
hooks for items, iteration, unpacking, calls and printing would do nothing here, and are
left out, which keeps programs at native speed: what stays is a guard on attributes that
are private or special, one on stores to attributes, and one in handlers that catch
everything.
"""

# ruff: noqa: N802, N815 - `visit_Name` and its like are called so by `ast`
from __future__ import annotations

import ast
from types import CodeType
from typing import Any

from RestrictedPython.transformer import RestrictingNodeTransformer, copy_locations

from habilis.skills.sandbox import names

MAX_SOURCE_CHARS = 1_000_000


class NotAllowed(Exception):
    """The policy refuses the code. `problems` are (line, what and what to do instead)."""

    def __init__(self, problems: list[tuple[int, str]]) -> None:
        super().__init__("; ".join(f"line {line}: {text}" for line, text in problems))
        self.problems = problems


def compile_action(source: str, filename: str) -> tuple[CodeType, CodeType | None]:
    """Return the code of all statements, and that of a last expression to be shown.

    Raises:
        SyntaxError: this is not Python.
        NotAllowed: this is Python the policy refuses.
    """
    tree = _parse(source, filename, "exec")
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    body = _compile(tree, filename, "exec")
    if not isinstance(last, ast.Expr):
        return body, None
    return body, _compile(ast.Expression(last.value), filename, "eval")


def compile_source(source: str, filename: str, mode: str) -> CodeType:
    """Return code for `exec` or `eval`. Raises as `compile_action` does."""
    return _compile(_parse(source, filename, mode), filename, mode)


def _parse(source: str, filename: str, mode: str) -> Any:
    if len(source) > MAX_SOURCE_CHARS:
        raise SyntaxError(f"the source is longer than {MAX_SOURCE_CHARS:,} characters")
    try:
        return compile(source, filename, mode, ast.PyCF_ONLY_AST, dont_inherit=True)
    except (RecursionError, MemoryError):
        raise SyntaxError("the source is nested too deeply") from None
    except ValueError as error:  # null bytes, lone surrogates
        raise SyntaxError(str(error)) from None


def _compile(tree: Any, filename: str, mode: str) -> CodeType:
    policy = Policy()
    try:
        tree = policy.visit(tree)
        if policy.problems:
            raise NotAllowed(policy.problems[:10])
        ast.fix_missing_locations(tree)
        # Not RestrictedPython's own compile(): its module has `from __future__ import
        # annotations`, which every program would inherit (its issue 114).
        code: CodeType = compile(tree, filename, mode, dont_inherit=True)
        return code
    except (RecursionError, MemoryError):
        raise SyntaxError("the source is nested too deeply") from None


class Policy(RestrictingNodeTransformer):
    """Rewrites a tree in place and collects what is not allowed in `problems`."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: list[tuple[int, str]] = []
        self._classes: list[str] = []

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
        if name in names.METHODS and (is_method or self._classes):
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
        hidden = names.INTERNALS.fullmatch(attribute) or (
            names.is_dunder(attribute) and (not reads or attribute not in names.READABLE)
        )
        if hidden:
            done = "read" if reads else "set"
            self.error(
                node,
                f"attribute {attribute!r} cannot be {done} in the sandbox: "
                "it leads into the interpreter; use the object's public interface",
            )
            return node
        self.node_contents_visit(node)
        name = self._mangled(attribute)
        later = names.is_private(attribute) or attribute in names.DECIDED_LATER
        if reads:
            return self._hook("_getattr_", node, node.value, name) if later else node
        extra = (name,) if later else ()
        node.value = self._hook("_write_", node.value, node.value, *extra)
        node.attr = name
        return node

    def _mangled(self, attribute: str) -> str:
        if self._classes and attribute.startswith("__") and not attribute.endswith("__"):
            return f"_{self._classes[-1].lstrip('_')}{attribute}"
        return attribute

    @staticmethod
    def _hook(hook: str, at: ast.expr, value: ast.expr, *texts: str) -> ast.Call:
        arguments = [value, *(ast.Constant(text) for text in texts)]
        call = ast.Call(ast.Name(hook, ast.Load()), arguments, [])
        copy_locations(call, at)
        return call

    # Definitions

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        self.check_name(node, node.name, allow_magic_methods=bool(self._classes))
        self.check_function_argument_names(node)
        return self._through(node)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self.check_name(node, node.name)
        self._classes.append(node.name)
        try:
            return self._through(node)
        finally:
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
