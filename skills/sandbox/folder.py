"""The folder a worker may use: the user's, or a temporary one that goes with the worker."""

from __future__ import annotations

import tempfile
from pathlib import Path


class Folder:
    """`path` makes it when it is first needed; `remove` removes what was made for the worker."""

    def __init__(self, given: Path | None) -> None:
        self._given = given
        self._temporary: tempfile.TemporaryDirectory[str] | None = None

    @property
    def path(self) -> Path:
        if self._given is not None:
            self._given.mkdir(parents=True, exist_ok=True)
            return self._given
        if self._temporary is None:
            self._temporary = tempfile.TemporaryDirectory(
                prefix="habilis-", ignore_cleanup_errors=True
            )
        return Path(self._temporary.name)

    def remove(self) -> None:
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None
