"""`threading` and `concurrent.futures` without threads: what is started runs at once, to its end.

The jail lets no thread be made. Most programs start threads that do not wait for one
another, and give the same results this way; one that waits for what a later thread would do
waits until its time is over.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

_count = itertools.count(1)


class Thread:
    """Stands for `threading.Thread`: `start()` returns when the target has."""

    def __init__(
        self,
        group: None = None,
        target: Callable[..., Any] | None = None,
        name: str | None = None,
        args: Iterable[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        daemon: bool | None = None,
    ) -> None:
        self._target, self._arguments, self._keywords = target, tuple(args), dict(kwargs or {})
        number = next(_count)
        self.name = name or f"Thread-{number}" + (f" ({target.__name__})" if target else "")
        self.ident: int | None = None
        self.daemon = bool(daemon)

    def start(self) -> None:
        if self.ident is not None:
            raise RuntimeError("threads can only be started once")
        self.ident = id(self)
        _running.append(self)
        try:
            self.run()
        except Exception as error:
            print_error(self, error)
        finally:
            _running.pop()

    def run(self) -> None:
        if self._target is not None:
            self._target(*self._arguments, **self._keywords)

    def join(self, timeout: float | None = None) -> None:
        if self.ident is None:
            raise RuntimeError("cannot join thread before it is started")

    def is_alive(self) -> bool:
        return self in _running


class Timer(Thread):
    """Stands for `threading.Timer`."""

    def __init__(
        self, interval: float, function: Callable[..., Any], args: Any = None, kwargs: Any = None
    ) -> None:
        super().__init__(target=function, args=args or (), kwargs=kwargs)
        self.interval, self._cancelled = interval, False

    def run(self) -> None:
        time.sleep(self.interval)
        super().run()

    def cancel(self) -> None:
        """It has run already, or never started."""


class _MainThread(Thread):
    def __init__(self) -> None:
        super().__init__(name="MainThread")
        self.ident = 1


_running: list[Thread] = [_MainThread()]


def print_error(thread: Thread, error: Exception) -> None:
    print(f"Exception in thread {thread.name}: {type(error).__name__}: {error}")  # noqa: T201


class Executor:
    """Stands for the executors of `concurrent.futures`: work is done when it is submitted."""

    _future: Callable[[], Any]

    def __init__(
        self,
        max_workers: int | None = None,
        thread_name_prefix: str = "",
        initializer: Callable[..., Any] | None = None,
        initargs: Iterable[Any] = (),
        **_: Any,
    ) -> None:
        if max_workers is not None and max_workers <= 0:
            raise ValueError("max_workers must be greater than 0")
        self._closed = False
        if initializer is not None:
            initializer(*initargs)

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> Any:
        if self._closed:
            raise RuntimeError("cannot schedule new futures after shutdown")
        future = self._future()
        future.set_running_or_notify_cancel()
        try:
            future.set_result(function(*arguments, **keywords))
        except Exception as error:
            future.set_exception(error)
        return future

    def map(
        self,
        function: Callable[..., Any],
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,
    ) -> Iterator[Any]:
        futures = [self.submit(function, *each) for each in zip(*iterables, strict=False)]
        return iter(future.result() for future in futures)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._closed = True

    def __enter__(self) -> Executor:
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()


THREADING: Mapping[str, Any] = {
    "Thread": Thread,
    "Timer": Timer,
    "current_thread": lambda: _running[-1],
    "main_thread": lambda: _running[0],
    "get_ident": lambda: _running[-1].ident,
    "active_count": lambda: len(_running),
    "enumerate": lambda: list(_running),
}


def futures_names(module: Any) -> Mapping[str, Any]:
    """Return the stand-ins of `concurrent.futures`, which is `module`."""
    kinds = ("ThreadPoolExecutor", "ProcessPoolExecutor")
    body = {"_future": module.Future, "__module__": module.__name__}
    return {
        **{name: type(name, (Executor,), body) for name in kinds},
        # In the order they were submitted, which is that in which they were done.
        "as_completed": lambda futures, timeout=None: iter(list(futures)),
    }
