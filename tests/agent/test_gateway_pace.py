from __future__ import annotations

from habilis.agent.gateway.pace import Pace


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_there_is_no_limit_before_the_first_refusal() -> None:
    """An endpoint that refuses nothing is asked as fast as can be."""
    pace = Pace(clock=Clock())
    assert [pace.book() for _ in range(100)] == [0.0] * 100 and pace.per_s is None


def test_a_refusal_holds_everybody_as_long_as_the_endpoint_wishes() -> None:
    """After that the turns are apart, slower than what was let through before."""
    clock = Clock()
    pace = Pace(clock=clock)
    for _ in range(40):
        clock.now += 0.05
        pace.answered()
    pace.refused(7.0)
    assert pace.per_s is not None and 17 < pace.per_s < 20
    first, second = pace.book(), pace.book()
    assert first == 7.0 and abs(second - first - 1 / pace.per_s) < 1e-9


def test_a_hold_has_an_end_that_a_session_can_live_with() -> None:
    """However long the wish: a session that waits for it does so by its own patience."""
    pace = Pace(clock=Clock())
    pace.refused(7200.0)
    assert pace.book() == 60.0


def test_a_hold_that_nobody_wished_for_stays_short() -> None:
    """Longer waits are the session's, which tells of them."""
    clock = Clock()
    pace = Pace(clock=clock)
    holds = []
    for _ in range(7):
        pace.refused(None)
        holds.append(pace.book())
        clock.now += 100
    assert holds == [1, 2, 4, 8, 8, 8, 8] and pace.refusals == 7
    pace.answered()
    assert pace.refusals == 0


def test_refusals_of_what_was_sent_before_count_once() -> None:
    """A burst that is refused as a whole slows down once."""
    clock = Clock()
    pace = Pace(clock=clock)
    pace.answered()
    pace.refused(1.0)
    before = pace.per_s
    pace.refused(9.0)
    assert pace.per_s == before and pace.book() == 1.0


def test_answers_speed_it_up_again() -> None:
    """A little with each, so that a limit that is gone is found out."""
    clock = Clock()
    pace = Pace(clock=clock)
    pace.answered()
    pace.refused(None)
    slow = pace.per_s
    assert slow is not None
    for _ in range(200):
        clock.now += 1
        pace.answered()
    assert pace.per_s is not None and pace.per_s > 5 * slow


def test_a_thousand_calls_at_a_limit_are_hardly_refused() -> None:
    """Simulated: a bucket of 40 that fills with 40 a second, a tenth of a second an answer."""
    clock = Clock()
    pace = Pace(clock=clock)
    bucket, filled_at, refused = 40.0, clock.now, 0
    for _ in range(1000):
        while True:
            clock.now += pace.book()
            bucket = min(40.0, bucket + 40 * (clock.now - filled_at))
            filled_at = clock.now
            if bucket >= 1:
                bucket -= 1
                pace.answered()
                break
            refused += 1
            pace.refused(1.0)
    assert refused < 50 and clock.now - 100 < 2 * 1000 / 40
