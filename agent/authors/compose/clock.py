"""How long a search may go on."""

from __future__ import annotations

import time
from collections.abc import Callable


class OutOfTime(Exception):
    """The seconds are over, or the caller said stop."""


class Clock:
    """Counts seconds from now and programs tried; asked in the innermost loops."""

    def __init__(
        self,
        seconds: float,
        stop: Callable[[], bool] | None = None,
        *,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._timer, self._stop = timer, stop
        self._start = timer()
        self._end = self._start + seconds
        self.tried = 0

    @property
    def spent(self) -> float:
        return self._timer() - self._start

    @property
    def left(self) -> float:
        return self._end - self._timer()

    def check(self) -> None:
        """Raise OutOfTime when it is time to end."""
        if self._timer() > self._end or (self._stop is not None and self._stop()):
            raise OutOfTime

    def part(self, seconds: float) -> Clock:
        """Return a clock for a share of what is left."""
        return Clock(min(seconds, self.left), self._stop, timer=self._timer)
