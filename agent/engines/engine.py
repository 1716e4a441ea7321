"""Engines by address: anything that is a `concurrent.futures.Executor` in the end."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from habilis.errors import ConfigError, EngineLost
from habilis.events import Event

Tell = Callable[[Event], None]

_SCHEMES = ("dask", "dask+tls", "ray")
_KNOWN = 'write "dask://HOST:PORT", "ray://HOST:PORT", or "threads" for this process'


def lost(what: str) -> EngineLost:
    """Return the error that a cluster, or what leads it, is gone."""
    return EngineLost(f"{what} is gone; what is finished is kept: start it again, then resume")


def workers_died(name: str, error: BaseException) -> EngineLost:
    """Return the error that workers of an engine died of a task."""
    return EngineLost(
        f"the workers of {name} died one after the other at the same task ({error}); "
        "what is finished is kept: look at their logs, memory first, then resume"
    )


class Engine(Protocol):
    """Runs jobs in other processes. It may lose any of them: the journal is the truth."""

    @property
    def name(self) -> str:
        """What a person calls it: its address."""
        ...

    @property
    def executor(self) -> Executor: ...

    @property
    def slots(self) -> int:
        """How many jobs it runs side by side now; 0 when it has no workers yet."""
        ...

    def teller(self, topic: str, hear: Tell) -> Tell | None:
        """Return what jobs may call to tell `hear` of events; None if it has no such way.

        It can be pickled, and loses events rather than time.
        """
        ...

    def explain(self, error: BaseException) -> BaseException:
        """Return an error of the engine in our words; any other as it is."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class GivenEngine:
    """An executor that the user brought."""

    executor: Executor

    @property
    def name(self) -> str:
        return type(self.executor).__name__

    @property
    def slots(self) -> int:
        return int(getattr(self.executor, "_max_workers", 1))

    def teller(self, topic: str, hear: Tell) -> Tell | None:
        return None

    def explain(self, error: BaseException) -> BaseException:
        return error

    def close(self) -> None:
        """Nothing: whoever brought it ends it."""


def check_engine(url: str) -> str:
    """Return the address of an engine, "" for threads of this process.

    Raises:
        ConfigError: there is no such engine, or the address is malformed; a password in
            it is not shown.
    """
    if url in ("", "threads"):
        return ""
    shown = repr(url.rpartition("@")[2])
    scheme, separator, _ = url.partition("://")
    if not separator:
        raise ConfigError(f"no engine {shown}: {_KNOWN}")
    if scheme not in _SCHEMES:
        raise ConfigError(f"no engine {scheme!r} ({shown}): {_KNOWN}")
    try:
        parts = urlsplit(url)
        whole = parts.hostname and parts.port
    except ValueError:
        whole = None
    if not whole or parts.path not in ("", "/") or parts.query:
        raise ConfigError(f"the engine's address {shown} is not {scheme}://HOST:PORT")
    if "@" in parts.netloc:
        raise ConfigError(
            f"the engine's address {shown} holds a user name or password, and no engine "
            "knows any: restrict it with TLS or a token (docs/scaling.md)"
        )
    return url


def engine_for(url: str, executor: Executor | None) -> Engine | None:
    """Return the engine to run tasks on; None for threads of this process.

    Raises:
        ConfigError: both are given, or as `open_engine`.
        EngineLost: nothing answers there.
    """
    if url and executor is not None:
        raise ConfigError(f"engine={url!r} and an executor: give one of them")
    if check_engine(url):
        return open_engine(url)
    if executor is None or isinstance(executor, ThreadPoolExecutor):
        return None
    return GivenEngine(executor)


def open_engine(url: str) -> Engine:
    """Connect to an engine.

    Raises:
        ConfigError: as `check_engine`, or its package is not installed.
        EngineLost: nothing answers there.
    """
    parts = urlsplit(check_engine(url))
    if parts.scheme == "ray":
        from habilis.agent.engines.ray import RayEngine

        return RayEngine(parts.netloc)
    from habilis.agent.engines.dask import DaskEngine

    return DaskEngine(parts.netloc, secure=parts.scheme == "dask+tls")
