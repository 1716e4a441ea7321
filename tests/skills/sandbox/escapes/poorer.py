"""Play a machine that lacks something: `python poorer.py KERNEL.PY LACKS... -- COMMAND...`.

It runs by path, without the package, and stays in force for the command it becomes. What
can be lacking: namespaces (as in most containers), landlock (as in gVisor or on an old
kernel), seccomp, gates (as in gVisor and on kernels before 5.5). "restriction" lies:
Landlock says that it holds, and does nothing.
"""

from __future__ import annotations

import errno
import importlib.util
import os
import struct
import sys

_LOAD, _IF_EQUAL, _IF_BITS, _RETURN = 0x20, 0x15, 0x45, 0x06
_FLAGS_AT, _LISTENER = 24, 8
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_CALLS = {
    "x86_64": {
        "namespaces": [272],
        "landlock": [444, 445, 446],
        "restriction": [446],
        "seccomp": [317],
        "gates": [317],
    },
    "aarch64": {
        "namespaces": [97],
        "landlock": [444, 445, 446],
        "restriction": [446],
        "seccomp": [277],
        "gates": [277],
    },
}[os.uname().machine]
_ERRORS = {
    "restriction": 0,
    "namespaces": errno.EPERM,
    "landlock": errno.ENOSYS,
    "seccomp": errno.EINVAL,
    "gates": errno.EINVAL,
}


def main(kernel_file: str, *arguments: str) -> None:
    at = arguments.index("--")
    lacks, command = arguments[:at], arguments[at + 1 :]
    code = [(_LOAD, 0, 0, 0)]
    for name in lacks:
        refused = [(_RETURN, 0, 0, _ERRNO | _ERRORS[name])]
        if name == "gates":  # the same call, with the flag that asks for a listener
            refused = [(_LOAD, 0, 0, _FLAGS_AT), (_IF_BITS, 0, 1, _LISTENER), *refused]
            refused += [(_RETURN, 0, 0, _ALLOW)]
        for number in _CALLS[name]:
            code += [(_IF_EQUAL, 0, len(refused), number), *refused]
    code.append((_RETURN, 0, 0, _ALLOW))
    spec = importlib.util.spec_from_file_location("kernel", kernel_file)
    assert spec is not None and spec.loader is not None
    kernel = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(kernel)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    kernel.install_filter(b"".join(struct.pack("=HBBI", *each) for each in code))
    os.execv(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
