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

from __future__ import annotations

import ast
from types import CodeType
from typing import Any

from habilis.skills.sandbox.transformer import Policy

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
