"""A connection that is made in time, or not at all: clients wait long for what does not answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def in_time(make: Callable[[], T], seconds: float) -> T:
    """Return what `make` makes in a thread of its own, which nobody waits for any longer.

    Raises:
        TimeoutError: it is not there in time.
    """
    made: Future[T] = Future()

    def run() -> None:
        try:
            made.set_result(make())
        except Exception as error:  # noqa: BLE001 - handed on to whoever waits
            made.set_exception(error)

    threading.Thread(target=run, name="habilis-connect", daemon=True).start()
    try:
        return made.result(seconds)
    except TimeoutError as error:
        late = f"not within {seconds:g} s; perhaps something else listens there"
        raise TimeoutError(str(error) or late) from None
