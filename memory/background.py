"""Work that goes on beside searches, bit by bit, until there is none or it is stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable

from habilis.errors import HabilisError


class Background:
    """Calls `some` in a thread for as long as it says that there was something to do.

    An error of ours ends it; whoever needs the work done meets the same error and says it.
    It ends with the main thread, after the bit that is being done: a thread that is still in
    a library of C++ when Python goes would take the process down with an abort.
    """

    def __init__(self, some: Callable[[], bool]) -> None:
        self._some = some
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def go_on(self) -> None:
        """Begin, unless it is under way."""
        if self._stopping.is_set() or (self._thread is not None and self._thread.is_alive()):
            return
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        """End after the bit that is being done."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            main = threading.main_thread()
            while not self._stopping.is_set() and main.is_alive() and self._some():
                pass
        except HabilisError:
            return
