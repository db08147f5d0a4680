"""A user's source: an archive, a folder or a file, and archives that lead out of the folder."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from frameworks.contract import source
from frameworks.contract.failure import ClientError
from frameworks.contract.source import bring_source, unpack


def archive(path: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for member in members:
            member.size = 1 if member.isfile() else 0
            tar.addfile(member, io.BytesIO(b"x"))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, target, 0o755
    return info


def test_an_archive_is_unpacked_with_its_links_and_modes(tmp_path: Path) -> None:
    packed = archive(tmp_path / "s.tar.gz", member("./a/train.py"), member("b", tarfile.SYMTYPE, "a/train.py"))
    bring_source(str(packed), tmp_path / "code")
    assert (tmp_path / "code/b").read_text() == "x"
    assert (tmp_path / "code/a/train.py").stat().st_mode & 0o100


@pytest.mark.parametrize(
    "hostile",
    [
        member("../out"),
        member("/tmp/out"),  # noqa: S108 - a name in an archive
        member("link", tarfile.SYMTYPE, "../../out"),
        member("link", tarfile.SYMTYPE, "/etc/passwd"),
        member("link", tarfile.LNKTYPE, "../out"),
        member("pipe", tarfile.FIFOTYPE),
        member("disk", tarfile.BLKTYPE),
    ],
    ids=lambda info: f"{info.name}>{info.linkname}",
)
def test_an_archive_that_leads_out_of_its_folder_is_refused(tmp_path: Path, hostile: tarfile.TarInfo) -> None:
    (tmp_path / "code").mkdir()
    with pytest.raises(ClientError):
        unpack(archive(tmp_path / "s.tar.gz", hostile), tmp_path / "code")
    assert list((tmp_path / "code").iterdir()) == []


def test_a_member_below_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code/here").symlink_to(tmp_path)
    with pytest.raises(ClientError):
        unpack(archive(tmp_path / "s.tar.gz", member("here/out")), tmp_path / "code")
    assert not (tmp_path / "out").exists()


def test_an_archive_has_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MEMBERS_MAX", 2)
    packed = archive(tmp_path / "s.tar.gz", member("a"), member("b"), member("c"))
    with pytest.raises(ClientError, match="more than 2 members"):
        unpack(packed, tmp_path / "code")


def test_a_damaged_archive_is_refused_by_name(tmp_path: Path) -> None:
    packed = archive(tmp_path / "s.tar.gz", member("a"))
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(ClientError, match=r"s\.tar\.gz cannot be unpacked"):
        unpack(packed, tmp_path / "code")


def test_a_folder_or_a_file_is_copied(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/train.py").write_text("x")
    bring_source(str(tmp_path / "folder"), tmp_path / "one")
    bring_source(str(tmp_path / "folder/train.py"), tmp_path / "two")
    assert (tmp_path / "one/train.py").read_text() == (tmp_path / "two/train.py").read_text() == "x"
