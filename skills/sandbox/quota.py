"""How much a workspace may grow: looked at from outside, when its worker wants to write."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_MORE_ENTRIES = 10_000  # than there were
_EVERY = 64  # files: others may free what these take
_UNSEEN = 4  # times what may be seen: what others write meanwhile counts as unseen


class Quota:
    """Admits files to write to, one by one.

    What lies in the folder is counted once for each action. While it runs, how far the free
    space of the disk fell is enough to know: that costs nothing, and sees deleted files that
    are still open. Where it fell too far the folder is counted again, because others may
    have written; more than a few times the limit is not put down to others.
    """

    def __init__(self, folder: Path, *, grow_bytes: int) -> None:
        self._folder, self._grow = folder, grow_bytes
        self._before: tuple[int, int] | None = None  # when anybody first wanted to write
        self._at_start: tuple[int, int] | None = None  # of this action: used, free

    def begin(self) -> None:
        """An action begins."""
        self._at_start = None

    def admits_one(self) -> bool:
        """Whether one more file may be opened to write."""
        if self._at_start is None:
            self._look(0)
            self._at_start = self._used, self._free_bytes()
        used, free = self._at_start
        fell = free - self._free_bytes()
        self._entries -= 1
        self._unlooked += 1
        if self._entries < 0 or fell - self._fell >= self._left or self._unlooked > _EVERY:
            self._look(fell)
        unseen = fell - (self._used - used)
        return self._entries >= 0 and self._left > 0 and unseen < _UNSEEN * self._grow

    def _look(self, fell: int) -> None:
        self._used, entries = _measured(self._folder)
        self._before = self._before or (self._used, entries)
        self._left = self._grow - (self._used - self._before[0])
        self._entries = _MORE_ENTRIES - (entries - self._before[1])
        self._fell, self._unlooked = fell, 0

    def _free_bytes(self) -> int:
        disk = os.statvfs(self._folder)
        return disk.f_bfree * disk.f_frsize


def _measured(folder: Path) -> tuple[int, int]:
    """Return the bytes on disk and the number of entries below a folder."""
    used = files = 0
    waiting = [os.fspath(folder)]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                files += 1
                used += entry.stat(follow_symlinks=False).st_blocks * 512
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
    return used, files
