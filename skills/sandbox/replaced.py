"""Stand-ins for names of allowed modules that would hand out too much, or do nothing here.

Each closes a known way round the policy: a format string, an attribute path or an
annotation that is evaluated, text that is run as code, a file that is opened by name.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib
import logging
import sys
import time
import types
from collections.abc import Callable, Mapping
from typing import Any

from habilis.skills.sandbox import guards, names
from habilis.skills.sandbox.basics import NoInput
from habilis.skills.sandbox.files import Workspace

Make = Callable[[Any], Mapping[str, Any]]
_MAX_RECURSION = 20_000
_WRAPPED = ("__module__", "__name__", "__qualname__", "__doc__", "__annotations__")
_READERS = {
    "numpy": "load loadtxt genfromtxt savetxt",
    "pandas": "read_csv read_table read_json read_excel read_fwf",
    "networkx": """
        read_adjlist write_adjlist read_multiline_adjlist write_multiline_adjlist read_edgelist
        write_edgelist read_weighted_edgelist write_weighted_edgelist read_gexf write_gexf
        read_gml write_gml read_graphml write_graphml read_graph6 write_graph6 read_sparse6
        write_sparse6 read_pajek write_pajek read_leda
        """,
}


class Replacements:
    """Gives the stand-ins of each module. `trace` formats the exception in flight."""

    def __init__(self, *, workspace: Workspace, trace: Callable[[], str]) -> None:
        self._workspace, self._trace = workspace, trace
        self._table: dict[str, Make] = {
            "abc": lambda _: {"ABCMeta": guards.SafeABCMeta},
            "codecs": lambda _: {"open": workspace.open},
            "dataclasses": lambda _: {"dataclass": dataclass},
            "functools": _functools,
            "inspect": _inspect,
            "io": lambda _: {"open": workspace.open},
            "logging": self._logging,
            "operator": lambda _: {"attrgetter": attrgetter, "methodcaller": methodcaller},
            "os": lambda _: workspace.os_names(),
            "os.path": lambda _: workspace.os_path_names(),
            "pathlib": lambda _: workspace.pathlib_names(),
            "string": lambda _: {"Formatter": guards.SafeFormatter},
            "sympy": self._sympy,
            "sys": lambda _: _sys(),
            "timeit": lambda _: {"timeit": timeit, "repeat": repeat},
            "traceback": lambda _: self._traceback(),
            "typing": lambda _: {"get_type_hints": get_type_hints},
        }

    def __call__(self, name: str, module: Any) -> Mapping[str, Any]:
        """Return the stand-ins for the module; importing sympy guards its parser too."""
        make = self._table.get(name)
        found = dict(make(module)) if make else {}
        if name.split(".")[0] == "sympy":
            _guard_sympy_parser()
        for reader in _READERS.get(name, "").split():
            if hasattr(module, reader):
                found[reader] = self._workspace.guarded(getattr(module, reader))
        if name == "numpy":
            found["load"] = _without_pickle(found["load"])
        return found

    def _traceback(self) -> dict[str, Any]:
        def print_exc(limit: object = None, file: Any = None, chain: bool = True) -> None:
            (file or sys.stdout).write(self._trace() + "\n")

        return {"format_exc": lambda *_, **__: self._trace() + "\n", "print_exc": print_exc}

    def _logging(self, _module: Any) -> dict[str, Any]:
        workspace = self._workspace

        class Formatter(logging.Formatter):
            def __init__(self, fmt: str | None = None, datefmt: str | None = None) -> None:
                super().__init__(fmt, datefmt)

        class FileHandler(logging.StreamHandler[Any]):
            def __init__(self, filename: Any, mode: str = "a", encoding: str = "utf-8") -> None:
                super().__init__(workspace.open(filename, mode, encoding=encoding))

        def basic_config(**settings: Any) -> None:
            # A style other than "%" would be a format string that reads attributes.
            kept = {
                key: settings[key]
                for key in ("level", "format", "datefmt", "force")
                if key in settings
            }
            if settings.get("style", "%") != "%":
                kept.pop("format", None)
            logging.basicConfig(**kept, stream=sys.stdout)

        return {"Formatter": Formatter, "FileHandler": FileHandler, "basicConfig": basic_config}

    def _sympy(self, module: Any) -> dict[str, Any]:
        def lambdify(args: Any, expr: Any, *rest: Any, **keywords: Any) -> Any:
            if isinstance(expr, str):
                expr = module.sympify(expr)
            return module.lambdify(args, expr, *rest, **keywords)

        return {"lambdify": lambdify}


# operator, functools, dataclasses, inspect, typing


def attrgetter(*paths: str) -> Callable[[Any], Any]:
    def follow(value: Any, path: str) -> Any:
        return functools.reduce(guards.get_attribute, path.split("."), value)

    if len(paths) == 1:
        return lambda value: follow(value, paths[0])
    return lambda value: tuple(follow(value, path) for path in paths)


def methodcaller(name: str, /, *arguments: Any, **keywords: Any) -> Callable[[Any], Any]:
    return lambda value: guards.get_attribute(value, name)(*arguments, **keywords)


def update_wrapper(wrapper: Any, wrapped: Any, *_: Any, **__: Any) -> Any:
    """`functools.update_wrapper` that copies the usual attributes and no others."""
    guards.guard_store(wrapper)
    for name in _WRAPPED:
        if hasattr(wrapped, name):
            setattr(wrapper, name, getattr(wrapped, name))
    if isinstance(wrapped, types.FunctionType) and hasattr(wrapper, "__dict__"):
        wrapper.__dict__.update(vars(wrapped))
    return wrapper


def wraps(wrapped: Any, *_: Any, **__: Any) -> Callable[[Any], Any]:
    return lambda wrapper: update_wrapper(wrapper, wrapped)


def _functools(_module: Any) -> dict[str, Any]:
    def total_ordering(kind: Any) -> Any:
        return functools.total_ordering(guards.guard_store(kind))

    return {
        "update_wrapper": update_wrapper,
        "wraps": wraps,
        "total_ordering": total_ordering,
        "singledispatch": singledispatch,
        "singledispatchmethod": _not_here("singledispatchmethod", "use singledispatch"),
    }


def singledispatch(function: Any) -> Any:
    """`functools.singledispatch` that takes classes only: it would evaluate annotations."""
    dispatcher = functools.singledispatch(function)

    def call(*arguments: Any, **keywords: Any) -> Any:
        return dispatcher(*arguments, **keywords)

    def register(kind: Any, implementation: Any = None) -> Any:
        if isinstance(kind, (type, types.UnionType)):
            if implementation is None:
                return lambda later: dispatcher.register(kind, later)
            return dispatcher.register(kind, implementation)
        hints = [hint for key, hint in kind.__annotations__.items() if key != "return"]
        if not hints or not isinstance(hints[0], (type, types.UnionType)):
            raise TypeError("register() needs a class as the first annotation or as argument")
        return dispatcher.register(hints[0], kind)

    update_wrapper(_own(call), function)
    vars(call).update(register=register, dispatch=dispatcher.dispatch)
    return call


def _own(function: Any) -> Any:
    function.__module__ = "__main__"
    return function


def dataclass(kind: Any = None, /, **options: Any) -> Any:
    """`dataclasses.dataclass` for classes of the sandbox."""
    if kind is None:
        return lambda later: dataclasses.dataclass(**options)(guards.guard_store(later))
    return dataclasses.dataclass(guards.guard_store(kind))


def _inspect(module: Any) -> dict[str, Any]:
    def getsource(_: Any) -> str:
        raise OSError("source code is not available in the sandbox")

    return {"signature": lambda function: module.signature(function), "getsource": getsource}


def get_type_hints(value: Any, *_: Any, **__: Any) -> dict[str, Any]:
    """The annotations as they stand; text among them is not evaluated."""
    return dict(getattr(value, "__annotations__", {}))


# sympy, numpy: text that would be run as code

_RUNS_CODE = frozenset(
    """
    eval exec open compile getattr setattr delattr vars globals locals input breakpoint help
    exit quit memoryview
    """.split()
)


def _guard_sympy_parser() -> None:
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


def _without_pickle(load: Callable[..., Any]) -> Callable[..., Any]:
    def call(file: Any, *, mmap_mode: Any = None, allow_pickle: bool = False, **rest: Any) -> Any:
        if allow_pickle:
            raise ValueError("pickled data cannot be loaded in the sandbox")
        return load(file, mmap_mode=mmap_mode, allow_pickle=False, **rest)

    return call


# timeit, sys


def timeit(
    stmt: Any = None, setup: Any = None, timer: Any = None, number: int = 1_000_000
) -> float:
    """`timeit.timeit` of a function; text would be run as code."""
    return repeat(stmt, setup, timer, 1, number)[0]


def repeat(
    stmt: Any = None, setup: Any = None, timer: Any = None, repeat: int = 5, number: int = 1_000_000
) -> list[float]:
    """`timeit.repeat` of a function."""
    if not callable(stmt) or not (setup is None or callable(setup)):
        raise TypeError("timeit takes functions in the sandbox: timeit(lambda: ..., number=10)")
    seconds = []
    for _ in range(repeat):
        if setup is not None:
            setup()
        start = time.perf_counter()
        for _ in range(number):
            stmt()
        seconds.append(time.perf_counter() - start)
    return seconds


def _sys() -> dict[str, Any]:
    def leave(code: object = None) -> None:
        raise SystemExit(code)

    def setrecursionlimit(limit: int) -> None:
        sys.setrecursionlimit(min(limit, _MAX_RECURSION))

    return {
        "argv": [""],
        "exit": leave,
        "platform": sys.platform,
        "setrecursionlimit": setrecursionlimit,
        "stdin": NoInput(),
        "stdout": _stream("stdout"),
        "stderr": _stream("stderr"),
    }


def _stream(name: str) -> guards.Live:
    """Code that catches its own output puts another object there; it holds for the action."""
    return guards.Live(lambda: getattr(sys, name), lambda value: setattr(sys, name, value))


def _not_here(name: str, advice: str) -> Callable[..., Any]:
    def call(*_: Any, **__: Any) -> Any:
        raise RuntimeError(f"{name} is not available in the sandbox; {advice}")

    return call
