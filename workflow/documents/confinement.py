"""Walls around a process that opens files from outside: its limits, no network, nothing written, no other process.

Used inside the child itself, before it reads a byte. As a program it puts up the walls for LibreOffice and becomes it:
`python -I -S confinement.py '{"cpu": 60, "memory": …, "output": …}' soffice --headless …`
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import resource
import struct
import sys


class Unconfined(RuntimeError):
    """The system refused every way to take the network away: nothing may be opened."""


def confine(*, cpu: int, memory: int, output: int, processes: bool = False) -> None:
    """Bind this process and its children: processor seconds, bytes of address space, bytes of a file, no network.

    `processes`: it may start others, write files and speak to its own over local sockets, as LibreOffice must; else
    it may do none of these. Raises Unconfined.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (output, output))
    if sys.platform != "linux":
        return  # other systems know neither name spaces nor filters of system calls; the limits above hold there
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    libc = ctypes.CDLL(None, use_errno=True)
    apart = libc.unshare(_NEW_USER | _NEW_NET) == 0
    if not (_filter(libc, processes) or apart):
        raise Unconfined("neither a name space nor a filter of system calls can be had")


_NEW_USER, _NEW_NET = 0x10000000, 0x40000000
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 1  # the second: EPERM
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND, _THIRD = 0, 4, 16, 24, 32
"""Offsets in what a filter sees of a call: its number, the machine, the lower halves of its arguments."""
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_CALLS = {
    "x86_64": {
        "machine": [0xC000003E],
        "socket": [41],
        "network": [42, 43, 44, 46, 49, 50, 53, 288, 307],
        "open": [2],
        "openat": [257],
        "processes": [56, 57, 58, 59, 62, 200, 322, 435],
        "others": [101, 155, 165, 246, 248, 249, 250, 272, 298, 304, 308, 310, 311, 320, 321, 323, 425, 426, 427, 434],
        "writing": [76, 82, 83, 84, 85, 86, 87, 88, 90, 92, 132, 235, 258, 260, 263, 264, 265, 266, 268, 280, 316, 437],
    },
    "aarch64": {
        "machine": [0xC00000B7],
        "socket": [198],
        "network": [199, 200, 201, 202, 203, 206, 211, 242, 269],
        "open": [],
        "openat": [56],
        "processes": [129, 130, 220, 221, 281, 435],
        "others": [40, 41, 97, 104, 117, 217, 218, 219, 241, 265, 268, 270, 271, 280, 282, 294, 425, 426, 427, 434],
        "writing": [34, 35, 36, 37, 38, 45, 53, 54, 88, 276, 437],
    },
}
"""Numbers of system calls (Linux 6, `asm/unistd.h`). others: tracing, mounting, keys, name spaces, handles, io_uring."""


def _filter(libc: ctypes.CDLL, processes: bool) -> bool:
    """Refuse system calls for good, here and in every child; whether the system took the filter."""
    calls = _CALLS.get(platform.machine())
    if calls is None or struct.calcsize("P") != 8:
        return False
    refused = [*calls["others"]] + ([] if processes else [*calls["network"], *calls["processes"], *calls["writing"]])
    code = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, calls["machine"][0]),
        (_RETURN, 0, 0, _REFUSE),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, 0x40000000),  # calls of the 32-bit interface have numbers of their own
        (_RETURN, 0, 0, _REFUSE),
    ]
    for number in refused:
        code += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _REFUSE)]
    for number in calls["socket"]:
        local = [(_LOAD, 0, 0, _FIRST), (_EQUAL, 0, 1, 1), (_RETURN, 0, 0, _ALLOW)] if processes else []
        code += [(_EQUAL, 0, len(local) + 1, number), *local, (_RETURN, 0, 0, _REFUSE)]
    for numbers, flags in () if processes else ((calls["open"], _SECOND), (calls["openat"], _THIRD)):
        for number in numbers:
            code += [
                (_EQUAL, 0, 4, number),
                (_LOAD, 0, 0, flags),
                (_ANY_BIT, 0, 1, _WRITING),
                (_RETURN, 0, 0, _REFUSE),
                (_RETURN, 0, 0, _ALLOW),
            ]
    code.append((_RETURN, 0, 0, _ALLOW))
    program = b"".join(struct.pack("HBBI", *one) for one in code)
    held = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("HxxxxxxP", len(code), ctypes.addressof(held))
    zero = ctypes.c_ulong(0)
    if libc.prctl(_NO_NEW_PRIVILEGES, ctypes.c_ulong(1), zero, zero, zero) != 0:
        return False
    return bool(libc.prctl(_SECCOMP, ctypes.c_ulong(_FILTER), described, zero, zero) == 0)


def _become(limits: str, *command: str) -> None:
    confine(**json.loads(limits), processes=True)
    os.execv(command[0], list(command))


if __name__ == "__main__":
    _become(*sys.argv[1:])
