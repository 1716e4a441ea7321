"""The jail: what a worker gives up, for good, before it runs code it does not trust.

It holds whatever the code does inside its process, because the kernel keeps it. What the
machine cannot do is named in `Jail.missing`, and lowers the tier; nothing is left out
silently. docs/sandbox.md says in plain words what each tier stops. Worker side.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import resource
import signal
import sys
import sysconfig
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from habilis.skills.sandbox import kernel
from habilis.skills.sandbox.landlock import restrict_files
from habilis.skills.sandbox.seccomp import make_filter, make_gates

NAMESPACES, NO_PROGRAMS, GATES = "namespaces", "workspace without programs", "gates"

OPEN_FILES = 128
_CPU_S = 4 * 3600  # of a whole session: the last resort should every other clock fail
_STACK_BYTES = 64 * 2**20
_LIBRARIES = "/lib /lib64 /usr/lib /usr/lib64 /usr/local/lib /etc/ld.so.cache".split()
_DATA = "/usr/share/zoneinfo /etc/localtime /dev/null /dev/zero /dev/urandom".split()


@dataclass(frozen=True, kw_only=True)
class Jail:
    """What holds for a process, and what this machine could not give, with the reason."""

    holds: tuple[str, ...]
    missing: tuple[str, ...] = ()

    @property
    def tier(self) -> str:
        held = set(self.holds)
        if {"landlock", "seccomp"} <= held:
            return "full" if {NAMESPACES, NO_PROGRAMS, GATES} <= held else "standard"
        return "nofiles" if "seccomp without files" in held else "weak"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the worker may use. `files=False` is for machines that cannot say which files."""

    workspace: str
    readable: tuple[str, ...] = ()
    memory_bytes: int
    file_bytes: int
    files: bool = True


def lock(wanted: Wanted, *, before: Jail, give: Callable[[int], None] | None = None) -> Jail:
    """Lock this process up; `before` is what holds already. It needs to have one thread.

    Where the machine has gates, `give` hands the host the descriptor on which it answers
    for them; without `give` there are none, and no forks. Without Landlock no file can be
    opened afterwards, unless `wanted.files` was set by somebody who takes the tier "weak".
    """
    holds, missing = list(before.holds), list(before.missing)
    if NAMESPACES in holds:
        try:
            kernel.unshare(kernel.CLONE_NEWNS)
            kernel.mount_without_programs(wanted.workspace)
            holds.append(NO_PROGRAMS)
        except OSError as error:
            missing.append(f"{NO_PROGRAMS}: {error.strerror}")
    os.chdir(wanted.workspace)
    gates = give if GATES in holds else None
    if gates is None and GATES in holds:
        holds.remove(GATES)
    _limit(wanted, forks=gates is not None)
    kernel.drop_capabilities()
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    holds += ["limits", "no privileges"]
    files = False
    try:
        restrict_files(
            readable=[*interpreter_folders(), *wanted.readable],
            writable=[wanted.workspace, "/dev/null"],
        )
        holds.append("landlock")
        files = True
    except OSError as error:
        missing.append(f"landlock: {error.strerror}")
    if gates is not None:
        listener = kernel.install_filter(make_gates(), listener=True)
        gates(listener)
        os.close(listener)  # before any code of others runs: who has it answers
    try:
        kernel.install_filter(make_filter(files=files or wanted.files, forks=gates is not None))
        holds.append("seccomp" if files or wanted.files else "seccomp without files")
    except (OSError, NotImplementedError) as error:
        missing.append(f"seccomp: {error}")
    return Jail(holds=tuple(holds), missing=tuple(missing))


def prepare() -> None:
    """Work out in the zygote, once, what is the same for every worker."""
    interpreter_folders()
    with contextlib.suppress(NotImplementedError):
        make_gates()
        for forks in (True, False):
            make_filter(files=True, forks=forks)


@cache
def interpreter_folders() -> list[str]:
    """Return what code may read: the standard library, site-packages, shared libraries."""
    keys = ("stdlib", "platstdlib", "purelib", "platlib")
    found = [sysconfig.get_path(key) for key in keys]
    shared = [str(Path(sys.base_prefix, "lib")), sysconfig.get_config_var("LIBDIR")]
    # An environment may take in the packages of another Python.
    found += [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    return list(dict.fromkeys(path for path in [*found, *shared, *_LIBRARIES, *_DATA] if path))


def module_folders(names: Iterable[str]) -> tuple[str, ...]:
    """Return where modules that the user allowed lie, when that is elsewhere."""
    folders = []
    for name in names:
        try:
            spec = importlib.util.find_spec(name.partition(".")[0])
        except (ImportError, ValueError):
            continue
        if spec is not None and spec.submodule_search_locations is not None:
            folders += list(spec.submodule_search_locations)
        elif spec is not None and spec.origin is not None and spec.has_location:
            folders.append(spec.origin)
    return tuple(folders)


def _limit(wanted: Wanted, *, forks: bool) -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    _lower(resource.RLIMIT_AS, pages * resource.getpagesize() + wanted.memory_bytes)
    _lower(resource.RLIMIT_FSIZE, wanted.file_bytes)
    _lower(resource.RLIMIT_CPU, _CPU_S)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_NOFILE, OPEN_FILES)
    for limit in (resource.RLIMIT_MEMLOCK, resource.RLIMIT_MSGQUEUE, resource.RLIMIT_RTPRIO):
        _lower(limit, 0)
    if not forks:  # else it counts all processes of the user, and the gate counts ours
        _lower(resource.RLIMIT_NPROC, 0)
    hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
    if hard == resource.RLIM_INFINITY or hard >= _STACK_BYTES:
        resource.setrlimit(resource.RLIMIT_STACK, (_STACK_BYTES, hard))


def _lower(limit: int, value: int) -> None:
    hard = resource.getrlimit(limit)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(limit, (value, value))
