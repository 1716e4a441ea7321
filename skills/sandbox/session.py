"""The worker's side of a session: the variables that live on, and one action at a time.

Everything here runs in the same process as the code it runs, so nothing it says can be
trusted by the host more than the code itself.
"""

from __future__ import annotations

import builtins
import resource
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from habilis.skills.sandbox.basics import Scope, make_builtins, new_scope
from habilis.skills.sandbox.faults import Faults, Sources
from habilis.skills.sandbox.files import Workspace
from habilis.skills.sandbox.modules import Modules
from habilis.skills.sandbox.policy import NotAllowed, compile_action
from habilis.skills.sandbox.printed import Printed, clean, cut, without_paths
from habilis.skills.sandbox.replaced import Replacements
from habilis.skills.sandbox.saved import Importer, SavedSkills
from habilis.skills.sandbox.stops import Answered, Clock, Stop, TimeUp, TooMuchOutput
from habilis.skills.sandbox.values import FunctionRef, WireError, opaque, shown
from habilis.skills.sandbox.wire import pack, unpack

Message = dict[str, Any]
_KINDS: list[tuple[type[BaseException], str]] = [
    (TimeUp, "timed_out"),
    (TooMuchOutput, "too_much_output"),
    (NotAllowed, "refused"),
    (MemoryError, "out_of_memory"),
]


