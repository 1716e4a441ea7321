"""What the sandbox's variables hold now, one line each."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from habilis.agent.observe import one_line
from habilis.skills.outcome import Outcome

_MOST = 40  # the newest
_LINE_CHARS, _VALUE_CHARS = 300, 160
_LOOK = "[(n, type(v).__name__, {size}, {value}) for n, v in globals().items()]"
_FULL = _LOOK.format(
    size="len(v) if isinstance(v, (list, dict, tuple, set, str)) else None",
    value=f"repr(v)[:{_VALUE_CHARS}]",
)
_BARE = _LOOK.format(size="None", value="''")  # for values whose repr raises
_DULL = {"Facade", "module", "type", "NoneType"}  # what an import brings again
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")  # differs from run to run


async def list_variables(run: Callable[[str], Awaitable[Outcome]]) -> tuple[str, ...]:
    """Return `name: type of size = value` for the variables of the session, oldest first.

    Empty when the sandbox cannot say. What it says is data of untrusted code.
    """
    for source in (_FULL, _BARE):
        outcome = await run(source)
        if outcome.ok and isinstance(outcome.value, list):
            lines = [_line(row) for row in outcome.value]
            return tuple(line for line in lines if line)[-_MOST:]
    return ()


def _line(row: object) -> str:
    if not (isinstance(row, tuple) and len(row) == 4):
        return ""
    name, kind, size, value = row
    if not isinstance(name, str) or not name.isidentifier() or name.startswith("_"):
        return ""
    if kind in _DULL:
        return ""
    of = f" of {size:,}" if isinstance(size, int) else ""
    cut = "…" if len(str(value)) == _VALUE_CHARS else ""
    shown = f" = {_ADDRESS.sub('', str(value))}{cut}" if value else ""
    if kind == "function":
        shown = ""
    return one_line(f"{name}: {kind}{of}{shown}", _LINE_CHARS)
