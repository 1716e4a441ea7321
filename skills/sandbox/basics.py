"""The builtins of sandboxed code and the namespaces it runs in.

The dictionary of builtins holds the guards, so code never gets hold of it: `globals()` is
a view that leaves it out, and code under `exec` in a dictionary of its own runs in a copy.
"""

from __future__ import annotations

import builtins
import io
import sys
import types
from collections.abc import Callable, Iterator, MutableMapping
from types import CodeType
from typing import Any

from habilis.skills.sandbox import attributes, classes, names
from habilis.skills.sandbox.policy import compile_source
from habilis.skills.sandbox.stops import reraise_stop

_PLAIN = """
    abs aiter all anext any ascii bin bool bytearray bytes callable chr classmethod complex dict
    divmod enumerate filter float format frozenset hash hex id int isinstance issubclass iter
    len list map max memoryview min next object oct ord pow print property range repr reversed
    round set slice sorted staticmethod str sum super tuple zip
    True False None Ellipsis NotImplemented
    """.split()

Scope = dict[str, Any]


class Names(MutableMapping[str, Any]):
    """A live view of a namespace, as `globals()` gives it, without the sandbox's own names."""

    __slots__ = ("_scope",)

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def __getitem__(self, name: str) -> Any:
        if not _is_shown(name):
            raise KeyError(name)
        return self._scope[name]

    def __setitem__(self, name: str, value: Any) -> None:
        if type(name) is not str or not _is_shown(name) or name == "__name__":
            raise KeyError(f"{name!r} cannot be set in the sandbox")
        self._scope[name] = value

    def __delitem__(self, name: str) -> None:
        if not _is_shown(name):
            raise KeyError(name)
        del self._scope[name]

    def __iter__(self) -> Iterator[str]:
        return iter([name for name in self._scope if _is_shown(name)])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return repr(dict(self))

    def copy(self) -> Scope:
        return dict(self)


def _is_shown(name: object) -> bool:
    if not isinstance(name, str) or name in names.HOOKS:
        return False
    return not names.is_dunder(name) or name in ("__name__", "__doc__")


class NoInput(io.TextIOBase):
    """Standard input: nobody is there."""

    def readline(self, *_: object) -> str:  # type: ignore[override]
        raise EOFError("there is no input in the sandbox; use variables or files")

    read = readline

    def __iter__(self) -> Iterator[str]:  # type: ignore[override]
        self.readline()
        yield ""


def new_scope(module_name: str, known: Scope) -> Scope:
    """Return the namespace of a fresh module, in which `known` are the builtins.

    The module is registered by its name: dataclasses and typing look classes' homes up.
    """
    module = types.ModuleType(module_name)
    sys.modules[module_name] = module
    scope = vars(module)
    scope.clear()
    scope.update(__name__=module_name, __doc__=None, __builtins__=known)
    return scope


def make_builtins(
    *, import_: Callable[..., Any], open_: Callable[..., Any], keep_source: Callable[[str], str]
) -> Scope:
    """Return a dictionary of builtins for one or more namespaces.

    `keep_source` is told each text that is evaluated and gives it a file name.
    """
    known: Scope = {name: getattr(builtins, name) for name in _PLAIN}
    known.update(
        (name, value)
        for name, value in vars(builtins).items()
        if isinstance(value, type) and issubclass(value, BaseException)
    )
    evaluator = _Evaluator(known, keep_source)
    known.update(
        _getattr_=attributes.get_attribute,
        _write_=attributes.guard_store,
        _type_=type,
        _kinds_=attributes.OWN_KINDS,
        _look_=attributes.is_own_kind,
        _stop_=reraise_stop,
        __build_class__=classes.build_class,
        __import__=import_,
        type=attributes.SafeType,
        getattr=attributes.get_attribute,
        setattr=attributes.set_attribute,
        delattr=attributes.delete_attribute,
        hasattr=attributes.has_attribute,
        open=open_,
        eval=evaluator.eval,
        exec=evaluator.exec,
        globals=evaluator.globals,
        locals=evaluator.locals,
        vars=evaluator.vars,
        dir=evaluator.dir,
        help=_help,
        exit=_leave,
        quit=_leave,
        input=_input,
        compile=_refused("compile", "use eval or exec"),
        breakpoint=_refused("breakpoint", "print what you want to see"),
    )
    return known


