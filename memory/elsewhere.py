"""A library on its way to another process: where it is, never what is in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from habilis.errors import NotALibrary
from habilis.memory.address import Address
from habilis.memory.sqlite import FILE_NAME
from habilis.memory.vectors import Encoder

if TYPE_CHECKING:
    from habilis.memory.library import SkillLibrary


def open_again(where: str, encoder: Encoder, index: str) -> SkillLibrary:
    """Open a library that must be there: what pickle does with one in another process.

    Raises:
        NotALibrary: it is not there.
    """
    from habilis.memory.library import SkillLibrary

    if not Address.of(where).on_server and not Path(where, FILE_NAME).exists():
        raise NotALibrary(f"there is no library at {where!r}")
    return SkillLibrary(where, encoder=encoder, index=index)
