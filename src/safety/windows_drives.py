"""Recognize folders on a drive of Windows, which WSL shows below /mnt.

Files there cannot be made private, SQLite cannot share memory with another process, and there are no FIFOs, so the
state of a server does not belong there.
"""

from __future__ import annotations

from pathlib import Path

MOUNTS = Path("/proc/self/mounts")
DRIVE = "drvfs"  # WSL 1 has a file system of that name; WSL 2 has 9p or virtiofs with the name among the options


def is_on_windows_drive(folder: Path, mounts: Path = MOUNTS) -> bool:
    """Return whether the folder, which need not exist yet, is on a drive of Windows. False on other systems."""
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return False
    path, nearest, is_drive = folder.resolve(), 0, False
    for _, point, kind, options, *_ in (line.split(" ") for line in lines if line.count(" ") >= 4):
        place = Path(point.replace("\\040", " "))  # as fstab(5) writes a space
        if path.is_relative_to(place) and len(place.parts) >= nearest:
            nearest, is_drive = len(place.parts), kind == DRIVE or DRIVE in options
    return is_drive
