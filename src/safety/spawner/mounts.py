"""Build a process's world in a new mount namespace."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress

from safety.spawner.system_calls import (
    CLONE_NEWNS,
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_RDONLY,
    MS_REC,
    mount,
    unshare,
)

OPT, OPT_ML = "/opt", "/opt/ml"
TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - these are replaced, not used
SHARED_MEMORY = "/dev/shm"  # noqa: S108 - likewise


def enter(
    opt_ml: str | None, tmp: str | None, hidden: Iterable[str] = (), shown: Iterable[str] = (), own_proc: bool = False
) -> None:
    """Move this process to a mount namespace of its own. OSError if the system does not allow it.

    The paths are those of `safety.sandbox.World`. `own_proc` mounts a /proc of this process's PID namespace.

    What is to be shown elsewhere is opened first, since the mounts that follow may cover it. The paths
    /proc/self/fd/N stand for what was opened, so /proc comes last.
    """
    unshare(CLONE_NEWNS)
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    ml_file, tmp_file = (_opened(path) if path else None for path in (opt_ml, tmp))
    shown_files = [(path, _opened(path)) for path in shown if _is_replaced(path) and os.path.exists(path)]
    for path in hidden:
        _hide(path)
    if ml_file is not None:
        _replace_opt_ml(ml_file)
    if tmp_file is not None:
        _replace_temporary_folders(tmp_file)
        for path, file in shown_files:
            _show(path, file)
    if own_proc:
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    for opened in (ml_file, tmp_file, *(file for _, file in shown_files)):
        if opened is not None:
            os.close(opened)


def _opened(path: str) -> int:
    return os.open(path, os.O_PATH | os.O_CLOEXEC)


def _is_replaced(path: str) -> bool:
    return path.startswith(tuple(f"{folder}/" for folder in (*TEMPORARY, SHARED_MEMORY)))


def _bind(file: int, target: str, name: str = "") -> None:
    mount(f"/proc/self/fd/{file}/{name}" if name else f"/proc/self/fd/{file}", target, None, MS_BIND | MS_REC)


def _hide(path: str) -> None:
    if os.path.isdir(path):
        mount("hidden", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV, "size=4k,mode=555")
    elif os.path.exists(path):
        mount("/dev/null", path, None, MS_BIND)


def _replace_opt_ml(file: int) -> None:
    """Bind a folder to /opt/ml. Where the host has none, /opt becomes a copy of itself with an `ml` in it."""
    if not os.path.isdir(OPT_ML):
        opt = _opened(OPT)
        mount("opt", OPT, "tmpfs", MS_NOSUID | MS_NODEV, "size=16m,mode=755")
        for entry in os.listdir(f"/proc/self/fd/{opt}"):
            _copy_entry(opt, entry)
        os.mkdir(OPT_ML)
        os.close(opt)
    _bind(file, OPT_ML)


def _copy_entry(opt: int, entry: str) -> None:
    path, status = f"{OPT}/{entry}", os.lstat(f"/proc/self/fd/{opt}/{entry}")
    if os.path.islink(f"/proc/self/fd/{opt}/{entry}"):
        os.symlink(os.readlink(f"/proc/self/fd/{opt}/{entry}"), path)
        return
    if os.path.isdir(f"/proc/self/fd/{opt}/{entry}"):
        os.mkdir(path)
    else:
        os.close(os.open(path, os.O_CREAT | os.O_CLOEXEC, status.st_mode & 0o777))
    _bind(opt, path, entry)


def _replace_temporary_folders(tmp: int) -> None:
    for folder in TEMPORARY:
        if os.path.isdir(folder):
            _bind(tmp, folder)
    if os.path.isdir(SHARED_MEMORY):
        mount("shm", SHARED_MEMORY, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")


def _show(path: str, file: int) -> None:
    """Bind what was opened at `path` to that path again, inside the folder that replaced its parent."""
    is_folder = os.path.isdir(f"/proc/self/fd/{file}")
    with suppress(FileExistsError):
        os.makedirs(path if is_folder else os.path.dirname(path))
    if not is_folder:
        os.close(os.open(path, os.O_CREAT | os.O_CLOEXEC, 0o600))
    _bind(file, path)
