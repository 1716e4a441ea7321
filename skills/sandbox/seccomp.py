"""The seccomp filter: a small program the kernel runs before each system call. Worker side.

What is not on the list is refused with EPERM; a call of another architecture, or of the
x32 table, kills the process.
"""

from __future__ import annotations

import errno
import struct
from functools import cache

from habilis.skills.sandbox.kernel import MACHINE
from habilis.skills.sandbox.syscalls import ARCHITECTURES, always_allowed, by_argument, by_path

_LOAD, _IF_EQUAL, _IF_AT_LEAST, _IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
_X32 = 0x40000000
_PROT_WRITE, _PROT_EXEC, _MAP_ANONYMOUS = 2, 4, 0x20
# Copying descriptors, flags, locks. Not: who gets signals (F_SETOWN, F_SETSIG), leases, pipes.
_FCNTL = (0, 1, 2, 3, 4, 5, 6, 7, 1030)
# TCGETS, FIOCLEX, FIONCLEX, FIONREAD, FIONBIO, TIOCGWINSZ: what Python asks of a file.
_IOCTL = (0x5401, 0x5451, 0x5450, 0x541B, 0x5421, 0x5413)

Code = list[tuple[int, int, int, int]]


@cache
def make_filter(*, files: bool) -> bytes:
    """Return the filter's program; without `files` no call that names a file is allowed.

    Code is never writable: memory becomes executable only as a file is mapped, and only
    without the right to write. With Landlock such a file is one of the interpreter, or,
    where there is no mount namespace to forbid it, one of the workspace.

    Raises:
        NotImplementedError: the numbers for this machine are not known.
    """
    if MACHINE not in ARCHITECTURES:
        raise NotImplementedError(f"no system call table for {MACHINE!r}")
    code: Code = [
        _load(_ARCHITECTURE_AT),
        (_IF_EQUAL, 1, 0, ARCHITECTURES[MACHINE]),
        _give(_KILL),
        _load(_NUMBER_AT),
    ]
    if MACHINE == "x86_64":
        code += [(_IF_AT_LEAST, 0, 1, _X32), _give(_KILL)]
    allowed = [*always_allowed(MACHINE).values(), *(by_path(MACHINE).values() if files else ())]
    for number in allowed:
        code += [(_IF_EQUAL, 0, 1, number), _give(_ALLOW)]
    rules = {
        "mmap": _map_rule(files=files),
        "mprotect": [_argument(2), (_IF_ANY_BIT, 0, 1, _PROT_EXEC), *_yes_no(False), *_yes_no()],
        "prlimit64": _ask_limits_only(),
        "fcntl": _one_of(1, _FCNTL),
        "ioctl": _one_of(1, _IOCTL),
    }
    for name, number in by_argument(MACHINE).items():
        rule = rules[name]
        code += [(_IF_EQUAL, 0, len(rule), number), *rule]
    code += _yes_no(False)
    return b"".join(struct.pack("=HBBI", op, yes, no, k) for op, yes, no, k in code)


def _map_rule(*, files: bool) -> Code:
    """No executable memory, but for files (not anonymous memory) that are not writable."""
    if not files:
        return [_argument(2), (_IF_ANY_BIT, 0, 1, _PROT_EXEC), *_yes_no(False), *_yes_no()]
    return [
        _argument(2),
        (_IF_ANY_BIT, 1, 0, _PROT_EXEC),
        *_yes_no(),
        (_IF_ANY_BIT, 0, 1, _PROT_WRITE),
        *_yes_no(False),
        _argument(3),
        (_IF_ANY_BIT, 0, 1, _MAP_ANONYMOUS),
        *_yes_no(False),
        *_yes_no(),
    ]


def _ask_limits_only() -> Code:
    """Reading limits is allowed: the pointer to new ones, both halves, has to be null."""
    return [
        _argument(2),
        (_IF_EQUAL, 1, 0, 0),
        *_yes_no(False),
        _argument(2, high=True),
        (_IF_EQUAL, 1, 0, 0),
        *_yes_no(False),
        *_yes_no(),
    ]


def _one_of(index: int, values: tuple[int, ...]) -> Code:
    code = [_argument(index)]
    for value in values:
        code += [(_IF_EQUAL, 0, 1, value), *_yes_no()]
    return [*code, *_yes_no(False)]


def _argument(index: int, *, high: bool = False) -> tuple[int, int, int, int]:
    """Load one half of an argument; both machines are little-endian."""
    return _load(_ARGUMENTS_AT + 8 * index + 4 * high)


def _load(offset: int) -> tuple[int, int, int, int]:
    return (_LOAD, 0, 0, offset)


def _give(verdict: int) -> tuple[int, int, int, int]:
    return (_RETURN, 0, 0, verdict)


def _yes_no(yes: bool = True) -> Code:
    return [_give(_ALLOW if yes else _ERRNO | errno.EPERM)]
