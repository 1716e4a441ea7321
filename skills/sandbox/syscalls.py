"""The system calls that sandboxed code may make, with their numbers. Worker side.

What is not named here is refused: no sockets, no new process, thread or program, no
signals, no namespaces, mounts, keys, tracing, shared memory or asynchronous rings. One new
process, as a checkpoint, and files to write to are had only through a gate. The numbers are
those of Linux's `asm/unistd_64.h` and `asm-generic/unistd.h`; a test compares them with the
headers where they are installed.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# name, number on x86_64, number on aarch64 ("-": it has none)
_ALWAYS = """
    futex 202 98; read 0 63; write 1 64; rt_sigprocmask 14 135; rt_sigaction 13 134
    rt_sigreturn 15 139; setitimer 38 103; getitimer 36 102; poll 7 -; ppoll 271 73
    munmap 11 215; mremap 25 216; brk 12 214; madvise 28 233; membarrier 324 283
    close 3 57; lseek 8 62; fstat 5 80; dup 32 23; dup2 33 -; dup3 292 24; readv 19 65
    writev 20 66; pread64 17 67; pwrite64 18 68; flock 73 32; fsync 74 82; ftruncate 77 46
    fdatasync 75 83; fadvise64 221 223; fstatfs 138 44; getdents 78 -; getdents64 217 61
    getcwd 79 17; umask 95 166; select 23 -; pselect6 270 72; pause 34 -; nanosleep 35 101
    clock_nanosleep 230 115; restart_syscall 219 128; clock_gettime 228 113
    clock_getres 229 114; gettimeofday 96 169; times 100 153; alarm 37 -; getrandom 318 278
    getpid 39 172; getppid 110 173; gettid 186 178; getpgrp 111 -; getuid 102 174
    geteuid 107 175; getgid 104 176; getegid 108 177; getresuid 118 148; getresgid 120 150
    getrlimit 97 163; getrusage 98 165; sysinfo 99 179; uname 63 160; getcpu 309 168
    sched_yield 24 124; sched_getaffinity 204 123; sigaltstack 131 132; rseq 334 293
    set_robust_list 273 99; get_robust_list 274 100; set_tid_address 218 96; wait4 61 260
    exit 60 93; exit_group 231 94; pipe2 293 59
    """
_BY_PATH = """
    open 2 -; openat 257 56; stat 4 -; lstat 6 -; newfstatat 262 79; statx 332 291
    statfs 137 43; access 21 -; faccessat 269 48; faccessat2 439 439; readlink 89 -
    readlinkat 267 78; mkdir 83 -; mkdirat 258 34; rmdir 84 -; unlink 87 -; unlinkat 263 35
    rename 82 -; renameat 264 38
    """
_BY_ARGUMENT = """
    mmap 9 222; mprotect 10 226; prlimit64 302 261; fcntl 72 25; ioctl 16 29; prctl 157 167
    clone 56 220; renameat2 316 276
    """

ARCHITECTURES: Mapping[str, int] = MappingProxyType({"x86_64": 0xC000003E, "aarch64": 0xC00000B7})


def _numbers(table: str, machine: str) -> dict[str, int]:
    column = list(ARCHITECTURES).index(machine)
    found = {}
    for entry in table.replace("\n", ";").split(";"):
        if entry.strip():
            name, *numbers = entry.split()
            if numbers[column] != "-":
                found[name] = int(numbers[column])
    return found


def always_allowed(machine: str) -> dict[str, int]:
    """Calls that reach nothing but the process itself and what it already has open."""
    return _numbers(_ALWAYS, machine)


def by_path(machine: str) -> dict[str, int]:
    """Calls that name a file: allowed where Landlock says which files."""
    return _numbers(_BY_PATH, machine)


def by_argument(machine: str) -> dict[str, int]:
    """Calls that are allowed with some arguments only."""
    return _numbers(_BY_ARGUMENT, machine)
