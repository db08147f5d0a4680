"""model.tar.gz, from the folders of all hosts and back."""

import gzip
import os
import tarfile
import tempfile
from pathlib import Path

import pytest

from sagemaker_emulator.archives.archive import ArchiveError, pack, unpack


def written(folder: Path, **files: str) -> tuple[Path, str]:
    """Write files; return the folder as `pack` takes it."""
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder.parent, folder.name


def test_packed_files_are_unpacked(tmp_path: Path) -> None:
    folder = written(tmp_path / "model", weights="w", code__inference="i")
    (tmp_path / "model/empty").mkdir()
    pack([folder], tmp_path / "model.tar.gz")
    with tarfile.open(tmp_path / "model.tar.gz", "r:gz") as tar:
        assert tar.getnames() == ["code", "code/inference", "empty", "weights"]
    unpack(tmp_path / "model.tar.gz", tmp_path / "again")
    again = {path.relative_to(tmp_path / "again").as_posix() for path in (tmp_path / "again").rglob("*")}
    assert again == {"weights", "code", "code/inference", "empty"}
    assert (tmp_path / "again/code/inference").read_text() == "i"


def test_private_files_can_be_read_by_whoever_unpacks_them(tmp_path: Path) -> None:
    folder = written(tmp_path / "model", weights="w", code__run="r")
    for name, mode in {"weights": 0o600, "code/run": 0o700, "code": 0o700}.items():
        (tmp_path / "model" / name).chmod(mode)
    pack([folder], tmp_path / "model.tar.gz")
    with tarfile.open(tmp_path / "model.tar.gz", "r:gz") as tar:
        modes = {member.name: member.mode for member in tar}
    assert modes == {"weights": 0o644, "code/run": 0o755, "code": 0o755}


def test_of_equal_names_the_first_hosts_file_is_packed(tmp_path: Path) -> None:
    hosts = [written(tmp_path / "algo-1", same="1", one="1"), written(tmp_path / "algo-2", same="2", two="2")]
    pack(hosts, tmp_path / "output.tar.gz")
    with tarfile.open(tmp_path / "output.tar.gz", "r:gz") as tar:
        assert tar.getnames() == ["one", "same", "two"]
    unpack(tmp_path / "output.tar.gz", tmp_path / "again")
    assert (tmp_path / "again/same").read_text() == "1"


@pytest.mark.parametrize("content", [b"no archive", gzip.compress(b"no tar" * 200), b""])
def test_the_error_for_an_invalid_archive_names_the_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.tar.gz").write_bytes(content)
    with pytest.raises(ArchiveError, match=r"^model\.tar\.gz cannot be unpacked: "):
        unpack(tmp_path / "model.tar.gz", tmp_path / "model")


def test_an_archive_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "model.tar.gz"
    pack([written(tmp_path / "model", weights="w" * 100_000)], archive)
    archive.write_bytes(archive.read_bytes()[:100])
    with pytest.raises(ArchiveError, match=r"^model\.tar\.gz cannot be unpacked: "):
        unpack(archive, tmp_path / "again")


def test_files_are_first_written_next_to_the_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack([written(tmp_path / "model", weights="w")], tmp_path / "model.tar.gz")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "another file system"))
    unpack(tmp_path / "model.tar.gz", tmp_path / "again")
    assert (tmp_path / "again/weights").read_text() == "w"


def test_a_tar_without_gzip_is_refused(tmp_path: Path) -> None:
    written(tmp_path / "model", weights="w")
    with tarfile.open(tmp_path / "model.tar", "w") as tar:
        tar.add(tmp_path / "model/weights", "weights")
    with pytest.raises(ArchiveError, match=r"^model\.tar cannot be unpacked: it is not gzip"):
        unpack(tmp_path / "model.tar", tmp_path / "again")


def test_an_archive_with_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model/link").symlink_to("weights")
    pack([written(tmp_path / "model", weights="w")], tmp_path / "model.tar.gz")
    with pytest.raises(ArchiveError, match=r"it has the symbolic link 'link'; pack the file that it names instead"):
        unpack(tmp_path / "model.tar.gz", tmp_path / "again")


def test_a_wrong_checksum_is_noticed(tmp_path: Path) -> None:
    archive = tmp_path / "model.tar.gz"
    pack([written(tmp_path / "model", weights="w")], archive)
    archive.write_bytes(archive.read_bytes()[:-8] + bytes(8))
    with pytest.raises(ArchiveError, match="CRC check failed"):
        unpack(archive, tmp_path / "again")


def test_links_are_packed_as_links_and_nothing_else_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    folder = written(tmp_path / "model", weights="w")
    (tmp_path / "model/secret").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "model/fifo")
    os.link(tmp_path / "model/weights", tmp_path / "model/same")
    pack([folder], tmp_path / "model.tar.gz")
    with tarfile.open(tmp_path / "model.tar.gz") as tar:
        types = {member.name: member.type for member in tar}
    assert types == {"same": tarfile.REGTYPE, "secret": tarfile.SYMTYPE, "weights": tarfile.LNKTYPE}


def test_a_folder_that_became_a_link_is_packed_as_empty(tmp_path: Path) -> None:
    written(tmp_path / "elsewhere", secret="secret")
    (tmp_path / "model").symlink_to(tmp_path / "elsewhere")
    pack([(tmp_path, "model")], tmp_path / "model.tar.gz")
    with tarfile.open(tmp_path / "model.tar.gz") as tar:
        assert tar.getnames() == []
