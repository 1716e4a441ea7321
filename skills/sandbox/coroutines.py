"""`asyncio` without sockets: the real tasks and queues on a loop that only waits for time.

The event loop of the standard library opens a socket to itself, which the jail refuses; it
is for being woken by other threads and by signals, and here are neither.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any


def asyncio_names() -> Mapping[str, Any]:
    """Return the stand-ins. Imports asyncio, which few programs need and takes its time."""
    import asyncio

    loops = _Loops(_loop_class())

    def run(main: Coroutine[Any, Any, Any], *, debug: bool | None = None) -> Any:
        with asyncio.Runner(debug=debug, loop_factory=loops.kind) as runner:
            return runner.run(main)

    async def to_thread(function: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> Any:
        await asyncio.sleep(0)  # without a thread the others wait meanwhile
        return function(*arguments, **keywords)

    return {
        "run": run,
        "to_thread": to_thread,
        "new_event_loop": loops.new,
        "get_event_loop": loops.current,
        "get_running_loop": loops.running,
        "set_event_loop": loops.put,
    }


def _loop_class() -> Callable[[], Any]:
    import asyncio
    import selectors

    class NoFiles(selectors.SelectSelector):
        """Watches nothing: waiting is sleeping."""

        def select(self, timeout: float | None = None) -> list[Any]:
            if timeout is None:
                raise RuntimeError("all tasks wait for one another, and nothing can wake them")
            if timeout > 0:
                time.sleep(timeout)
            return []

    class Loop(asyncio.SelectorEventLoop):
        def __init__(self) -> None:
            super().__init__(NoFiles())

        def _make_self_pipe(self) -> None:
            pass

        def _close_self_pipe(self) -> None:
            pass

        def _write_to_self(self) -> None:
            pass

    return Loop


class SafeLoop:
    """Stands for a loop that is run by hand, as older programs do."""

    def __init__(self, loop: Any) -> None:
        self._loop = loop

    def run_until_complete(self, future: Any) -> Any:
        return self._loop.run_until_complete(future)

    def create_task(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.create_task(coroutine)

    def create_future(self) -> Any:
        return self._loop.create_future()

    def run_in_executor(self, _: Any, function: Callable[..., Any], *arguments: Any) -> Any:
        async def call() -> Any:
            return function(*arguments)

        return self._loop.create_task(call())

    def call_soon(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return self._loop.call_soon(function, *arguments)

    def call_later(self, delay: float, function: Callable[..., Any], *arguments: Any) -> Any:
        return self._loop.call_later(delay, function, *arguments)

    def time(self) -> float:
        return float(self._loop.time())

    def is_running(self) -> bool:
        return bool(self._loop.is_running())

    def is_closed(self) -> bool:
        return bool(self._loop.is_closed())

    def close(self) -> None:
        self._loop.close()


class _Loops:
    """The loop that programs set and get."""

    def __init__(self, kind: Callable[[], Any]) -> None:
        self.kind = kind
        self._put: SafeLoop | None = None

    def new(self) -> SafeLoop:
        return SafeLoop(self.kind())

    def running(self) -> SafeLoop:
        import asyncio

        return SafeLoop(asyncio.get_running_loop())

    def current(self) -> SafeLoop:
        try:
            return self.running()
        except RuntimeError:
            if self._put is None or self._put.is_closed():
                self._put = self.new()
            return self._put

    def put(self, loop: SafeLoop | None) -> None:
        self._put = loop
