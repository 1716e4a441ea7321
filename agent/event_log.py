"""The JSONL event log of a library: one line an event, appended, never rewritten."""

from __future__ import annotations

import json
import os
from pathlib import Path

from habilis.events import Event


class EventLog:
    """Appends events to a file; several processes may share it.

    Each event is one `write` to a file opened for appending, so lines never mix. A full
    disk or a read-only folder silences the log, never the work: the journal is the truth.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, event: Event) -> None:
        line = json.dumps(event.to_json(), ensure_ascii=False, default=str) + "\n"
        try:
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError:
            return
        try:
            os.write(handle, line.encode("utf-8", errors="backslashreplace"))
        except OSError:
            return
        finally:
            os.close(handle)
