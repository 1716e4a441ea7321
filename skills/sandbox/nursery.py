"""The host's side of the zygotes: warm processes, one per hash seed and set of packages.

They are this process's alone, and end with it. Starting one costs what starting Python and
importing the sandbox costs; starting a worker from it costs a few milliseconds.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from habilis.errors import SandboxError

_ZYGOTE = Path(__file__).with_name("zygote.py")
_START_S = 60.0
_MESSAGE_BYTES = 2**16
_MOST = 6  # zygotes at a time: each holds the memory of what it imported
_IMPORTS = re.compile(r"^[ \t]*(?:import|from)[ \t]+(numpy|pandas|scipy|sympy)\b", re.MULTILINE)
_ENVIRONMENT = {
    "PYTHONDONTWRITEBYTECODE": "1",
    # One thread each: more would count against the memory limit and fight for the cores.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


class Zygote:
    """A process that forks workers. `holds`, `tier` and `missing` are those of their jail."""

    def __init__(
        self,
        *,
        hash_seed: int | None = None,
        warm: Sequence[str] = (),
        launcher: Sequence[str] = (),
    ) -> None:
        """Start it and wait until its canary has tried the jail.

        Its workers find the modules `warm` imported. `launcher` is a command put in front,
        for tests of poorer machines.

        Raises:
            SandboxError: it did not come up, or something got through the jail.
        """
        if sys.platform != "linux":
            raise SandboxError("the sandbox needs Linux: a container or WSL 2 will do")
        self._lock = threading.Lock()
        self._asked = 0
        environment = dict(_ENVIRONMENT)
        if hash_seed is not None:
            environment["PYTHONHASHSEED"] = str(hash_seed)
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        life_read, self._life_write = os.pipe()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process
        command = [*launcher, sys.executable, "-s", "-P", str(_ZYGOTE)]
        with theirs, tempfile.TemporaryDirectory(prefix="habilis-") as folder:
            try:
                self._popen = subprocess.Popen(
                    [*command, str(theirs.fileno()), str(life_read), *warm],
                    cwd=folder,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=self._said,
                    stderr=self._said,
                    pass_fds=(theirs.fileno(), life_read),
                    start_new_session=True,
                )
            except OSError as error:
                self._give_back()
                raise SandboxError(f"the worker could not be started: {error}") from error
            finally:
                os.close(life_read)
            theirs.close()
            tried = self._hello()
        self.holds: tuple[str, ...] = tuple(tried["holds"])
        self.tier: str = tried["tier"]
        self.missing: tuple[str, ...] = tuple(tried["missing"])

    def _hello(self) -> dict[str, Any]:
        self._control.settimeout(_START_S)
        try:
            tried = self._receive()
        except OSError:
            said = self.last_words()
            self.close()
            raise SandboxError(f"the worker did not start: {said}") from None
        if "error" in tried or tried["through"]:
            self.close()
            seen = tried.get("error") or ", ".join(tried["through"])
            raise SandboxError(f"the jail does not hold here, nothing is run: {seen}")
        return tried

    def start(self, folder: Path, descriptors: Sequence[int]) -> int:
        """Fork a worker that works in `folder`; return its id for `reap` and `end`.

        Raises:
            OSError: the zygote is gone.
        """
        child: int = self._ask({"do": "start", "folder": str(folder)}, descriptors)["child"]
        return child

    def reap(self, child: int) -> int | None:
        """Return the exit code of the worker's last process that died, None if all live."""
        return self._code({"do": "reap", "child": child})

    def end(self, child: int) -> int | None:
        """Kill a worker; return an exit code as `reap`, None where nobody knows it any more."""
        return self._code({"do": "end", "child": child})

    def _code(self, request: dict[str, Any]) -> int | None:
        try:
            code: int | None = self._ask(request)["code"]
        except OSError:
            return None
        return code

    def last_words(self) -> str:
        """Return the end of what it, or a worker before it was ready, wrote of errors."""
        self._said.seek(0)
        return self._said.read()[-2000:].decode(errors="replace") or "it ended without a word"

    @property
    def died(self) -> bool:
        return self._popen.poll() is not None

    @property
    def pid(self) -> int:
        return self._popen.pid

    def close(self) -> None:
        """End it and all its workers. May be called again."""
        self._popen.kill()
        self._popen.wait()
        with self._lock:
            self._give_back()

    def leave(self) -> None:
        """Let go of it in a forked child of ours: it ends with us, not with the child."""
        self._lock = threading.Lock()
        self._give_back()

    def _give_back(self) -> None:
        if not self._said.closed:
            self._said.close()
            self._control.close()
            os.close(self._life_write)

    def _ask(self, request: dict[str, Any], descriptors: Sequence[int] = ()) -> dict[str, Any]:
        with self._lock:
            self._asked += 1
            body = json.dumps({**request, "number": self._asked}).encode()
            socket.send_fds(self._control, [body], descriptors)
            # A reply that somebody was interrupted waiting for may come first.
            while (reply := self._receive()).get("number") != self._asked:
                pass
            return reply

    def _receive(self) -> dict[str, Any]:
        message = self._control.recv(_MESSAGE_BYTES)
        if not message:
            raise ConnectionError("the zygote is gone")
        reply: dict[str, Any] = json.loads(message)
        return reply


