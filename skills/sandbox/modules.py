"""Which modules code may import, and the read-only views it gets of them.

Denied unless the table says otherwise. Code never holds a real module: a facade has its
public names, copies of its tables, and only those sub-modules that are allowed too. The
real module is imported when code first asks for it. No security boundary: an allowed
library can reach whatever the process can.
"""

from __future__ import annotations

import builtins
import importlib
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from habilis.skills.sandbox.guards import Facade

Replacements = Callable[[str, Any], Mapping[str, Any]]


@dataclass(frozen=True)
class Rule:
    """What of a module is visible: all public names, or `only` some, minus `denied`.

    `package` lets all its public sub-modules in; a name may deny one of them, with dots.
    """

    only: frozenset[str] | None = None
    denied: frozenset[str] = frozenset()
    package: bool = False


def _all(denied: str = "") -> Rule:
    return Rule(denied=frozenset(denied.split()))


def _only(only: str = "") -> Rule:
    return Rule(only=frozenset(only.split()))


def _package(denied: str = "") -> Rule:
    return Rule(denied=frozenset(denied.split()), package=True)


# The names denied hand out a way to run text as code, to read internals, or to change
# what the worker itself relies on. Names that `replaced` provides need no entry.
TABLE: Mapping[str, Rule] = {
    **{
        name: _all()
        for name in """
        __future__ array ast base64 binascii bisect calendar cmath collections collections.abc
        colorsys csv datetime decimal difflib fractions functools graphlib hashlib heapq hmac
        html html.parser itertools json keyword math numbers operator pprint random re secrets
        statistics struct textwrap unicodedata urllib urllib.parse zlib zoneinfo
        """.split()
    },
    "abc": _all("ABCMeta"),
    "codecs": _only("encode decode BOM_UTF8 BOM_UTF16 lookup"),
    "contextlib": _all("chdir redirect_stdin"),
    "copy": _only("copy deepcopy Error error replace"),
    "dataclasses": _all("make_dataclass"),
    "enum": _all("EnumType EnumMeta"),
    "hashlib": _all("file_digest"),
    "inspect": _only(
        "signature Parameter Signature isfunction isclass ismethod isbuiltin isgenerator "
        "isgeneratorfunction iscoroutinefunction getdoc cleandoc"
    ),
    "io": _only("StringIO BytesIO TextIOBase IOBase SEEK_SET SEEK_CUR SEEK_END"),
    "locale": _only("format_string str atof atoi"),
    "logging": _only(
        "DEBUG INFO WARNING ERROR CRITICAL NOTSET getLogger debug info warning error "
        "exception critical log Logger StreamHandler NullHandler disable getLevelName"
    ),
    "os": _only(
        "sep altsep linesep extsep pathsep curdir pardir name fspath urandom cpu_count "
        "PathLike path"
    ),
    "os.path": _only(),
    "pathlib": _only(),
    "platform": _only("python_version python_implementation system"),
    "queue": _all(),
    "string": _all("Formatter"),
    "sys": _only(
        "maxsize maxunicode float_info int_info hash_info version version_info byteorder "
        "getsizeof getrecursionlimit set_int_max_str_digits get_int_max_str_digits intern "
        "implementation hexversion"
    ),
    "time": _all("clock_settime clock_settime_ns tzset"),
    "timeit": _only("default_timer"),
    "traceback": _only(),
    "types": _only(
        "SimpleNamespace MappingProxyType FunctionType LambdaType MethodType GeneratorType "
        "BuiltinFunctionType NoneType EllipsisType UnionType GenericAlias CoroutineType"
    ),
    "typing": _all("get_type_hints ForwardRef"),
    "uuid": _only("uuid3 uuid4 uuid5 UUID NAMESPACE_DNS NAMESPACE_URL NAMESPACE_OID"),
    "warnings": _only(
        "warn filterwarnings simplefilter catch_warnings resetwarnings warn_explicit"
    ),
    "numpy": _package(
        "save savez savez_compressed fromfile memmap fromregex DataSource f2py ctypeslib "
        "distutils testing core lib.format lib.npyio lib.introspect test info get_include"
    ),
    "pandas": _package(
        "read_pickle to_pickle read_hdf read_sql read_sql_query read_sql_table read_clipboard "
        "read_html read_gbq read_sas read_spss read_stata read_orc read_feather read_xml "
        "read_parquet HDFStore ExcelFile ExcelWriter eval io core compat util testing test"
    ),
    "sympy": _package(
        "test doctest preview interactive external testing release init_session source "
        "autowrap ufuncify sysinfo utilities.autowrap utilities.runtests utilities.source "
        "utilities.tmpfiles utilities.exceptions utilities.mathml utilities._compilation"
    ),
    "scipy": _package("io test LowLevelCallable _lib"),
    "networkx": _package("read_gpickle write_gpickle test testing tests drawing readwrite"),
    "mpmath": _package("runtests doctests tests plot cplot splot libmp"),
    "dateutil": _package(),
}
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
        tops = sorted({module.split(".")[0] for module in TABLE if module[0] != "_"} | self._added)
        top = name.split(".")[0]
        if name != top and self._is_allowed(top):
            return f"module {name!r} is not available; {top!r} is"
        return (
            f"module {name!r} is not available; allowed: {', '.join(tops)}; "
            f"the user can allow it with allow=[{top!r}]"
        )

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
            facade.__dict__[name] = value = self._find(facade, name)
            return value

        return {"__getattr__": find, "__dir__": lambda facade: list(facade.__dict__["__all__"])}

    def _find(self, facade: Facade, name: str) -> Any:
        """Look a name up in the real module, by the rules. Called once for each name."""
        module_name = facade.__dict__["__name__"]
        module, extra = self._hidden[id(facade)]
        rule = self._rule(module_name)
        if name in extra:
            return extra[name]
        if name.startswith("_"):
            raise AttributeError(f"module {module_name!r} has no attribute {name!r}")
        refusal = AttributeError(f"{module_name}.{name} is not available in the sandbox")
        if name in rule.denied or (rule.only is not None and name not in rule.only):
            exists = hasattr(module, name)
            missing = f"module {module_name!r} has no attribute {name!r}"
            raise refusal if exists else AttributeError(missing)
        value = getattr(module, name)
        if isinstance(value, types.ModuleType):
            below = f"{module_name}.{name}"
            if not self._is_allowed(below):
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
