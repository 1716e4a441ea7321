"""The few calls into the kernel that Python's `os` lacks, by ctypes. Worker side."""

from __future__ import annotations

import ctypes
import os
import platform
from functools import cache

PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 36, 38
CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER = 0x00020000, 0x08000000, 0x10000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000
MACHINE = platform.machine()

_CAPABILITY_VERSION_3 = 0x20080522
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_NEW_LISTENER = 8
_MOUNT_SETATTR = 442  # the same number on all architectures, like all after 424
_AT_FDCWD = -100
_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 0x40000
_MOUNT_NOSUID, _MOUNT_NODEV, _MOUNT_NOEXEC = 0x2, 0x4, 0x8


@cache
def _libc() -> ctypes.CDLL:
    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    return library


def syscall(number: int, *arguments: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    """Make a system call by its number.

    Raises:
        OSError: the kernel refused.
    """
    given = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    return _checked(int(_libc().syscall(ctypes.c_long(number), *given)))


def prctl(option: int, value: int) -> None:
    _checked(_libc().prctl(option, *map(ctypes.c_ulong, (value, 0, 0, 0))))


def unshare(flags: int) -> None:
    _checked(_libc().unshare(flags))


def drop_capabilities() -> None:
    """Give up every capability of this process: effective, permitted and inheritable."""
    header = _CAPABILITY_VERSION_3.to_bytes(4, "little") + bytes(4)
    _checked(_libc().capset(ctypes.create_string_buffer(header), bytes(24)))


def install_filter(program: bytes, *, listener: bool = False) -> int:
    """Put this process under a seccomp filter, for good. Eight bytes are one instruction.

    With `listener` the calls for which the program says so wait until somebody answers;
    returned is the descriptor on which that is done.
    """
    if MACHINE not in _SECCOMP:
        raise NotImplementedError(f"no system call table for {MACHINE!r}")
    code = ctypes.create_string_buffer(program, len(program))
    header = (len(program) // 8).to_bytes(8, "little") + ctypes.addressof(code).to_bytes(
        8, "little"
    )
    return syscall(_SECCOMP[MACHINE], 1, _NEW_LISTENER if listener else 0, header)


def keep_mounts_private() -> None:
    """Let no mount made from here on be seen outside this mount namespace."""
    _checked(_libc().mount(None, b"/", None, ctypes.c_ulong(_MS_REC | _MS_PRIVATE), None))


def mount_without_programs(folder: str) -> None:
    """Mount a folder over itself so that nothing in it can run or be mapped as code."""
    path = os.fsencode(folder)
    _checked(_libc().mount(path, path, None, ctypes.c_ulong(_MS_BIND | _MS_REC), None))
    flags = _MOUNT_NOSUID | _MOUNT_NODEV | _MOUNT_NOEXEC
    attributes = flags.to_bytes(8, "little") + bytes(24)
    syscall(_MOUNT_SETATTR, _AT_FDCWD, path, 0, attributes, len(attributes))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
