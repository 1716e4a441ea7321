"""Which modules code may import, and the read-only views it gets of them.

Denied unless the table says otherwise. Code never holds a real module: a facade has its
public names, copies of its tables, and only those sub-modules that are allowed too. The
real module is imported when code first asks for it. No security boundary: an allowed
library can reach whatever the process can.
"""

from __future__ import annotations

import builtins
import importlib
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from habilis.skills.sandbox.allowed import TABLE, Rule
from habilis.skills.sandbox.owned import Facade, Live

Replacements = Callable[[str, Any], Mapping[str, Any]]


_NEVER_HANDED_OUT = frozenset(
    "open exec eval compile getattr setattr delattr vars globals locals __import__ type".split()
)


class Modules:
    """Imports allowed modules and hands out their facades.

    `allow` adds modules to the table, whole. `replacements` stand in for a module's names.
    """

    def __init__(self, *, allow: Iterable[str], replacements: Replacements) -> None:
        self._added = {name.split(".")[0] for name in allow}
        self._replacements = replacements
        self._facades: dict[str, Facade] = {}
        self._hidden: dict[int, tuple[Any, Mapping[str, Any]]] = {}
        self._class = type("Facade", (Facade,), {"__slots__": (), **self._methods()})

    def import_(
        self,
        name: str,
        _globals: Any = None,
        _locals: Any = None,
        fromlist: Any = (),
        level: int = 0,
    ) -> Any:
        """What an import statement calls.

        Raises:
            ImportError: the module is not allowed or not installed, or lacks the name.
        """
        # C code that imports for itself (datetime.strptime, some ufuncs) passes a list, an
        # import statement None or a tuple.
        if type(fromlist) is list or name == "__future__":
            return builtins.__import__(name, {}, {}, fromlist, 0)
        facade = self.facade(name)
        if not fromlist:
            return self.facade(name.partition(".")[0])
        for wanted in fromlist:
            if wanted == "*":
                every = facade.__dict__["__all__"]
                facade.__dict__["__all__"] = [key for key in every if hasattr(facade, key)]
            else:
                self._from(facade, name, wanted)
        return facade

    def facade(self, name: str) -> Facade:
        """Return the view of an allowed module.

        Raises:
            ImportError: it is not allowed, or not installed.
        """
        if name in self._facades:
            return self._facades[name]
        if not self._is_allowed(name):
            raise ImportError(self._refusal(name), name=name)
        parent, _, child = name.rpartition(".")
        above = self.facade(parent) if parent else None
        module = self._import_real(name)
        extra = {} if self._is_added(name) else self._replacements(name, module)
        facade: Facade = self._class()
        self._facades[name] = facade
        self._hidden[id(facade)] = (module, extra)
        plain = {"__name__": name, "__doc__": module.__doc__}
        version = getattr(module, "__version__", None)
        facade.__dict__.update(plain, **({"__version__": version} if version else {}))
        facade.__dict__["__all__"] = self._public(name, module, extra)
        if above is not None:
            above.__dict__.setdefault(child, facade)
        return facade

    def _from(self, facade: Facade, name: str, wanted: str) -> None:
        try:
            getattr(facade, wanted)
        except AttributeError as error:
            below = f"{name}.{wanted}"
            try:
                if not self._is_allowed(below):
                    raise ImportError(below)
                self.facade(below)
            except ImportError:
                # Here and not in the statement: that would look in sys.modules itself.
                raise ImportError(f"cannot import name {wanted!r} from {name!r}: {error}") from None

    def _import_real(self, name: str) -> Any:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            missing = error.name or name
            if name != missing and not name.startswith(f"{missing}."):
                raise
            text = f"No module named {name!r}"
            if "." not in missing:
                text = f"module {missing!r} is allowed but not installed"
            raise ModuleNotFoundError(text, name=missing) from None

    def _is_allowed(self, name: str) -> bool:
        top, _, rest = name.partition(".")
        if self._is_added(name) or name in TABLE:
            return True
        rule = TABLE.get(top)
        if rule is None or not rule.package:
            return False
        parts = rest.split(".")
        paths = {".".join(parts[: count + 1]) for count in range(len(parts))}
        return not any(part.startswith("_") or part == "tests" for part in parts) and not (
            paths & rule.denied
        )

    def _is_added(self, name: str) -> bool:
        return name.split(".")[0] in self._added

    def _refusal(self, name: str) -> str:
        tops = {module.split(".")[0] for module in TABLE} | self._added
        others = ", ".join(sorted(tops - sys.stdlib_module_names))
        top = name.split(".")[0]
        if name != top and self._is_allowed(top):
            return f"module {name!r} is not available; {top!r} is{self._how(top)}"
        return (
            f"module {name!r} is not available; allowed: most of the standard library, {others}; "
            f"the user can allow it with allow=[{top!r}]"
        )

    @staticmethod
    def _how(name: str) -> str:
        top = name.split(".")[0]
        return f"; the user can allow the whole of it with allow=[{top!r}]"

    def _rule(self, name: str) -> Rule:
        if self._is_added(name):
            return Rule(package=True)
        return TABLE.get(name) or Rule(denied=TABLE[name.split(".")[0]].denied, package=True)

    def _public(self, name: str, module: Any, extra: Mapping[str, Any]) -> list[str]:
        rule = self._rule(name)
        listed = getattr(module, "__all__", None)
        if listed is None:
            found = vars(module).items()
            listed = [key for key, value in found if not isinstance(value, types.ModuleType)]
        visible = [key for key in listed if rule.only is None or key in rule.only]
        every = dict.fromkeys([*visible, *extra])
        return [key for key in every if key not in rule.denied and not key.startswith("_")]

    def _methods(self) -> dict[str, Any]:
        def find(facade: Facade, name: str) -> Any:
            value = self._find(facade, name)
            if isinstance(value, Live):
                return value.get()
            facade.__dict__[name] = value
            return value

        def store(facade: Facade, name: str, value: Any) -> None:
            live = self._hidden[id(facade)][1].get(name)
            if not isinstance(live, Live):
                Facade.__setattr__(facade, name, value)
            else:
                live.set(value)

        return {
            "__getattr__": find,
            "__setattr__": store,
            "__dir__": lambda facade: list(facade.__dict__["__all__"]),
        }

    def _find(self, facade: Facade, name: str) -> Any:
        """Look a name up in the real module, by the rules. Called once for each name."""
        module_name = facade.__dict__["__name__"]
        module, extra = self._hidden[id(facade)]
        rule = self._rule(module_name)
        if name in extra:
            return extra[name]
        if name.startswith("_"):
            raise AttributeError(f"module {module_name!r} has no attribute {name!r}")
        refusal = AttributeError(
            f"{module_name}.{name} is not available in the sandbox{self._how(module_name)}"
        )
        if name in rule.denied or (rule.only is not None and name not in rule.only):
            exists = hasattr(module, name)
            missing = f"module {module_name!r} has no attribute {name!r}"
            raise refusal if exists else AttributeError(missing)
        value = getattr(module, name)
        if isinstance(value, types.ModuleType):
            below = f"{module_name}.{name}"
            if sys.modules.get(below) is not value:
                below = value.__name__  # sympy.evalf is sympy.core.evalf
            if not self._is_allowed(below) or below.split(".")[0] != module_name.split(".")[0]:
                raise refusal
            return self.facade(below)
        if rule.package and not self._is_added(module_name) and not self._may_hand_out(value):
            raise refusal
        return value.copy() if type(value) in (dict, list, set) else value

    def _may_hand_out(self, value: Any) -> bool:
        """Libraries hold names of other modules; a function or class is judged by its home."""
        home, name = getattr(value, "__module__", None), getattr(value, "__name__", "")
        if not callable(value) or not isinstance(home, str):
            return True
        top = home.split(".")[0].lstrip("_")
        if top == "builtins":
            return name not in _NEVER_HANDED_OUT
        rule = self._rule(top) if top in self._added else TABLE.get(home, TABLE.get(top))
        if rule is None or name in rule.denied or name == "import_module":
            return False
        return rule.only is None or name in rule.only
