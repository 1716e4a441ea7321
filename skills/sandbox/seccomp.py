"""The seccomp filter: a small program the kernel runs before each system call. Worker side.

What is not on the list is refused with EPERM; a call of another architecture, or of the
x32 table, kills the process. A second program, the gates, makes some of the allowed calls
wait for the host's word (`gate`). Of two programs the stricter verdict counts.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Callable
from functools import cache

from habilis.skills.sandbox.kernel import MACHINE
from habilis.skills.sandbox.syscalls import ARCHITECTURES, always_allowed, by_argument, by_path

_LOAD, _IF_EQUAL, _IF_AT_LEAST, _IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_ASK = 0x7FC00000
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
_X32 = 0x40000000
_PROT_WRITE, _PROT_EXEC, _MAP_ANONYMOUS = 2, 4, 0x20
# Copying descriptors, flags, locks. Not: who gets signals (F_SETOWN, F_SETSIG), leases, pipes.
_FCNTL = (0, 1, 2, 3, 4, 5, 6, 7, 1030)
# TCGETS, FIOCLEX, FIONCLEX, FIONREAD, FIONBIO, TIOCGWINSZ: what Python asks of a file.
_IOCTL = (0x5401, 0x5451, 0x5450, 0x541B, 0x5421, 0x5413)
_FORK = (0x01200011, 0x11)  # what fork() asks for: a process, with nothing shared, no thread
_WRITES = 0o1 | 0o2 | 0o100 | 0o1000  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC
_PDEATHSIG, _SIGKILL = 1, 9
_RENAME = (0, 1, 2)  # not: leave a device in the place of what was renamed
_FLAGS_OF_OPEN = {"open": 1, "openat": 2}

Code = list[tuple[int, int, int, int]]


@cache
def make_gates() -> bytes:
    """Return the program that makes forks, new folders and opening to write wait.

    Raises:
        NotImplementedError: the numbers for this machine are not known.
    """
    numbers = _known(by_path) | _known(by_argument)
    code: Code = [_load(_NUMBER_AT)]
    for name in ("clone", "mkdir", "mkdirat"):
        if name in numbers:
            code += [(_IF_EQUAL, 0, 1, numbers[name]), _give(_ASK)]
    for name, index in _FLAGS_OF_OPEN.items():
        if name in numbers:
            rule = [_argument(index), (_IF_ANY_BIT, 0, 1, _WRITES), _give(_ASK), _give(_ALLOW)]
            code += [(_IF_EQUAL, 0, len(rule), numbers[name]), *rule]
    return _program([*code, _give(_ALLOW)])


@cache
def make_filter(*, files: bool, forks: bool) -> bytes:
    """Return the filter's program; without `files` no call that names a file is allowed.

    `forks` is for a process whose gates ask the host about each one.

    Code is never writable: memory becomes executable only as a file is mapped, and only
    without the right to write. With Landlock such a file is one of the interpreter, or,
    where there is no mount namespace to forbid it, one of the workspace.

    Raises:
        NotImplementedError: the numbers for this machine are not known.
    """
    always, paths = _known(always_allowed), _known(by_path)
    code: Code = [
        _load(_ARCHITECTURE_AT),
        (_IF_EQUAL, 1, 0, ARCHITECTURES[MACHINE]),
        _give(_KILL),
        _load(_NUMBER_AT),
    ]
    if MACHINE == "x86_64":
        code += [(_IF_AT_LEAST, 0, 1, _X32), _give(_KILL)]
    for number in [*always.values(), *(paths.values() if files else ())]:
        code += [(_IF_EQUAL, 0, 1, number), _give(_ALLOW)]
    rules = {
        "mmap": _map_rule(files=files),
        "mprotect": [_argument(2), (_IF_ANY_BIT, 0, 1, _PROT_EXEC), *_yes_no(False), *_yes_no()],
        "prlimit64": _ask_limits_only(),
        "fcntl": _one_of(1, _FCNTL),
        "ioctl": _one_of(1, _IOCTL),
        "prctl": [*_must_be(0, _PDEATHSIG), *_one_of(1, (_SIGKILL,))],
        "renameat2": _one_of(4, _RENAME if files else ()),
        "clone": _one_of(0, _FORK if forks else ()),
    }
    for name, number in _known(by_argument).items():
        rule = rules[name]
        code += [(_IF_EQUAL, 0, len(rule), number), *rule]
    return _program([*code, *_yes_no(False)])


def _known(table: Callable[[str], dict[str, int]]) -> dict[str, int]:
    if MACHINE not in ARCHITECTURES:
        raise NotImplementedError(f"no system call table for {MACHINE!r}")
    return table(MACHINE)


def _program(code: Code) -> bytes:
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
    return [*_must_be(2, 0), *_must_be(2, 0, high=True), *_yes_no()]


def _must_be(index: int, value: int, *, high: bool = False) -> Code:
    return [_argument(index, high=high), (_IF_EQUAL, 1, 0, value), *_yes_no(False)]


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
