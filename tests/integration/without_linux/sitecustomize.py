"""A start-up hook of Python that takes away what only Linux has. With it, the servers run as they would on macOS.

psutil keeps /proc: on macOS it asks the system in another way. What the kit's compiled libraries call stays, too.
"""

import fcntl
import os
import resource
import select
import signal
import socket
import sys
import time
from typing import Any

ONLY_LINUX: dict[Any, tuple[str, ...]] = {
    os: (
        *("memfd_create", "pidfd_open", "sched_getaffinity", "sched_setaffinity", "setns", "unshare", "eventfd"),
        *("posix_fadvise", "posix_fallocate", "copy_file_range", "splice", "getxattr", "setxattr", "listxattr"),
        *("getresuid", "setresuid", "O_PATH", "O_TMPFILE", "O_DIRECT", "O_NOATIME"),
    ),
    socket: ("AF_NETLINK", "SO_PEERCRED", "SO_PASSCRED", "SCM_CREDENTIALS", "TCP_QUICKACK"),
    signal: ("pidfd_send_signal", "sigtimedwait", "sigwaitinfo"),
    fcntl: ("F_SETPIPE_SZ", "F_GETPIPE_SZ", "F_OFD_SETLK", "F_ADD_SEALS"),
    select: ("epoll",),
    time: ("CLOCK_BOOTTIME",),
}
for module, names in ONLY_LINUX.items():
    for name in names:
        if hasattr(module, name):
            delattr(module, name)

# These decide by what there is, or by `sys.platform`, when they are imported. psutil needs Linux's part of itself.
import asyncio  # noqa: E402, F401
import json  # noqa: E402, F401
import subprocess  # noqa: E402, F401
import tempfile  # noqa: E402, F401
import traceback  # noqa: E402
import urllib.request  # noqa: E402, F401

import psutil  # noqa: E402, F401

LIBRARY_CALLS = {"unshare", "setns", "prctl", "mount", "umount2", "mallopt", "syscall"}
FILES_OF_LINUX = ("/proc", "/sys")
OPEN_FILES_AT_FIRST, OPEN_FILES_AT_MOST = 256, 10_240  # of macOS, which calls the limit infinite
MAY_READ_PROC = os.sep + "psutil" + os.sep

_get_limits, _set_limits = resource.getrlimit, resource.setrlimit


def getrlimit(kind: int) -> tuple[int, int]:
    soft, hard = _get_limits(kind)
    return (soft, resource.RLIM_INFINITY) if kind == resource.RLIMIT_NOFILE else (soft, hard)


def setrlimit(kind: int, limits: tuple[int, int]) -> None:
    if kind == resource.RLIMIT_NOFILE:
        if limits[0] > OPEN_FILES_AT_MOST:
            raise ValueError("current limit exceeds maximum limit")
        limits = limits[0], _get_limits(kind)[1]
    _set_limits(kind, limits)


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse what Linux alone has. `arguments` are those of Python's audit events."""
    if event in {"open", "os.listdir", "os.scandir"} and isinstance(arguments[0], str):
        if arguments[0].startswith(FILES_OF_LINUX) and not _asked_by_psutil():
            raise FileNotFoundError(2, "No such file or directory", arguments[0])
    elif event == "ctypes.dlsym" and arguments[1] in LIBRARY_CALLS:
        raise AttributeError(f"symbol not found: {arguments[1]}")


def _asked_by_psutil() -> bool:
    return any(MAY_READ_PROC in frame.f_code.co_filename for frame, _ in traceback.walk_stack(None))


def import_as_on_macos() -> None:
    """Import the modules of the kit that choose by the system's name, with the name of another system."""
    name, sys.platform = sys.platform, "darwin"
    try:
        import safety.peer_owner
        import safety.sandbox  # noqa: F401
    finally:
        sys.platform = name


import_as_on_macos()
resource.getrlimit, resource.setrlimit = getrlimit, setrlimit
setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES_AT_FIRST, resource.RLIM_INFINITY))
sys.addaudithook(watch)
