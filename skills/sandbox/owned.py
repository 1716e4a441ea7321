"""What belongs to code of the sandbox, and the views it gets of what does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

SKILL_PREFIX = "skills."


@dataclass(frozen=True)
class Live:
    """A name of a module that is looked up each time, and may be set: `sys.stdout`."""

    get: Callable[[], Any]
    set: Callable[[Any], None]


class Facade:
    """A read-only view of a module's public names; `modules` fills it."""

    __slots__ = ("__dict__",)

    def __setattr__(self, name: str, value: object) -> None:
        raise TypeError(f"module {self.__dict__['__name__']!r} is read-only in the sandbox")

    def __delattr__(self, name: str) -> None:
        self.__setattr__(name, None)

    def __repr__(self) -> str:
        return f"<module {self.__dict__['__name__']!r}>"

    def __reduce_ex__(self, protocol: object) -> Any:
        raise TypeError("modules cannot be copied")

    def __deepcopy__(self, memo: object) -> Facade:
        return self


def is_own_home(home: object) -> bool:
    """Tell whether a `__module__` names the session or a saved skill."""
    return isinstance(home, str) and (home == "__main__" or home.startswith(SKILL_PREFIX))


def is_own_class(kind: object) -> bool:
    """Tell whether the class was written in the sandbox."""
    return isinstance(kind, type) and is_own_home(type.__getattribute__(kind, "__module__"))


def is_own(value: object) -> bool:
    """Tell whether the object is a class or an instance of a class of the sandbox."""
    return is_own_class(type(value)) or is_own_class(value)
