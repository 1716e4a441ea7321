"""Ray as an engine. The only file that knows `ray`.

By Ray's client, which says so when the cluster is lost: a driver on one of the nodes is ended
by Ray itself when the head is gone, and the session with it. And by the client's own face:
`ray.remote` starts a cluster on this machine where the client has lost its own.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import Executor, Future, InvalidStateError
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from habilis.agent.engines.engine import Tell, lost, workers_died
from habilis.agent.engines.in_time import in_time
from habilis.agent.engines.quiet import quiet
from habilis.errors import ConfigError, EngineLost

_REACH_S: Final = 4
_CONNECT_S: Final = 15  # the head starts a process for each client, which takes 1 to 5 s
_CLOSE_S: Final = 3
_REPEATING: Final = (
    "ray._private.worker",
    "ray.client_builder",
    "ray.util.client.dataclient",
    "ray.util.client.logsclient",
)


class RayEngine:
    """A client of a cluster; its nodes come and go.

    Raises:
        ConfigError: `ray` is not installed.
        EngineLost: no cluster answers.
    """

    def __init__(self, place: str) -> None:
        try:
            import grpc  # noqa: F401 - what ray[client] has and ray has not
            import ray
        except ImportError:
            raise ConfigError(
                "the engine ray:// needs Ray: pip install 'habilis[ray]', here and on all nodes"
            ) from None
        self.name = f"ray://{place}"
        self._client: Any = ray.util.client.ray
        self._silence = ExitStack()
        self._silence.enter_context(quiet(*_REPEATING))
        connect = partial(ray.init, self.name, allow_multiple=True, log_to_driver=False)
        try:
            self._context: Any = _connected(place, connect)
        except (OSError, RuntimeError, ValueError) as error:
            self._silence.close()
            raise EngineLost(
                f"no Ray cluster answers at {self.name} ({str(error) or repr(error)}); is "
                "`ray start --head` running there with ray[client], is this the port of its "
                "client server (10001), and are versions, token and certificates the same?"
            ) from None
        self.executor: Executor = RayExecutor(self._send)

    @property
    def slots(self) -> int:
        try:
            with self._here():
                return int(self._client.cluster_resources().get("CPU", 0))
        except Exception:  # noqa: BLE001 - gone, or going: the futures will tell
            return 0

    def teller(self, topic: str, hear: Tell) -> Tell | None:
        return None

    def explain(self, error: BaseException) -> BaseException:
        from ray.exceptions import RayError, RayTaskError

        if isinstance(error, RayTaskError):
            cause: BaseException = error.cause
            return cause
        if isinstance(error, RayError):
            return workers_died(self.name, error)
        if isinstance(error, ConnectionError):
            return lost(f"the Ray cluster at {self.name}")
        return error

    def close(self) -> None:
        with self._silence, suppress(OSError):
            in_time(self._context.disconnect, _CLOSE_S)

    def _here(self) -> AbstractContextManager[Any]:
        """Return what the client works in: a copy, as each use remembers what it stands in for."""
        context: AbstractContextManager[Any] = replace(self._context)
        return context

    def _send(self, job: Callable[..., Any], *given: Any) -> Future[Any]:
        with self._here():
            return _handed_on(self._client.remote(job).remote(*given).future())


@dataclass(frozen=True)
class RayExecutor(Executor):
    """Sends each job as a task of one CPU, which Ray begins again where its worker dies."""

    send: Callable[..., Future[Any]]

    def submit(self, job: Any, /, *given: Any, **named: Any) -> Future[Any]:
        return self.send(job, *given, **named)


def _connected(place: str, connect: Callable[[], Any]) -> Any:
    """Return a connection, by a second try: one in 50 hangs, its process on the head with it."""
    host, _, port = place.rpartition(":")
    socket.create_connection((host.strip("[]"), int(port)), timeout=_REACH_S).close()
    with suppress(OSError, RuntimeError):
        return in_time(connect, _CONNECT_S)
    return in_time(connect, 2 * _CONNECT_S)


def _handed_on(future: Future[Any]) -> Future[Any]:
    """Return a future that may be cancelled: one of Ray's ends the connection then."""
    given: Future[Any] = Future()

    def hand_on(done: Future[Any]) -> None:
        error = done.exception()
        with suppress(InvalidStateError):
            given.set_exception(error) if error else given.set_result(done.result())

    future.add_done_callback(hand_on)
    return given
