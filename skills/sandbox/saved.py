"""Saved skills inside the worker: `from skills import name`, and how many calls returned."""

from __future__ import annotations

import ast
import functools
import types
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from habilis.skills.sandbox.basics import Scope, new_scope
from habilis.skills.sandbox.owned import SKILL_PREFIX, Facade
from habilis.skills.sandbox.policy import compile_source

Ask = Callable[[str], Sequence[tuple[str, str]]]
Function = Callable[..., Any]
Importer = Callable[[Sequence[str]], Facade]  # what `from skills import ...` calls


class SavedSkills:
    """Loads skills when code first names them, each into a namespace of its own.

    `ask` gets (name, source) pairs from the host, the skill's own last, and raises
    ImportError when there is no such skill. A source calls, of each name, the last one
    above it: skills that need different versions of another each get their own. What a
    source does not name, or is not above it, is loaded as the session's own code would.
    """

    def __init__(
        self,
        *,
        ask: Ask,
        make_known: Callable[[Importer], Scope],
        keep_source: Callable[[str, str], str],
    ) -> None:
        self._ask, self._make_known, self._keep_source = ask, make_known, keep_source
        self._loaded: dict[str, Function] = {}
        # By name, source and the functions it calls: equal ones are loaded once.
        self._built: dict[tuple[str, str, frozenset[tuple[str, Function]]], Function] = {}
        self._versions: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self.import_names = _importer(self.load)

    def load(self, name: str) -> Function:
        """Return the function that the session's code gets by this name.

        Raises:
            ImportError: there is no such skill, or its source cannot be run.
        """
        if name not in self._loaded:
            above: dict[str, Function] = {}
            for each, source in self._ask(name):
                above[each] = self._function(each, source, above)
            if name not in above:
                raise ImportError(f"no skill named {name!r}", name=name)
            self._loaded[name] = above[name]
        return self._loaded[name]

    def name_of(self, value: object) -> str | None:
        """Return the name under which `load` gives this function."""
        return next((name for name, each in self._loaded.items() if each is value), None)

    def _function(self, name: str, source: str, above: Mapping[str, Function]) -> Function:
        called = {each: above[each] for each in _named(source) if each in above}
        key = (name, source, frozenset(called.items()))
        if key not in self._built:
            self._built[key] = self._counted(name, self._run(name, source, called))
        return self._built[key]

    def _run(self, name: str, source: str, called: Mapping[str, Function]) -> Function:
        def load(wanted: str) -> Function:
            return called[wanted] if wanted in called else self.load(wanted)

        self._versions[name] += 1
        count = self._versions[name]
        home = SKILL_PREFIX + name + (f"#{count}" if count > 1 else "")
        scope = new_scope(home, self._make_known(_importer(load)))
        filename = self._keep_source(source, f"skill {name}")
        exec(compile_source(source, filename, "exec"), scope)
        function = scope.get(name)
        if not callable(function):
            raise ImportError(f"the source of skill {name!r} does not define it", name=name)
        return function  # type: ignore[no-any-return]

    def _counted(self, name: str, function: Function) -> Function:
        @functools.wraps(function)
        def call(*arguments: Any, **keywords: Any) -> Any:
            self.calls[name] += 0  # it was called, whatever becomes of it
            value = function(*arguments, **keywords)
            self.calls[name] += 1
            return value

        return call


def _named(source: str) -> set[str]:
    """Return the names that may be taken from `skills`; more than are is no harm."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError):
        return set()  # it is about to fail where the error can be told
    imports = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    found = {alias.name for node in imports if node.module == "skills" for alias in node.names}
    whole = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    if "skills" in whole:
        found |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return found


def _importer(load: Callable[[str], Function]) -> Importer:
    """Return an importer that has a module `skills` of its own."""

    def find(module: Facade, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"no skill named {name!r}")
        try:
            return load(name)
        except ImportError as error:
            raise AttributeError(str(error)) from None

    kind = types.new_class(
        "Facade",
        (Facade,),
        exec_body=lambda ns: ns.update({"__getattr__": find, "__slots__": ()}),
    )
    module: Facade = kind()
    module.__dict__.update(__name__="skills", __doc__="Saved skills.", __all__=[])

    def import_names(wanted: Sequence[str]) -> Facade:
        for name in wanted:
            if name == "*":
                raise ImportError("name the skills you need: from skills import NAME")
            load(name)
        return module

    return import_names
