"""The plain data that crosses between host and worker, and what stands for the rest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

TAG = "$"  # the key that marks a typed value; a dict that has it as its own is tagged too
MAX_DEPTH = 60
MAX_NODES = 2_000_000
MAX_BYTES = 64 * 2**20
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class WireError(ValueError):
    """A value is too large to cross, or what arrived is no encoded value."""


@dataclass(frozen=True)
class FunctionRef:
    """A function that stays where it is, by the name it can be called by."""

    name: str


@dataclass(frozen=True)
class Opaque:
    """An object that stays where it is: its type's name and its repr, without addresses."""

    type: str
    text: str

    def __repr__(self) -> str:
        return f"<{self.type}: {self.text}>"


@dataclass(frozen=True)
class Record:
    """What a dataclass or named tuple held: its type's name, and its fields in order."""

    type: str
    fields: tuple[tuple[str, object], ...]

    def __getattr__(self, name: str) -> object:
        if not name.startswith("_") and name != "fields":
            for field, value in self.fields:
                if field == name:
                    return value
        raise AttributeError(f"no field {name!r}")

    def __repr__(self) -> str:
        return f"{self.type}({', '.join(f'{name}={value!r}' for name, value in self.fields)})"


def opaque(value: object) -> Opaque:
    """Return what a person would see of any object. Never raises an ordinary error."""
    kind = type(value)
    home = getattr(kind, "__module__", "")
    name = kind.__qualname__ if home in ("builtins", "__main__") else f"{home}.{kind.__qualname__}"
    try:
        text = _ADDRESS.sub("", repr(value)[:2000])
    except Exception as error:
        text = f"no repr: {type(error).__name__}"
    return Opaque(name[:200], text)
