"""What the host does when sandboxed code asks: call a user's tool, or give a skill's source."""

from __future__ import annotations

import asyncio
import builtins
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from habilis.errors import ConfigError
from habilis.skills.outcome import HostCall
from habilis.skills.sandbox.printed import without_paths
from habilis.skills.sandbox.wire import Json, WireError, decode, encode

Approve = Callable[[str, Mapping[str, object]], bool]
LoadSkill = Callable[[str], Sequence[tuple[str, str]]]


class Host:
    """Answers a worker's questions, in the thread that waits for the action.

    A tool is a plain function, sync or async: its arguments are bound to its signature,
    shown to `approve`, and the call is recorded.
    """

    def __init__(
        self,
        tools: Sequence[Callable[..., object]],
        *,
        approve: Approve | None = None,
        load_skill: LoadSkill | None = None,
    ) -> None:
        self._approve, self._load_skill = approve, load_skill
        self._tools: dict[str, Callable[..., object]] = {}
        for tool in tools:
            name = getattr(tool, "__name__", "")
            if not name.isidentifier() or name in self._tools:
                raise ConfigError(f"a tool needs a name of its own, which {tool!r} has not")
            self._tools[name] = tool

    def tool_cards(self) -> list[list[str]]:
        """Return each tool's name and docstring."""
        return [[name, inspect.getdoc(tool) or ""] for name, tool in self._tools.items()]

    def has_skill(self, name: str) -> bool:
        return "sources" in self._skill_sources(name)

    def answer(self, question: Mapping[str, Any], calls: list[HostCall]) -> dict[str, Any]:
        """Return what the worker is told; a call of a tool is added to `calls`.

        What a tool raises goes to the code. What `approve` raises goes to the caller.

        Raises:
            WireError: this is no question.
        """
        name = question.get("name")
        if isinstance(name, str) and question.get("ask") == "skill":
            return self._skill_sources(name)
        if isinstance(name, str) and question.get("ask") == "tool":
            reply, record = self._call(name, question.get("arguments"), question.get("keywords"))
            calls.append(record)
            return reply
        raise WireError("the worker sent no question")

    def _skill_sources(self, name: str) -> dict[str, Any]:
        if self._load_skill is None:
            return {"error": f"no skill named {name!r}: there are no saved skills here"}
        try:
            return {"sources": [[each, source] for each, source in self._load_skill(name)]}
        except Exception as error:  # the code gets it as an ImportError
            return {"error": without_paths(str(error))}

    def _call(self, name: str, arguments: Json, keywords: Json) -> tuple[dict[str, Any], HostCall]:
        given: Mapping[str, object] = {}
        try:
            tool = self._tools[name]
            positional: Any = decode(arguments)
            named: Any = decode(keywords)
            given = {"args": positional, **named}
            bound = _bind(name, tool, positional, named)
            given = dict(bound.arguments)
        except (TypeError, KeyError, WireError) as error:
            return _failed(name, given, TypeError(str(error)))
        if self._approve is not None and not self._approve(name, given):
            return _failed(name, given, PermissionError(f"the call of {name} was not approved"))
        try:
            value = tool(*bound.args, **bound.kwargs)
            if inspect.iscoroutine(value):
                value = asyncio.run(value)
            reply = {"value": encode(value)}
        except Exception as error:  # the user's own code may raise anything
            return _failed(name, given, error)
        return reply, HostCall(name=name, arguments=given, value=value)


def _bind(
    name: str, tool: Callable[..., object], positional: list[Any], named: dict[str, Any]
) -> inspect.BoundArguments:
    signature = _signature(tool)
    try:
        return signature.bind(*positional, **named)
    except TypeError as error:
        raise TypeError(f"{name}(): {error}; it is called as {name}{signature}") from None


def _signature(tool: Callable[..., object]) -> inspect.Signature:
    try:
        # Annotations that are text (`from __future__ import annotations`) read better resolved.
        return inspect.signature(tool, eval_str=True)
    except Exception:  # resolving runs the user's names, which may be gone
        pass
    try:
        return inspect.signature(tool)
    except ValueError:  # some builtins have none
        return inspect.signature(lambda *args, **keywords: None)


def _failed(
    name: str, given: Mapping[str, object], error: Exception
) -> tuple[dict[str, Any], HostCall]:
    kind = type(error).__name__
    text = error.args[0] if isinstance(error, KeyError) and error.args else error
    message = without_paths(str(text))
    plain = getattr(builtins, kind, None) is type(error)
    reply = {
        "error_type": kind if plain else "RuntimeError",
        "error": message if plain else f"{kind}: {message}",
    }
    return reply, HostCall(name=name, arguments=given, error=f"{kind}: {message}")
