"""Archives that anyone may have made: what is inside stays inside."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from sagemaker_emulator.archives.unpacking import MEMBERS_MAX, SIZE_MAX_BYTES, Unpacking, UnsafeMember


def member(name: str, content: bytes = b"", **attributes: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size, info.mtime = len(content), 1_700_000_000
    for attribute, value in attributes.items():
        setattr(info, attribute, value)
    return info, content


def unpacked(tmp_path: Path, *members: tuple[tarfile.TarInfo, bytes], **options: object) -> Path:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    packed.seek(0)
    target = tmp_path / "model"
    with tarfile.open(fileobj=packed, mode="r|") as tar:
        Unpacking(tar, target, tmp_path, **options).run()  # type: ignore[arg-type]
    return target


def test_files_folders_and_links_inside_are_taken(tmp_path: Path) -> None:
    members = [
        member("./folder", type=tarfile.DIRTYPE),
        member("./folder/one", b"1", mode=0o4777),
        member("./hard", type=tarfile.LNKTYPE, linkname="./folder/one"),
        member("./folder/soft", type=tarfile.SYMTYPE, linkname="../hard"),
        member("./device", type=tarfile.FIFOTYPE),
    ]
    target = unpacked(tmp_path, *members)
    assert (target / "folder/one").read_bytes() == (target / "hard").read_bytes() == b"1"
    assert (target / "folder/soft").read_bytes() == b"1"
    assert (target / "folder/one").stat().st_mode & 0o7777 == 0o755
    assert (target / "folder/one").stat().st_mtime == 1_700_000_000
    assert not (target / "device").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize(
    "bad",
    [
        member("../outside", b"x"),
        member("folder/../../outside", b"x"),
        member("folder/../inside", b"x"),
        member("link", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        member("link", type=tarfile.SYMTYPE, linkname="../outside"),
        member("link", type=tarfile.LNKTYPE, linkname="../outside"),
    ],
    ids=["parent", "parent of a folder", "a way back", "absolute link", "link out", "hard link out"],
)
def test_what_leads_out_is_refused(tmp_path: Path, bad: tuple[tarfile.TarInfo, bytes]) -> None:
    (tmp_path / "outside").write_text("untouched")
    with pytest.raises(UnsafeMember, match="leads out of it"):
        unpacked(tmp_path, bad)
    assert (tmp_path / "outside").read_text() == "untouched"


def test_nothing_is_written_through_a_link_of_an_earlier_time(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "model").mkdir()
    (tmp_path / "model/link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnsafeMember, match="leads out of it"):
        unpacked(tmp_path, member("link/file", b"x"))
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_link_out_can_be_left_out(tmp_path: Path) -> None:
    link = member("model/link", type=tarfile.SYMTYPE, linkname="/opt/ml/model/x")
    target = unpacked(tmp_path, link, member("model/x", b"1"), strip=1, refuses_links_out=False)
    assert [path.name for path in target.iterdir()] == ["x"]


def test_a_name_from_the_root_is_taken_inside_and_its_folders_are_made(tmp_path: Path) -> None:
    members = [
        member("/deep/er/file", b"x", mode=0),
        member("Xdeep/er/folder", type=tarfile.DIRTYPE),
        member("Xdeep/er/folder", type=tarfile.DIRTYPE),
        member(" deep/er/link", type=tarfile.SYMTYPE, linkname="../../deep/er/file"),
    ]
    target = unpacked(tmp_path, *members)
    assert (target / "deep/er/file").read_bytes() == (target / " deep/er/link").read_bytes() == b"x"
    assert (target / "Xdeep/er/folder").is_dir()
    assert (target / "deep/er/file").stat().st_mode & 0o7777 == 0o600


def test_the_directory_and_its_parents_are_made(tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(bytes(10240)), mode="r|") as tar:
        Unpacking(tar, tmp_path / "a/b", tmp_path).run()
    assert (tmp_path / "a/b").is_dir()


def test_a_file_is_written_in_the_scratch_folder_first(tmp_path: Path) -> None:
    info, content = member("file", b"x")
    packed = io.BytesIO(info.tobuf() + content.ljust(512, b"\0") + bytes(1024))
    with tarfile.open(fileobj=packed, mode="r|") as tar, pytest.raises(FileNotFoundError, match=r"absent/\.incoming-"):
        Unpacking(tar, tmp_path / "model", tmp_path / "absent").run()


def test_the_first_parts_of_every_name_are_removed(tmp_path: Path) -> None:
    link = member("a/b/to/link", type=tarfile.SYMTYPE, linkname="../file")
    target = unpacked(tmp_path, member("a/b/file", b"x"), link, strip=2)
    assert (target / "to/link").read_bytes() == (target / "file").read_bytes() == b"x"


def test_what_was_there_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "model/folder").mkdir(parents=True)
    (tmp_path / "model/file").write_text("old")
    (tmp_path / "model/link").write_text("old")
    members = [
        member("file", b"new"),
        member("folder", type=tarfile.DIRTYPE),
        member("link", type=tarfile.SYMTYPE, linkname="file"),
    ]
    target = unpacked(tmp_path, *members)
    assert (target / "file").read_text() == (target / "link").read_text() == "new"
    assert (target / "link").is_symlink()


@pytest.mark.parametrize(
    ("limits", "refused"),
    [
        ({"size_max_bytes": 5, "members_max": 2}, False),
        ({"size_max_bytes": 4}, True),
        ({"members_max": 1}, True),
    ],
)
def test_an_archive_has_a_size_and_a_number_of_members_at_most(
    tmp_path: Path, limits: dict[str, int], refused: bool
) -> None:
    members = member("one", b"12"), member("two", b"345")
    if not refused:
        assert (unpacked(tmp_path, *members, **limits) / "two").exists()
        return
    with pytest.raises(UnsafeMember) as told:
        unpacked(tmp_path, *members, **limits)
    size, count = limits.get("size_max_bytes", SIZE_MAX_BYTES), limits.get("members_max", MEMBERS_MAX)
    assert str(told.value) == f"it is more than {size} bytes or {count} files"


def test_a_refusal_names_the_member(tmp_path: Path) -> None:
    with pytest.raises(UnsafeMember, match=r"^the name '\.\./outside' leads out of it$"):
        unpacked(tmp_path, member("../outside", b"x"))
    with pytest.raises(UnsafeMember, match=r"^the link 'in' to '\.\./out' leads out of it$"):
        unpacked(tmp_path, member("in", type=tarfile.SYMTYPE, linkname="../out"))


def test_a_file_that_is_cut_off_leaves_nothing_behind(tmp_path: Path) -> None:
    info, _ = member("file", b"")
    info.size = 100
    packed = io.BytesIO(info.tobuf() + b"only this")
    (tmp_path / "model").mkdir()
    with tarfile.open(fileobj=packed, mode="r|") as tar, pytest.raises(tarfile.ReadError):
        Unpacking(tar, tmp_path / "model", tmp_path).run()
    assert [path.name for path in tmp_path.rglob("*")] == ["model"]