class Session:
    """Runs actions in one namespace. `ask` puts a question to the host and waits."""

    def __init__(
        self,
        *,
        ask: Callable[[Message], Message],
        workspace: str,
        tools: Iterable[tuple[str, str]] = (),
        allow: Iterable[str] = (),
        printed_chars: int,
        value_bytes: int,
    ) -> None:
        self._ask_host = ask
        self._printed_chars, self._value_bytes = printed_chars, value_bytes
        self._clock = Clock()
        self._printed = Printed(printed_chars, _too_much)
        sys.stdout = sys.stderr = self._printed
        warnings.showwarning = self._show_warning
        self._sources = Sources()
        self._answer = b""
        self._answered = False
        self._faults = Faults(self._sources, lambda: [*self._scope, *self._known])
        files = Workspace(workspace)
        modules = Modules(
            allow=allow, replacements=Replacements(workspace=files, trace=self._faults.trace)
        )

        def fresh_builtins(skills: Importer) -> Scope:
            def import_(
                name: str, scope: Any = None, local: Any = None, wanted: Any = (), *_: Any
            ) -> Any:
                if name == "skills":
                    return skills(wanted or ())
                return modules.import_(name, scope, local, wanted)

            return make_builtins(import_=import_, open_=files.open, keep_source=self._keep_text)

        self._saved = SavedSkills(
            ask=self._ask_skill, make_known=fresh_builtins, keep_source=self._keep_skill
        )
        self._known = fresh_builtins(self._saved.import_names)
        self._known["final_answer"] = self._take_answer
        self._known.update((name, self._tool(name, doc)) for name, doc in tools)
        self._scope = new_scope("__main__", self._known)

    def define(self, variables: dict[str, bytes]) -> None:
        self._scope.update((name, unpack(value)) for name, value in variables.items())

    def run(self, source: str, *, timeout_s: float, policy: bool = True) -> Message:
        """Run one action and return its outcome as a message.

        Without the policy it is what an attacker has who broke it: the escape tests use this
        to see what the jail holds alone.
        """
        self._faults.current = self._sources.keep(source, place="an earlier action")

        def body() -> Any:
            if not policy:
                return exec(source, {"__name__": "__main__"})
            statements, last = compile_action(source, self._faults.current)
            exec(statements, self._scope)
            return None if last is None else eval(last, self._scope)

        return self._outcome(body, timeout_s)

    def call(self, function: str, arguments: bytes, *, timeout_s: float) -> Message:
        """Call a function of the session, or else a saved skill, and return the outcome.

        `arguments` hold the positional ones and those by keyword.
        """
        self._faults.current = ""

        def body() -> Any:
            found = self._scope.get(function, self._known.get(function))
            if not callable(found):
                found = self._saved.load(function)
            positional, named = _arguments(arguments)
            return found(*map(self._resolved, positional), **named)

        return self._outcome(body, timeout_s)

    def _outcome(self, body: Callable[[], Any], timeout_s: float) -> Message:
        self._answered, self._answer = False, b""
        self._saved.calls.clear()
        sys.stdout = sys.stderr = self._printed
        outcome: Message = {"kind": "ok"}
        try:
            try:
                self._clock.start(timeout_s)
                outcome.update(self._seen(body()))
            finally:
                self._clock.stop()
        except BaseException as error:
            # The edge of the worker: whatever the code raised is its outcome. An alarm may
            # have hit the clause above before it stopped the clock.
            self._clock.stop()
            outcome.update(self._failure(error, timeout_s))
        outcome |= {
            "printed": self._printed.take(),
            "skills_called": dict(self._saved.calls),
            "memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
        if self._answered:
            outcome["answer"] = self._answer
        return outcome

    def _seen(self, value: Any) -> Message:
        if value is None:
            return {}
        text = clean(cut(shown(value), 20 * self._printed_chars))
        return {"value": self._encoded(value), "shown": cut(text, self._printed_chars)}

    def _encoded(self, value: Any) -> bytes:
        try:
            return pack(value, limit_bytes=self._value_bytes)
        except WireError:
            return pack(opaque(value))

    def _failure(self, error: BaseException, timeout_s: float) -> Message:
        if isinstance(error, Answered) or (self._answered and isinstance(error, Stop)):
            return {}
        if isinstance(error, SystemExit):
            if isinstance(error.code, str):
                self._printed.write(f"{error.code}\n")
            return {}
        kind = next((kind for cls, kind in _KINDS if isinstance(error, cls)), "raised")
        last = {
            "timed_out": f"TimeoutError: stopped after {timeout_s:g} s",
            "too_much_output": f"TooMuchOutput: more than {10 * self._printed_chars:,} characters "
            "were printed; print less",
            "out_of_memory": "MemoryError: the action needs more memory than the limit allows",
        }.get(kind)
        text = self._faults.describe(error, last_line=last)
        return {"kind": kind, "error": text, "error_type": self._faults.type_of(error, last)}

    def _show_warning(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: Any = None,
        line: str | None = None,
    ) -> None:
        where = f"line {lineno}: " if self._sources.place(filename) is not None else ""
        text = without_paths(str(message))
        (file or sys.stderr).write(f"{where}{category.__name__}: {text}\n")

    # What the code calls

    def _take_answer(self, answer: Any) -> None:
        """Record the answer and end the action. The last call counts."""
        if callable(answer) and not isinstance(answer, type) and hasattr(answer, "__name__"):
            answer = FunctionRef(self._callable_name(answer))
        self._answer, self._answered = self._encoded(answer), True
        raise Answered

    def _callable_name(self, function: Any) -> str:
        """Return a name under which the session finds the function again; bind one if need be."""
        name: str = function.__name__
        if self._scope.get(name, self._known.get(name)) is function:
            return name
        for each, value in self._scope.items():
            if value is function:
                return each
        saved = self._saved.name_of(function)
        if saved is not None and saved not in self._scope:
            return saved
        free = name if name.isidentifier() else "answer"
        while free in self._scope:
            free += "_"
        self._scope[free] = function
        return free

    def _tool(self, name: str, doc: str) -> Callable[..., Any]:
        def call(*arguments: Any, **keywords: Any) -> Any:
            given = pack([list(arguments), keywords])
            reply = self._ask({"ask": "tool", "name": name, "arguments": given})
            if "error" in reply:
                raise _rebuilt(reply["error_type"], reply["error"])
            return unpack(reply["value"])

        call.__name__ = call.__qualname__ = name
        call.__doc__ = doc
        return call

    def _ask_skill(self, name: str) -> Sequence[tuple[str, str]]:
        reply = self._ask({"ask": "skill", "name": name})
        if "error" in reply:
            raise ImportError(reply["error"], name=name)
        return [(each, source) for each, source in reply["sources"]]

    def _ask(self, question: Message) -> Message:
        with self._clock.paused():
            return self._ask_host(question)

    def _resolved(self, value: Any) -> Any:
        """Functions come in by name; hand the code the function itself."""
        if not isinstance(value, FunctionRef):
            return value
        found = self._scope.get(value.name, self._known.get(value.name))
        return found if callable(found) else self._saved.load(value.name)

    def _keep_text(self, text: str) -> str:
        return self._sources.keep(text, place="evaluated text")

    def _keep_skill(self, text: str, place: str) -> str:
        return self._sources.keep(text, place=place)


def _arguments(data: bytes) -> tuple[list[Any], dict[str, Any]]:
    positional, named = cast("tuple[list[Any], dict[str, Any]]", unpack(data))
    return positional, named


def _too_much() -> None:
    raise TooMuchOutput


def _rebuilt(type_name: str, message: str) -> Exception:
    """Make the exception that a tool raised, when it is a plain builtin one."""
    kind = getattr(builtins, type_name, None)
    if isinstance(kind, type) and issubclass(kind, Exception):
        try:
            return kind(without_paths(message))
        except TypeError:  # UnicodeDecodeError and its like take more than a text
            pass
    return RuntimeError(f"{type_name}: {without_paths(message)}")
