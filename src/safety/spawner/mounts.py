"""Build a process's world in a new mount namespace."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from errno import ENOENT

from safety.spawner.system_calls import (
    CLONE_NEWNS,
    MOUNT_ATTR_RDONLY,
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_RDONLY,
    MS_REC,
    mount,
    mount_setattr,
    unshare,
)

OPT_ML = "/opt/ml"
TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - these are replaced, not used
SHARED_MEMORY = "/dev/shm"  # noqa: S108 - likewise

TYPE_CHECKING = False
if TYPE_CHECKING:
    Targets = list[tuple[str, int]]  # where a folder is seen, and the folder opened


def enter(
    opt_ml: str | None,
    tmp: str | None,
    hidden: Iterable[str] = (),
    shown: Iterable[str] = (),
    folders: Iterable[tuple[str, str]] = (),
    read_only: bool = False,
    own_proc: bool = False,
) -> None:
    """Move this process to a mount namespace of its own. OSError if the system does not allow it.

    The paths are those of `safety.sandbox.World`. `own_proc` mounts a /proc of this process's PID namespace.

    What is to be shown elsewhere is opened first, since the mounts that follow may cover it. The paths
    /proc/self/fd/N stand for what was opened, so /proc comes last.
    """
    unshare(CLONE_NEWNS)
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    own = [(OPT_ML, opt_ml)] if opt_ml else []
    own += [(path, tmp) for path in TEMPORARY if os.path.isdir(path)] if tmp else []
    own_files = [(target, _opened(folder)) for target, folder in own]
    folder_files = [(target, _opened(folder)) for folder, target in folders]
    covers = (*(target for target, _ in (*own_files, *folder_files)), *([SHARED_MEMORY] if tmp else ()))
    shown_files = [(path, _opened(path)) for path in shown if _is_below(path, covers) and os.path.exists(path)]
    for path in hidden:
        _hide(path)
    _replace_all(folder_files, own_files, [path for path, _ in shown_files])
    for path, file in shown_files:
        _show(path, file)
    if read_only:
        _make_read_only([target for target, _ in own_files])
    _mount_kernels_own(has_shared_memory=tmp is not None, has_proc=own_proc)
    for _, file in (*own_files, *folder_files, *shown_files):
        os.close(file)


def _mount_kernels_own(has_shared_memory: bool, has_proc: bool) -> None:
    if has_shared_memory and os.path.isdir(SHARED_MEMORY):
        mount("shm", SHARED_MEMORY, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")
    if has_proc:
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)


def _opened(path: str) -> int:
    return os.open(path, os.O_PATH | os.O_CLOEXEC)


def _is_below(path: str, folders: Iterable[str]) -> bool:
    return path.startswith(tuple(f"{folder}/" for folder in folders))


def _bind(file: int, target: str, name: str = "") -> None:
    mount(f"/proc/self/fd/{file}/{name}" if name else f"/proc/self/fd/{file}", target, None, MS_BIND | MS_REC)


def _hide(path: str) -> None:
    if os.path.isdir(path):
        mount("hidden", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV, "size=4k,mode=555")
    elif os.path.exists(path):
        mount("/dev/null", path, None, MS_BIND)


def _replace_all(folders: Targets, own: Targets, shown: list[str]) -> None:
    """Bind each opened folder to its target. One of `folders` that something is shown in becomes a copy: unlike what is
    the process's own, it must not be written to.
    """
    copies: set[str] = set()
    for target, file in (*folders, *own):
        if not os.path.exists(target):
            _make_mount_point(target, copies)
        if (target, file) in folders and any(_is_below(path, (target,)) for path in shown):
            _copy(file, target)
            copies.add(target)
        else:
            _bind(file, target)


def _make_mount_point(target: str, copies: set[str]) -> None:
    """Make a folder that the host does not have: the one above becomes a copy of itself, with that folder in it."""
    parent = os.path.dirname(target)
    if parent == "/":  # a mount over the root would not be seen, and the folder be made on the host
        raise FileNotFoundError(ENOENT, f"{target} does not exist, and only folders below another can be added")
    if not os.path.isdir(parent):
        _make_mount_point(parent, copies)
    if parent not in copies:
        original = _opened(parent)
        _copy(original, parent)
        os.close(original)
        copies.add(parent)
    os.mkdir(target)


def _copy(file: int, target: str) -> None:
    """Mount at `target` an empty folder that shows each entry of the opened one."""
    entries = os.listdir(f"/proc/self/fd/{file}")
    mount("copy", target, "tmpfs", MS_NOSUID | MS_NODEV, "size=16m,mode=755")
    for entry in entries:
        _copy_entry(file, target, entry)


def _copy_entry(folder: int, target: str, entry: str) -> None:
    path, status = f"{target}/{entry}", os.lstat(f"/proc/self/fd/{folder}/{entry}")
    if os.path.islink(f"/proc/self/fd/{folder}/{entry}"):
        os.symlink(os.readlink(f"/proc/self/fd/{folder}/{entry}"), path)
        return
    if os.path.isdir(f"/proc/self/fd/{folder}/{entry}"):
        os.mkdir(path)
    else:
        os.close(os.open(path, os.O_CREAT | os.O_CLOEXEC, status.st_mode & 0o777))
    _bind(folder, path, entry)


def _make_read_only(writable: Iterable[str]) -> None:
    """Make every mount read-only but those in `writable`. Without such a call in the kernel, change nothing."""
    with suppress(OSError):
        mount_setattr("/", set_flags=MOUNT_ATTR_RDONLY)
        for folder in writable:
            mount_setattr(folder, clear_flags=MOUNT_ATTR_RDONLY, is_recursive=False)


def _show(path: str, file: int) -> None:
    """Bind what was opened at `path` to that path again, inside the folder that replaced its parent."""
    is_folder = os.path.isdir(f"/proc/self/fd/{file}")
    with suppress(FileExistsError):
        os.makedirs(path if is_folder else os.path.dirname(path))
    if not is_folder:
        os.close(os.open(path, os.O_CREAT | os.O_CLOEXEC, 0o600))
    _bind(file, path)
