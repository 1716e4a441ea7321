"""Saved skills inside the worker: `from skills import name`, and a count of their calls."""

from __future__ import annotations

import functools
import types
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from habilis.skills.sandbox.basics import Scope, new_scope
from habilis.skills.sandbox.guards import SKILL_PREFIX, Facade
from habilis.skills.sandbox.policy import compile_source

Ask = Callable[[str], Sequence[tuple[str, str]]]


class SavedSkills:
    """Loads skills when code first names them, each into a namespace of its own.

    `ask` gets sources from the host and raises ImportError when there is no such skill.
    """

    def __init__(self, *, ask: Ask, known: Scope, keep_source: Callable[[str, str], str]) -> None:
        self._ask, self._known, self._keep_source = ask, known, keep_source
        self._functions: dict[str, Callable[..., Any]] = {}
        self.calls: Counter[str] = Counter()
        self.module = self._make_module()

    def load(self, name: str) -> Callable[..., Any]:
        """Return the skill's function.

        Raises:
            ImportError: there is no such skill, or its source cannot be run.
        """
        if name not in self._functions:
            for each, source in self._ask(name):
                if each not in self._functions:
                    self._functions[each] = self._counted(each, self._run(each, source))
        if name not in self._functions:
            raise ImportError(f"no skill named {name!r}", name=name)
        return self._functions[name]

    def import_names(self, wanted: Sequence[str]) -> Facade:
        """What `from skills import ...` calls."""
        for name in wanted:
            if name == "*":
                raise ImportError("name the skills you need: from skills import NAME")
            self.load(name)
        return self.module

    def name_of(self, value: object) -> str | None:
        """Return the name of the skill whose function this is."""
        return next((name for name, each in self._functions.items() if each is value), None)

    def _run(self, name: str, source: str) -> Callable[..., Any]:
        scope = new_scope(SKILL_PREFIX + name, self._known)
        filename = self._keep_source(source, f"skill {name}")
        exec(compile_source(source, filename, "exec"), scope)
        function = scope.get(name)
        if not callable(function):
            raise ImportError(f"the source of skill {name!r} does not define it", name=name)
        return function  # type: ignore[no-any-return]

    def _counted(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*arguments: Any, **keywords: Any) -> Any:
            self.calls[name] += 1
            return function(*arguments, **keywords)

        return call

    def _make_module(self) -> Facade:
        def find(module: Facade, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(f"no skill named {name!r}")
            try:
                return self.load(name)
            except ImportError as error:
                raise AttributeError(str(error)) from None

        kind = types.new_class(
            "Facade",
            (Facade,),
            exec_body=lambda ns: ns.update({"__getattr__": find, "__slots__": ()}),
        )
        module: Facade = kind()
        module.__dict__.update(__name__="skills", __doc__="Saved skills.", __all__=[])
        return module
