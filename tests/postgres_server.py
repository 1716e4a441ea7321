"""A Postgres server of the tests' own: on a socket in a new folder, gone afterwards."""

from __future__ import annotations

import contextlib
import functools
import getpass
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from urllib.parse import quote

_STARTS_S = 60.0


class PostgresServer:
    """Listens on a socket; `libraries` gives the URL of a new, empty library."""

    def __init__(self) -> None:
        place = programs()
        assert place is not None
        self._programs = place
        self._user = _user()
        self._home = Path(tempfile.mkdtemp(prefix="habilis-pg-"))
        self._data = self._home / "data"
        shutil.chown(self._home, self._user)
        self._home.chmod(0o755)
        self._run(
            *("initdb", "--pgdata", str(self._data), "--username=habilis", "--auth=trust"),
            *("--encoding=UTF8", "--no-sync", "--no-instructions"),
        )
        rules = (self._data / "pg_hba.conf").read_text()
        keyed = "local all keyed scram-sha-256\n"
        (self._data / "pg_hba.conf").write_text(keyed + rules)
        self.start()

    def start(self) -> None:
        """Start, and return when it answers."""
        # A kill leaves children that hold the memory for a moment: then it is tried again.
        give_up_at = time.monotonic() + _STARTS_S
        while True:
            with (self._home / "log").open("a") as log:
                self._process = subprocess.Popen(
                    [
                        *(str(self._programs / "postgres"), "-D", str(self._data)),
                        *("-k", str(self._home), "-c", "listen_addresses=", "-c", "fsync=off"),
                        *("-c", "max_connections=200"),
                    ],
                    stdout=log,
                    stderr=log,
                    user=self._user,
                    cwd="/",
                )
            if self._answers():
                return
            if time.monotonic() > give_up_at:
                raise RuntimeError((self._home / "log").read_text()[-2_000:])

    def _answers(self) -> bool:
        while self._process.poll() is None:
            asked = [str(self._programs / "pg_isready"), "-q", "-h", str(self._home)]
            if subprocess.run(asked, check=False).returncode == 0:
                return True
            time.sleep(0.02)
        return False

    def kill(self) -> None:
        """End it, and all that it has started, as a crash does."""
        children = _children(self._process.pid)
        self._process.kill()
        self._process.wait()
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    def stop(self) -> None:
        """End it and remove everything."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()
        shutil.rmtree(self._home, ignore_errors=True)

    def url(self, schema: str = "", *, login: str = "habilis", **more: str) -> str:
        """Return the URL of a library; `schema` is a new one unless named."""
        schema = schema or f"t_{uuid.uuid4().hex[:12]}"
        parameters = {"host": str(self._home), "schema": schema, **more}
        asked = "&".join(f"{key}={quote(value, safe='')}" for key, value in parameters.items())
        return f"postgresql://{login}@/postgres?{asked}"

    def sql(self, statement: str, *, schema: str = "public") -> str:
        """Do something behind everybody's back; return what psql prints."""
        command = [str(self._programs / "psql"), "-h", str(self._home), "-U", "habilis"]
        command += ["-d", "postgres", "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", statement]
        environment = {**os.environ, "PGOPTIONS": f"-c search_path={schema}"}
        done = subprocess.run(command, check=True, env=environment, capture_output=True, text=True)
        return done.stdout.strip()

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        done = subprocess.run(command, user=self._user, cwd="/", capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr.decode()}")


@functools.cache
def programs() -> Path | None:
    """Return the folder of Postgres' programs, None where there is none on this machine."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    if config := shutil.which("pg_config"):
        asked = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        places.append(Path(asked.stdout.strip()))
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "initdb").exists()), None)


def _children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
    return found


def _user() -> str:
    """Return whose server it is: Postgres refuses to run as root."""
    if os.geteuid():
        return getpass.getuser()
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"
