"""How fast one endpoint is asked: no faster than it lately allowed.

Every call takes a turn. A refusal holds all turns back as long as the endpoint wishes and
sets the pace to a little less than what it let through before; answers speed it up again,
additively, as TCP does (Jacobson, 1988). Where it wishes for longer than `LONGEST_HOLD_S`,
whoever asked waits by its own patience, and turns go on before that.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final

_WINDOW_S: Final = 2.0  # over which the endpoint's own rate is measured
_BELOW: Final = 0.9  # of the rate that was refused
_HOLD_S: Final = 0.5  # where a refusal names no time; then twice as long each time
_LONGEST_OWN_HOLD_S: Final = 8.0  # of these
LONGEST_HOLD_S: Final = 60.0
_SPEED_UP: Final = 0.1  # turns a second more, an answer: a tenth more a second
_SLOW_UP: Final = 0.02  # of the pace, where answers are so rare that a tenth would be much
_SHORTEST_S: Final = 0.5  # of a measurement


class Pace:
    """The turns of one endpoint. There is no limit until it refuses for the first time."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._per_s: float | None = None
        self._next = 0.0  # when the next turn may begin
        self._held_until = 0.0
        self._answers: deque[float] = deque()
        self._refusals = 0

    @property
    def per_s(self) -> float | None:
        """Turns a second, None when there is no limit."""
        return self._per_s

    @property
    def refusals(self) -> int:
        """How often it refused since its last answer; a burst counts once."""
        return self._refusals

    async def turn(self) -> None:
        """Wait until it is this call's turn."""
        wait_s = self.book()
        while wait_s > 0:
            await asyncio.sleep(wait_s)
            held_s = self._held_until - self._clock()  # somebody was refused meanwhile
            wait_s = self.book() if held_s > 0 else 0.0

    def book(self) -> float:
        """Take the next turn; return how many seconds there are until then."""
        now = self._clock()
        at = max(now, self._held_until)
        if self._per_s is not None:
            at = max(at, self._next)
            self._next = at + 1 / self._per_s
        return at - now

    def answered(self) -> None:
        """Count an answer."""
        now = self._clock()
        self._answers.append(now)
        self._forget(now)
        self._refusals = 0
        if self._per_s is not None:
            self._per_s += min(_SPEED_UP, _SLOW_UP * self._per_s)

    def refused(self, wish_s: float | None) -> None:
        """Hold all turns back, and go slower from then on."""
        now = self._clock()
        if now < self._held_until:
            return  # sent before the refusal that is known
        self._forget(now)
        over_s = max(_SHORTEST_S, now - self._answers[0]) if self._answers else _WINDOW_S
        seen = len(self._answers) / over_s
        slower = seen if self._per_s is None else min(self._per_s, max(seen, self._per_s / 2))
        self._per_s = max(0.2, _BELOW * slower)
        self._refusals += 1
        own_s = min(_HOLD_S * 2 ** min(self._refusals, 16), _LONGEST_OWN_HOLD_S)
        hold_s = own_s if wish_s is None else min(wish_s, LONGEST_HOLD_S)
        self._held_until = now + hold_s
        self._next = self._held_until

    def _forget(self, now: float) -> None:
        while self._answers and self._answers[0] < now - _WINDOW_S:
            self._answers.popleft()
