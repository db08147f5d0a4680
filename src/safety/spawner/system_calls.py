"""Linux's calls for namespaces and mounts, which Python 3.11 does not have."""

from __future__ import annotations

import ctypes
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# sched.h
CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

# sys/mount.h
MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18

# linux/mount.h, linux/fcntl.h; asm-generic/unistd.h: newer calls have one number on every architecture
MOUNT_ATTR_RDONLY = 1
AT_FDCWD = -100
AT_RECURSIVE = 0x8000
SYS_MOUNT_SETATTR = 442

# linux/prctl.h
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

_c: Any = ctypes.CDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    """Leave the namespaces in `flags` for new ones; with CLONE_NEWPID the next child does. OSError."""
    _check(_c.unshare(flags), "unshare")


def setns(namespace: int, kind: int) -> None:
    """Enter the namespace behind a file descriptor. OSError."""
    _check(_c.setns(namespace, kind), "setns")


def mount(source: str, target: str, kind: str | None, flags: int = 0, options: str | None = None) -> None:
    """Mount in this process's mount namespace. OSError names the target."""
    words = [None if word is None else os.fsencode(word) for word in (source, target, kind, options)]
    _check(_c.mount(words[0], words[1], words[2], ctypes.c_ulong(flags), words[3]), f"mount {target}")


def mount_setattr(path: str, set_flags: int = 0, clear_flags: int = 0, is_recursive: bool = True) -> None:
    """Set and clear flags of the mount at `path`, and of all below it. OSError, also before Linux 5.12."""
    attributes = (ctypes.c_uint64 * 4)(set_flags, clear_flags, 0, 0)  # struct mount_attr: propagation, userns_fd
    number, flags = ctypes.c_long(SYS_MOUNT_SETATTR), AT_RECURSIVE if is_recursive else 0
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    result = _c.syscall(number, AT_FDCWD, os.fsencode(path), ctypes.c_uint(flags), attributes, size)
    _check(result, f"mount_setattr {path}")


def prctl(option: int, value: int) -> None:
    _check(_c.prctl(option, *(ctypes.c_ulong(number) for number in (value, 0, 0, 0))), f"prctl {option}")


def _check(result: int, name: str) -> None:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
