"""What an action came to, as the journal keeps it, and whether a replay came to the same."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from habilis.skills.compare import shorten
from habilis.skills.outcome import Outcome

_KEPT_CHARS = 4_000  # what an author sees of it: the journal's growth per step is bounded
_PLACE = re.compile(  # where an object lies in memory, and the workspace: another each time
    r"\b0x[0-9a-fA-F]{6,}\b|/habilis-[a-z0-9_]{8}\b"
)
_TEXTS = ("printed", "shown", "error")


def outcome_text(outcome: Outcome) -> str:
    """Return what an author sees of an outcome, as JSON."""
    row: dict[str, object] = {"kind": outcome.kind.value, "rolled_back": outcome.rolled_back}
    row |= {name: shorten(getattr(outcome, name), _KEPT_CHARS) for name in _TEXTS}
    row |= {"variables_lost": outcome.variables_lost, "seconds": outcome.seconds}
    return json.dumps(row, ensure_ascii=False)


def as_recorded(outcome: Outcome, recorded: str) -> Outcome | None:
    """Return the outcome of a replay in the words of the first time; None when it differs."""
    before, now = json.loads(recorded), json.loads(outcome_text(outcome))
    if any(before[name] != now[name] for name in ("kind", "rolled_back", "variables_lost")):
        return None
    if any(_PLACE.sub("", before[name]) != _PLACE.sub("", now[name]) for name in _TEXTS):
        return None
    return replace(outcome, **{name: before[name] for name in _TEXTS})
