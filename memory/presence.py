"""Whether a file that a library has open is still there: removed, not merely moved."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_NONE = -1


class OpenFile:
    """A file that SQLite has open, seen by SQLite's own descriptor.

    To open it here would not do: with the first descriptor that is closed, a process gives up
    all its locks on a file (https://www.sqlite.org/howtocorrupt.html, section 2.2).
    """

    def __init__(self, path: Path) -> None:
        found = path.stat()
        self._identity = (found.st_dev, found.st_ino)
        self._descriptor = next(filter(self._is_it, _descriptors()), _NONE)

    def is_gone(self) -> bool:
        """Tell whether no folder holds the file any more; False where that cannot be seen."""
        return self._is_it(self._descriptor) and os.fstat(self._descriptor).st_nlink == 0

    def _is_it(self, descriptor: int) -> bool:
        with contextlib.suppress(OSError):  # closed since
            found = os.fstat(descriptor)
            return (found.st_dev, found.st_ino) == self._identity
        return False


def _descriptors() -> list[int]:
    with contextlib.suppress(OSError):
        return [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]
    return []
