"""What may enter the sandbox by name: inputs and tools."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Callable, Collection

from habilis.errors import ConfigError, TaskError
from habilis.skills.sandbox.names import HOOKS, is_dunder
from habilis.skills.sandbox.wire import WireError, pack

# What the code is told to call: an input or a tool of that name would take it away.
_RESERVED = frozenset({"final_answer", "print", "skills"}) | HOOKS


def tool_name(tool: Callable[..., object], *, taken: Collection[str]) -> str:
    """Return the name by which the code calls a tool.

    Raises:
        ConfigError: it has none, or the name means something else already.
    """
    name = getattr(tool, "__name__", "")
    if not isinstance(name, str) or not name.isidentifier():
        raise ConfigError(f"a tool needs a name of its own, which {tool!r} has not")
    if keyword.iskeyword(name) or name in _RESERVED or is_dunder(name) or hasattr(builtins, name):
        raise ConfigError(f"a tool cannot be named {name!r}: code knows that name already")
    if name in taken:
        raise ConfigError(f"two tools are named {name!r}: a tool needs a name of its own")
    return name


def encoded_input(name: str, value: object, *, tools: Collection[str]) -> bytes:
    """Return the value of an input, packed.

    Raises:
        TaskError: the name is no variable name or is taken, or the value is not plain data.
    """
    if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("__"):
        raise TaskError(f"input {name!r} is no variable name")
    if name in _RESERVED:
        raise TaskError(f"an input cannot be named {name!r}: the code needs that name")
    if name in tools:
        raise TaskError(f"an input cannot be named {name!r}: a tool has that name")
    try:
        return pack(value, whole=True)
    except WireError as error:
        raise TaskError(f"input {name!r} cannot enter the sandbox: {error}") from None
