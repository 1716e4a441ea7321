"""What ends an action early, and the clock that does it.

Stops are no `Exception`, and the policy re-raises them in handlers that would catch
everything, so code that retries whatever fails cannot swallow them.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

# The outcomes of actions that were ended half-way, not by themselves.
CUT_SHORT: Final = ("timed_out", "out_of_memory", "too_much_output")
_REPEAT_S = 0.1


class Stop(BaseException):
    """Ends the action; no error of the code."""


class TimeUp(Stop):
    """The action's time is over."""


class TooMuchOutput(Stop):
    """The action printed far more than anyone will read."""


class Answered(Stop):
    """`final_answer(...)` was called."""


def reraise_stop() -> None:
    """Raise again the stop that is being handled, if one is."""
    error = sys.exc_info()[1]
    if isinstance(error, Stop):
        raise error


class Clock:
    """Raises `TimeUp` in the main thread when the time is over, and again until it is heard.

    It repeats because a `finally` clause or an object's clean-up may swallow the first.
    Time inside `paused()` does not count.
    """

    def __init__(self) -> None:
        self._running = False
        signal.signal(signal.SIGALRM, self._ring)

    def start(self, seconds: float) -> None:
        self._running = True
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6), _REPEAT_S)

    def stop(self) -> float:
        """Return the seconds that were left. Nothing is raised any more."""
        self._running = False  # first: an alarm that is already under way is then ignored
        return signal.setitimer(signal.ITIMER_REAL, 0)[0]

    @contextmanager
    def paused(self) -> Iterator[None]:
        was_running, left_s = self._running, self.stop()
        try:
            yield
        finally:
            if was_running:
                self.start(left_s)

    def _ring(self, _signal: int, _frame: FrameType | None) -> None:
        if self._running:
            raise TimeUp