# The one piece of state that is the process's own: the zygotes are its children, and a
# child of it that was forked starts others.
_Key = tuple[int, int | None, tuple[str, ...]]
_zygotes: dict[_Key, Zygote] = {}
_starting: set[_Key] = set()
_zygotes_lock = threading.Lock()


def wants_packages(source: str) -> tuple[str, ...]:
    """Return which of the packages that are slow to import a source imports."""
    return tuple(sorted(set(_IMPORTS.findall(source))))


def zygote_for(hash_seed: int | None, *, source: str = "") -> Zygote:
    """Return the running zygote for a hash seed (None: any), starting it if need be.

    Where `source` imports large packages it is one that has them imported, unless that
    one is not up yet: it is started meanwhile, and others after this profit.
    """
    warm = wants_packages(source)
    with _zygotes_lock:
        if warm:
            found = _zygotes.get((os.getpid(), hash_seed, warm))
            if found is not None and not found.died:
                return found
            _start_aside(hash_seed, warm)
        return _get(hash_seed, ())


def _get(hash_seed: int | None, warm: tuple[str, ...]) -> Zygote:
    key = (os.getpid(), hash_seed, warm)
    found = _zygotes.get(key)
    if found is None or found.died:
        if found is not None:
            found.close()
        found = _zygotes[key] = Zygote(hash_seed=hash_seed)
    return found


def _start_aside(hash_seed: int | None, warm: tuple[str, ...]) -> None:
    key = (os.getpid(), hash_seed, warm)
    mine = [each for each in _zygotes if each[0] == os.getpid()]
    if key in _starting or len(mine) + len(_starting) >= _MOST:
        return
    _starting.add(key)

    def start() -> None:
        try:
            found = Zygote(hash_seed=hash_seed, warm=warm)
        except SandboxError:
            return  # the plain one serves; the key stays in _starting: no second try
        with _zygotes_lock:
            _starting.discard(key)
            _zygotes[key] = found

    threading.Thread(target=start, daemon=True).start()


def _leave_to_parent() -> None:
    """In a forked child of this process: what the parent started is not ours to keep."""
    global _zygotes_lock
    _zygotes_lock = threading.Lock()  # another thread may have held it
    for zygote in _zygotes.values():
        zygote.leave()
    _zygotes.clear()
    _starting.clear()


os.register_at_fork(after_in_child=_leave_to_parent)


@atexit.register
def close_zygotes() -> None:
    """End all zygotes of this process; the next worker starts a new one."""
    with _zygotes_lock:
        for key in [key for key in _zygotes if key[0] == os.getpid()]:
            _zygotes.pop(key).close()
