"""Stand-ins for names of allowed modules that would hand out too much, or do nothing here.

Each closes a known way round the policy: a format string, an attribute path or an
annotation that is evaluated, text that is run as code, a file that is opened by name.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from habilis.skills.sandbox import stored, wrappers
from habilis.skills.sandbox.annotations import get_type_hints
from habilis.skills.sandbox.attributes import SafeFormatter
from habilis.skills.sandbox.basics import NoInput
from habilis.skills.sandbox.classes import SafeABCMeta
from habilis.skills.sandbox.coroutines import asyncio_names
from habilis.skills.sandbox.files import Workspace
from habilis.skills.sandbox.logs import logging_names
from habilis.skills.sandbox.owned import Live
from habilis.skills.sandbox.parsers import (
    guard_pandas_expressions,
    guard_sympy_parser,
    sympy_names,
    without_pickle,
)
from habilis.skills.sandbox.threads import THREADING, futures_names

Make = Callable[[Any], Mapping[str, Any]]
_MAX_RECURSION = 20_000
_READERS = {
    "numpy": "load save savez savez_compressed loadtxt genfromtxt savetxt fromfile",
    "pandas": "read_csv read_table read_json read_excel read_fwf",
    "networkx": """
        read_adjlist write_adjlist read_multiline_adjlist write_multiline_adjlist read_edgelist
        write_edgelist read_weighted_edgelist write_weighted_edgelist read_gexf write_gexf
        read_gml write_gml read_graphml write_graphml read_graph6 write_graph6 read_sparse6
        write_sparse6 read_pajek write_pajek read_leda
        """,
}


class Replacements:
    """Gives the stand-ins of each module. `trace` describes an error, or the one in flight."""

    def __init__(self, *, workspace: Workspace, trace: Callable[..., str]) -> None:
        self._workspace, self._trace = workspace, trace
        self._table: dict[str, Make] = {
            "abc": lambda _: {"ABCMeta": SafeABCMeta},
            "argparse": _argparse,
            "asyncio": lambda _: asyncio_names(),
            "bz2": lambda module: stored.compressed_names(workspace, module),
            "codecs": lambda _: {"open": workspace.open},
            "collections": lambda _: {"namedtuple": wrappers.namedtuple},
            "concurrent.futures": futures_names,
            "dataclasses": lambda _: wrappers.DATACLASSES,
            "functools": lambda _: wrappers.FUNCTOOLS,
            "glob": lambda module: stored.glob_names(workspace, module),
            "gzip": lambda module: stored.compressed_names(workspace, module),
            "inspect": wrappers.inspect_names,
            "io": lambda _: {"open": workspace.open},
            "logging": lambda _: logging_names(workspace),
            "lzma": lambda module: stored.compressed_names(workspace, module),
            "operator": lambda _: wrappers.OPERATOR,
            "os": lambda _: workspace.os_names(),
            "os.path": lambda _: workspace.os_path_names(),
            "pathlib": lambda _: workspace.pathlib_names(),
            "sqlite3": lambda module: stored.sqlite_names(workspace, module),
            "string": lambda _: {"Formatter": SafeFormatter},
            "sympy": sympy_names,
            "sys": lambda _: _sys(),
            "tempfile": lambda module: stored.tempfile_names(workspace, module),
            "threading": lambda _: THREADING,
            "timeit": lambda _: {"timeit": timeit, "repeat": repeat},
            "traceback": lambda _: self._traceback(),
            "typing": lambda _: {"get_type_hints": get_type_hints},
            "zipfile": lambda module: stored.zipfile_names(workspace, module),
        }

    def __call__(self, name: str, module: Any) -> Mapping[str, Any]:
        """Return the stand-ins for the module; importing sympy guards its parser too."""
        make = self._table.get(name)
        found = dict(make(module)) if make else {}
        if name.split(".")[0] == "sympy":
            guard_sympy_parser()
        if name == "pandas":
            guard_pandas_expressions()
        for reader in _READERS.get(name, "").split():
            if hasattr(module, reader):
                found[reader] = self._workspace.guarded(getattr(module, reader))
        if name == "numpy":
            found |= {key: without_pickle(found[key]) for key in ("load", "save")}
        return found

    def _traceback(self) -> dict[str, Any]:
        def format_exception(error: Any = None, value: Any = None, *_: Any, **__: Any) -> list[str]:
            shown = value if isinstance(value, BaseException) else error
            return [self._trace(shown) + "\n"]

        def print_exception(error: Any = None, value: Any = None, *_: Any, **keywords: Any) -> None:
            (keywords.get("file") or sys.stdout).write(format_exception(error, value)[0])

        return {
            "format_exc": lambda *_, **__: self._trace() + "\n",
            "print_exc": lambda *_, file=None, **__: print_exception(file=file),
            "format_exception": format_exception,
            "print_exception": print_exception,
        }


# argparse, timeit, sys


def _argparse(module: Any) -> dict[str, Any]:
    class ArgumentParser(module.ArgumentParser):  # type: ignore[misc]
        """Reads no command line: there is none."""

        def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
            return super().parse_known_args([] if args is None else args, namespace)

    return {"ArgumentParser": ArgumentParser}


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
        "exc_info": sys.exc_info,
        "getdefaultencoding": sys.getdefaultencoding,
        "exit": leave,
        "platform": sys.platform,
        "setrecursionlimit": setrecursionlimit,
        "stdin": NoInput(),
        "stdout": _stream("stdout"),
        "stderr": _stream("stderr"),
    }


def _stream(name: str) -> Live:
    """Code that catches its own output puts another object there; it holds for the action."""
    return Live(lambda: getattr(sys, name), lambda value: setattr(sys, name, value))
