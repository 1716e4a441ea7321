"""One worker process: started with an empty environment, killed as a whole group."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from habilis.errors import SandboxError
from habilis.skills.sandbox.channel import Channel, ChannelClosed

_WORKER = Path(__file__).with_name("worker.py")
_START_S = 60.0
_ENVIRONMENT = {
    "PYTHONDONTWRITEBYTECODE": "1",
    # One thread each: more would count against the memory limit and fight for the cores.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


class Process:
    """A worker process; it serves after `set_up`. Nothing of it survives `close()`."""

    def __init__(self, *, folder: Path, hash_seed: int | None) -> None:
        """Start it. From here on it can be killed.

        Raises:
            SandboxError: there can be no such process.
        """
        self._lock = threading.Lock()
        self._closed = False
        environment = dict(_ENVIRONMENT)
        if hash_seed is not None:
            environment["PYTHONHASHSEED"] = str(hash_seed)
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - `close()` closes it
        try:
            self._start(folder, environment, self._said)
        except BaseException:
            self._said.close()
            raise

    def set_up(self, setup: dict[str, Any]) -> None:
        """Tell it what it needs and wait until it is ready.

        Raises:
            SandboxError: it did not come up; the message holds what it wrote last.
        """
        try:
            deadline = time.monotonic() + _START_S
            self.channel.send(setup, deadline=deadline)
            if not self.channel.receive(deadline=deadline).get("ready"):
                raise ChannelClosed
        except (ChannelClosed, TimeoutError):
            self.kill()
            self._said.seek(0)
            tail = self._said.read()[-2000:].decode(errors="replace")
            self.close()
            raise SandboxError(f"the worker did not start: {tail or self.fate}") from None
        except BaseException:
            self.close()
            raise

    def _start(self, folder: Path, environment: dict[str, str], said: Any) -> None:
        request_read, request_write = os.pipe()
        reply_read, reply_write = os.pipe()
        life_read, self._life_write = os.pipe()
        self.channel = Channel(reply_read, request_write)
        theirs = (request_read, reply_write, life_read)
        try:
            self._popen = subprocess.Popen(
                [sys.executable, "-s", "-P", str(_WORKER), *map(str, theirs)],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                pass_fds=theirs,
                start_new_session=True,
            )
        except OSError as error:
            self.channel.close()
            os.close(self._life_write)
            raise SandboxError(f"the worker could not be started: {error}") from error
        finally:
            for descriptor in theirs:
                os.close(descriptor)

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def died(self) -> bool:
        """Whether it is gone. Does not reap it, so that its group id stays ours."""
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        with self._lock:
            return self._closed or os.waitid(os.P_PID, self._popen.pid, flags) is not None

    @property
    def fate(self) -> str:
        """How it ended, in words; after `close()`."""
        code = self._popen.returncode
        if code is not None and code < 0:
            return f"ended by signal {signal.Signals(-code).name}"
        return f"ended with code {code}"

    def kill(self) -> None:
        """End it and all its children. May be called from any thread, any number of times."""
        with self._lock:
            if not self._closed:
                os.killpg(self._popen.pid, signal.SIGKILL)

    def close(self) -> None:
        """Kill it, wait until it is gone and give its descriptors back."""
        self.kill()
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._popen.wait()
        self._said.close()
        self.channel.close()
        os.close(self._life_write)
