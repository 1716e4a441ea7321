"""Landlock: which files a process may open from here on, whoever owns them. Worker side.

It does not cover what a path says about itself (stat), nor changing a file's mode, owner
or times: the seccomp filter refuses the latter, the former stays visible.
"""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Iterable
from pathlib import Path

from habilis.skills.sandbox.kernel import syscall

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_BENEATH_PATH = 1
_RIGHTS = """
    execute write_file read_file read_dir remove_dir remove_file make_char make_dir make_reg
    make_sock make_fifo make_block make_sym refer truncate ioctl_dev
    """.split()
_RIGHTS_OF_ABI = {1: 13, 2: 14, 3: 15, 4: 15}  # 5 and later: all sixteen
_TCP = 0b11  # bind and connect
_SCOPES = 0b11  # abstract sockets and signals stay inside


def _bits(names: str) -> int:
    return sum(1 << _RIGHTS.index(name) for name in names.split())


_READ = _bits("read_file read_dir")
_WRITE = _READ | _bits("write_file remove_dir remove_file make_dir make_reg truncate refer")
_OF_FILES = _bits("execute write_file read_file truncate ioctl_dev")


def restrict_files(*, readable: Iterable[str], writable: Iterable[str]) -> int:
    """Allow these files and folders and no others; return the interface's version.

    From version 4 no TCP port can be bound or connected to; from 6 no abstract socket and
    no signal reaches another process. Paths that do not exist are left out.

    Raises:
        OSError: the kernel has no Landlock, or it is switched off.
    """
    abi = syscall(_CREATE, None, 0, 1)
    handled = (1 << _RIGHTS_OF_ABI.get(abi, len(_RIGHTS))) - 1
    fields = [handled, *([_TCP] if abi >= 4 else []), *([_SCOPES] if abi >= 6 else [])]
    attributes = struct.pack(f"={len(fields)}Q", *fields)
    ruleset = syscall(_CREATE, attributes, len(attributes), 0)
    try:
        for path in readable:
            _allow(ruleset, path, _READ & handled)
        for path in writable:
            _allow(ruleset, path, _WRITE & handled)
        syscall(_RESTRICT, ruleset, 0)
    finally:
        os.close(ruleset)
    return abi


def _allow(ruleset: int, path: str, rights: int) -> None:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        found = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not Path(path).is_dir():
                rights &= _OF_FILES
            syscall(_ADD, ruleset, _BENEATH_PATH, struct.pack("=Qi", rights, found), 0)
        finally:
            os.close(found)