def _leave(code: object = None) -> None:
    raise SystemExit(code)


def _help(value: object = None) -> None:
    sys.stdout.write(f"{getattr(value, '__doc__', None) or 'no help for this'}\n")


def _input(prompt: object = "") -> str:
    sys.stdout.write(str(prompt))
    return NoInput().readline()


def _refused(name: str, advice: str) -> Callable[..., Any]:
    def call(*_: Any, **__: Any) -> Any:
        raise RuntimeError(f"{name}() is not available in the sandbox; {advice}")

    call.__name__ = call.__qualname__ = name
    return call


class _Evaluator:
    """`eval`, `exec` and the looks at namespaces, for the program that calls them."""

    def __init__(self, known: Scope, keep_source: Callable[[str], str]) -> None:
        self._known, self._keep_source = known, keep_source

    def _caller(self) -> tuple[Scope, Scope | None]:
        """Return the caller's globals, and its locals when it is a function.

        A library may be in between (`map(eval, ...)` is not, `frame.apply(eval)` is): its
        own globals have the real builtins, so only a namespace of the sandbox will do.
        """
        frame = sys._getframe(2)
        while frame is not None:
            if frame.f_globals.get("__builtins__") is self._known:
                at_top = frame.f_code.co_name == "<module>"
                return frame.f_globals, None if at_top else frame.f_locals
            frame = frame.f_back  # type: ignore[assignment]
        raise RuntimeError("eval and exec need a caller in the sandbox")

    def eval(self, source: Any, scope: Any = None, local: Any = None) -> Any:
        code = self._compiled(source, "eval")
        own, own_locals = self._caller()
        if scope is None:
            return eval(code, own, self._plain(own_locals if local is None else local))
        return eval(code, self._scope_for(scope, own), self._plain(local))

    def exec(self, source: Any, scope: Any = None, local: Any = None) -> None:
        code = self._compiled(source, "exec")
        own, own_locals = self._caller()
        if scope is None:
            exec(code, own, self._plain(own_locals))
            return
        target = self._scope_for(scope, own)
        if local is None:
            exec(code, target)
            if target is not own:
                scope.update((key, value) for key, value in target.items() if _is_shown(key))
            return
        inner = self._plain(local) or {}
        exec(code, target, inner)
        local.update((key, value) for key, value in inner.items() if _is_shown(key))

    def _compiled(self, source: Any, mode: str) -> CodeType:
        if not isinstance(source, str):
            raise TypeError(f"{mode}() takes text in the sandbox, not {type(source).__name__}")
        text = source.strip() if mode == "eval" else source
        return compile_source(text, self._keep_source(text), mode)

    def _scope_for(self, scope: Any, own: Scope) -> Scope:
        if isinstance(scope, Names):
            return own
        return {"__name__": "__main__", **(self._plain(scope) or {}), "__builtins__": self._known}

    @staticmethod
    def _plain(scope: Any) -> Scope | None:
        if scope is None:
            return None
        return {key: value for key, value in scope.items() if _is_shown(key)}

    def globals(self) -> Names:
        return Names(self._caller()[0])

    def locals(self) -> MutableMapping[str, Any]:
        own, own_locals = self._caller()
        return Names(own) if own_locals is None else self._plain(own_locals) or {}

    def vars(self, *values: Any) -> Any:
        return attributes.get_attribute(values[0], "__dict__") if values else self.locals()

    def dir(self, *values: Any) -> list[str]:
        if values:
            return [name for name in dir(values[0]) if not name.startswith("__")]
        own, own_locals = self._caller()
        return sorted(Names(own) if own_locals is None else self._plain(own_locals) or {})
