"""What a caller gives an agent, looked at before anything runs."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from habilis.errors import ConfigError
from habilis.memory.address import Address
from habilis.memory.library import SkillLibrary
from habilis.skills.compare import show

T = TypeVar("T")


def checked(value: T, kind: type[T], name: str) -> T:
    """Return a setting of a kind of ours.

    Raises:
        ConfigError: it is something else.
    """
    if not isinstance(value, kind):
        raise ConfigError(f"{name}={show(value, 80)}: write {kind.__name__}(...)")
    return value


def refuse_inside_a_loop(call: str) -> None:
    """Raise where an event loop runs already.

    Raises:
        ConfigError: it does; says to await `call`.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise ConfigError(f"an event loop is running here: write `await {call}` instead")


def checked_tools(
    tools: Iterable[Callable[..., object]],
) -> tuple[Callable[..., object], ...]:
    """Return the tools.

    Raises:
        ConfigError: one is no function, or has no name to call it by.
    """
    found = tuple(tools)
    for tool in found:
        name = getattr(tool, "__name__", "")
        if not callable(tool) or not name.isidentifier():
            raise ConfigError(f"tool {tool!r} needs to be a named function")
    return found


def checked_modules(allow: Iterable[str]) -> tuple[str, ...]:
    """Return the names of modules that code may import.

    Raises:
        ConfigError: one is not installed, or a text was given instead of a list.
    """
    if isinstance(allow, str):
        raise ConfigError(f"allow={allow!r} is one text: write a list, [{allow!r}]")
    names = tuple(allow)
    for name in names:
        top = name.partition(".")[0] if isinstance(name, str) else ""
        if not top.isidentifier() or importlib.util.find_spec(top) is None:
            raise ConfigError(f"allow names {show(name, 80)}, but no such module is installed")
    return names


def checked_library(library: object) -> SkillLibrary | Address | str | Path | None:
    """Return what a library was named by.

    Raises:
        ConfigError: it is no library's name.
    """
    if library is None or isinstance(library, SkillLibrary | Address | str | Path):
        return library
    raise ConfigError(f"library={show(library, 80)} is no SkillLibrary, folder or URL")
