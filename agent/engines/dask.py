"""Dask as an engine. The only file that knows `distributed`."""

from __future__ import annotations

from concurrent.futures import CancelledError, Executor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from habilis.agent.engines.engine import Tell, lost, workers_died
from habilis.agent.engines.in_time import in_time
from habilis.agent.engines.quiet import quiet
from habilis.agent.engines.told import event_from, event_row
from habilis.errors import ConfigError, EngineLost
from habilis.events import Event

_CONNECT_S: Final = 4
_CLOSE_S: Final = 3
_REPEATING: Final = ("distributed.client", "distributed.batched")


class DaskEngine:
    """A connection to a scheduler; its workers come and go.

    Raises:
        ConfigError: `distributed` is not installed.
        EngineLost: no scheduler answers.
    """

    def __init__(self, place: str, *, secure: bool) -> None:
        try:
            import dask as configured
            import distributed
        except ImportError:
            raise ConfigError(
                "the engine dask:// needs Dask: pip install 'habilis[dask]', here and on the "
                "workers"
            ) from None
        self.name = f"dask{'+tls' if secure else ''}://{place}"
        address = f"{'tls' if secure else 'tcp'}://{place}"
        dask: Any = distributed  # it has types in part
        if secure and not dask.Security().get_connection_args("client").get("ssl_context"):
            raise ConfigError(
                "dask+tls:// needs certificates: name them in Dask's configuration, or as "
                "DASK_DISTRIBUTED__COMM__TLS__CA_FILE, ..._CLIENT__CERT and ..._CLIENT__KEY"
            )
        if not secure and configured.config.get("distributed.comm.require-encryption"):
            raise ConfigError(f"Dask's configuration requires encryption: write dask+tls://{place}")
        make = partial(dask.Client, address, timeout=_CONNECT_S, set_as_default=False)
        self._silence = ExitStack()
        self._silence.enter_context(quiet(*_REPEATING))
        try:
            self._client: Any = in_time(make, 1.5 * _CONNECT_S)
        except (OSError, ValueError) as error:
            self._silence.close()
            raise EngineLost(
                f"no Dask scheduler answers at {self.name} ({str(error) or repr(error)}); is "
                "`dask scheduler` running there, and may this machine reach it?"
            ) from None
        self.executor: Executor = self._client.get_executor(pure=False)

    @property
    def slots(self) -> int:
        try:
            return sum(self._client.nthreads().values())
        except (OSError, TimeoutError, ValueError):  # gone, or going: the futures will tell
            return 0

    def teller(self, topic: str, hear: Tell) -> Tell | None:
        def heard(event: tuple[float, dict[str, Any]]) -> None:
            told = event_from(event[1]["habilis"])
            if told is not None:
                hear(told)

        self._client.subscribe_topic(topic, heard)
        return DaskTeller(topic)

    def explain(self, error: BaseException) -> BaseException:
        if isinstance(error, CancelledError):
            return lost(f"the Dask scheduler at {self.name}")
        from distributed.scheduler import KilledWorker

        if isinstance(error, KilledWorker):
            return workers_died(self.name, error)
        return error

    def close(self) -> None:
        with self._silence, suppress(OSError, TimeoutError):
            self._client.close(timeout=_CLOSE_S)


@dataclass(frozen=True)
class DaskTeller:
    """Sends events to whoever listens to `topic`, from any thread of a worker."""

    topic: str

    def __call__(self, event: Event) -> None:
        from distributed import get_worker

        with suppress(ValueError):  # no worker any more: it is closing
            get_worker().log_event(self.topic, {"habilis": event_row(event)})
