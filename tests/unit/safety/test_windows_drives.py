"""Folders on drives of Windows, by what WSL's /proc/self/mounts says."""

from pathlib import Path

import pytest

from safety.windows_drives import is_on_windows_drive

WSL_2 = """\
/dev/sdc / ext4 rw,relatime,discard,errors=remount-ro,data=ordered 0 0
C:\\134 /mnt/c 9p rw,noatime,dirsync,aname=drvfs;path=C:\\;uid=1000;gid=1000;symlinkroot=/mnt/,mmap,access=client 0 0
E:\\134 /mnt/my\\040disk 9p rw,noatime,dirsync,aname=drvfs;path=E:\\,access=client 0 0
/dev/sdd /mnt/c/linux ext4 rw,relatime 0 0
tools /init 9p ro,aname=tools;fmask=022,trans=virtio 0 0
"""
WSL_1 = "rootfs / wslfs rw,noatime 0 0\nC: /mnt/c drvfs rw,noatime,uid=1000,gid=1000,case=off 0 0\n"
LINUX = "/dev/nvme0n1p2 / ext4 rw,relatime 0 0\nshare /mnt/c 9p rw,trans=virtio 0 0\n"


@pytest.mark.parametrize(
    ("mounts", "folder", "expected"),
    [
        (WSL_2, "/mnt/c/Users/me/kit/.scones", True),
        (WSL_2, "/mnt/c", True),
        (WSL_2, "/mnt/my disk/kit", True),
        (WSL_2, "/mnt/c/linux/kit", False),
        (WSL_2, "/mnt/cd/kit", False),
        (WSL_2, "/home/me/kit", False),
        (WSL_1, "/mnt/c/kit", True),
        (WSL_1, "/home/me/kit", False),
        (LINUX, "/mnt/c/kit", False),
    ],
)
def test_a_folder_belongs_to_the_nearest_mount(mounts: str, folder: str, expected: bool, tmp_path: Path) -> None:
    table = tmp_path / "mounts"
    table.write_text(mounts)
    assert is_on_windows_drive(Path(folder), table) is expected


def test_other_systems_have_no_windows_drives(tmp_path: Path) -> None:
    assert not is_on_windows_drive(tmp_path, tmp_path / "no-proc")
