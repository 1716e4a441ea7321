"""The folder a worker may use: the user's, or a temporary one that goes with the worker."""

from __future__ import annotations

import contextlib
import os
import tempfile
import weakref
from pathlib import Path


class Folder:
    """`path` makes it when it is first needed; `remove` removes what was made for the worker."""

    def __init__(self, given: Path | None) -> None:
        self._given = given
        self._made: Path | None = None

    @property
    def path(self) -> Path:
        if self._given is not None:
            self._given.mkdir(parents=True, exist_ok=True)
            return self._given
        if self._made is None:
            made = Path(tempfile.mkdtemp(prefix="habilis-"))
            self._finalizer = weakref.finalize(self, _remove, made, os.getpid())
            self._made = made
        return self._made

    def remove(self) -> None:
        if self._made is not None:
            self._finalizer()
            self._made = None


def _remove(folder: Path, owner: int) -> None:
    """Remove a folder, also one that is deeper than a path can be long.

    Each folder in it is first moved up to the top, so that no path gets longer than that.
    """
    if os.getpid() != owner:
        return  # a forked child: it is still in use
    waiting, moved = [folder], 0
    while waiting:
        current = waiting.pop()
        with contextlib.suppress(OSError):
            current.chmod(0o700)
        with contextlib.suppress(OSError), os.scandir(current) as entries:
            for entry in list(entries):
                with contextlib.suppress(OSError):
                    if not entry.is_dir(follow_symlinks=False):
                        Path(entry.path).unlink()
                        continue
                    moved += 1
                    waiting.append(Path(entry.path).rename(folder / f".remove-{moved}"))
        if current != folder:
            with contextlib.suppress(OSError):
                current.rmdir()
    with contextlib.suppress(OSError):
        folder.rmdir()
