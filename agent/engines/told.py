"""Events on their way from one process to another: flat JSON, texts cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from habilis import events
from habilis.events import Event
from habilis.skills.compare import shorten

_CHARS = 4_000  # of each text: a scheduler keeps the last thousand events in memory

_KINDS = {
    kind.kind: kind
    for kind in vars(events).values()
    if isinstance(kind, type) and issubclass(kind, Event)
}


def event_row(event: Event) -> dict[str, Any]:
    """Return an event as plain data."""
    return {
        name: shorten(value, _CHARS) if isinstance(value, str) else value
        for name, value in event.to_json().items()
    }


def event_from(row: Mapping[str, Any]) -> Event | None:
    """Read an event back; None for one that this version does not know."""
    kind = _KINDS.get(row.get("event", ""))
    if kind is None or {field.name for field in fields(kind)} != row.keys() - {"event"}:
        return None
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in row.items()
        if name != "event"
    }
    return kind(**values)
