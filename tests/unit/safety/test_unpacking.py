"""Archives of unknown origin: nothing leads out of the folder that they are unpacked into."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import tarfile
import tracemalloc
from pathlib import Path

import pytest

from safety.tar_members import BrokenArchive, Limits
from safety.unpacking import Unpacking, unpack_gzip

Entry = tuple[tarfile.TarInfo, bytes]


def member(name: str, content: bytes = b"", **attributes: object) -> Entry:
    info = tarfile.TarInfo(name)
    info.size, info.mtime = len(content), 1_700_000_000
    for attribute, value in attributes.items():
        setattr(info, attribute, value)
    return info, content


def link(name: str, target: str) -> Entry:
    return member(name, type=tarfile.SYMTYPE, linkname=target)


def hard_link(name: str, target: str) -> Entry:
    return member(name, type=tarfile.LNKTYPE, linkname=target)


def packed(*members: Entry) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return content.getvalue()


def unpacked(tmp_path: Path, *members: Entry, **options: object) -> Path:
    target = tmp_path / "model"
    whole = {"keeps_links": True, **options}
    Unpacking(io.BytesIO(packed(*members)), target, tmp_path, **whole).run()  # type: ignore[arg-type]
    return target


def test_files_folders_and_inner_links_are_unpacked(tmp_path: Path) -> None:
    members = [
        member("./folder", type=tarfile.DIRTYPE),
        member("./folder/one", b"1", mode=0o4777),
        hard_link("./hard", "./folder/one"),
        link("./folder/soft", "../hard"),
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
        [member("../outside", b"x")],
        [member("folder/../../outside", b"x")],
        [member("folder/../inside", b"x")],
        [hard_link("link", "../outside")],
        [hard_link("link", "/etc/passwd")],
        [link("p", "."), member("p/p/p/x", b"x"), hard_link("y", "p/p/x/../../../outside")],
        [member("file", b"x"), member("file/inner", b"x")],
        [hard_link("first", "second"), hard_link("second", "first")],
        [link("soft", "../outside"), hard_link("hard", "soft")],
    ],
    ids=[
        "parent",
        "parent of a folder",
        "a way back",
        "hard link out",
        "absolute hard link",
        "hard link out by a chain",
        "a file as a folder",
        "hard links in a circle",
        "hard link to a symbolic link",
    ],
)
def test_members_outside_the_folder_are_refused(tmp_path: Path, bad: list[Entry]) -> None:
    (tmp_path / "outside").write_text("untouched")
    with pytest.raises(BrokenArchive):
        unpacked(tmp_path, *bad)
    assert (tmp_path / "outside").read_text() == "untouched"


CHAINS: dict[str, list[Entry]] = {
    "absolute": [link("x", "/etc/passwd")],
    "relative": [link("x", "../outside")],
    "link to the folder itself": [link("p", "."), link("x", "p/p/../outside")],
    "members below a link": [link("p", "."), link("p/p/x", "../../outside")],
    "growing chain": [
        link("up", "."),
        link("o1", "up/.."),
        *(link(f"o{number}", f"o{number - 1}/..") for number in range(2, 12)),
        link("x", "o11/etc/shadow"),
    ],
    "chain in reverse": [link("x", "o1/outside"), link("o1", "up/.."), link("up", ".")],
    "through a folder": [member("a/b/f", b""), link("c", "a/b"), link("x", "c/../../../outside")],
    "through a missing name": [link("x", "missing/../../outside")],
    "through a name of another case": [link("up", "."), link("x", "UP/../outside")],
    "circle": [link("x", "y"), link("y", "x")],
    "empty": [link("x", "")],
}


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
def test_kept_links_stay_inside(tmp_path: Path, chain: list[Entry]) -> None:
    (tmp_path / "outside").write_text("secret")
    target = unpacked(tmp_path, *chain)
    root = target.resolve()
    for path in target.rglob("*"):
        assert os.path.realpath(path).startswith(str(root))
    assert not os.path.lexists(target / "x")


def test_links_from_an_earlier_unpacking_count_in_a_chain(tmp_path: Path) -> None:
    unpacked(tmp_path, link("up", "."))
    target = unpacked(tmp_path, link("x", "up/../outside"), link("y", "up/up/up"))
    assert sorted(path.name for path in target.iterdir()) == ["up", "y"]


@pytest.mark.parametrize("kind", ["file", "folder", "link", "hard link"])
def test_nothing_is_written_through_an_existing_link(tmp_path: Path, kind: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "model").mkdir()
    (tmp_path / "model/link").symlink_to(tmp_path / "elsewhere")
    bad = {
        "file": member("link/new", b"x"),
        "folder": member("link/new", type=tarfile.DIRTYPE),
        "link": link("link/new", "one"),
        "hard link": hard_link("link/new", "one"),
    }[kind]
    with pytest.raises(BrokenArchive, match="leads through a link or a file"):
        unpacked(tmp_path, member("one", b"1"), bad)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_directory_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "model").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotADirectoryError):
        unpacked(tmp_path, member("file", b"x"))
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_symbolic_link_is_an_error_unless_links_are_kept(tmp_path: Path) -> None:
    with pytest.raises(BrokenArchive, match=r"^it has the symbolic link 'in'; pack the file that it names instead$"):
        unpacked(tmp_path, member("file", b"x"), link("in", "file"), keeps_links=False)


def test_a_name_from_the_root_is_taken_inside_and_its_folders_are_made(tmp_path: Path) -> None:
    members = [
        member("/deep/er/file", b"x", mode=0),
        member("Xdeep/er/folder", type=tarfile.DIRTYPE),
        member("Xdeep/er/folder", type=tarfile.DIRTYPE),
        link(" deep/er/link", "../../deep/er/file"),
    ]
    target = unpacked(tmp_path, *members)
    assert (target / "deep/er/file").read_bytes() == b"x"
    assert (target / "Xdeep/er/folder").is_dir()
    assert (target / "deep/er/file").stat().st_mode & 0o7777 == 0o600


def test_the_directory_and_its_parents_are_made(tmp_path: Path) -> None:
    Unpacking(io.BytesIO(bytes(10240)), tmp_path / "a/b", tmp_path).run()
    assert (tmp_path / "a/b").is_dir()


def test_the_first_parts_of_every_name_are_removed(tmp_path: Path) -> None:
    target = unpacked(
        tmp_path, member("./a/./b/file", b"x"), link("a/b/to/link", "../file"), member("a/b/to/x"), strip=2
    )
    assert (target / "to/link").read_bytes() == (target / "file").read_bytes() == b"x"


def test_existing_files_are_replaced_and_the_last_member_of_a_name_counts(tmp_path: Path) -> None:
    (tmp_path / "model/folder").mkdir(parents=True)
    (tmp_path / "model/file").write_text("old")
    (tmp_path / "model/link").write_text("old")
    members = [
        link("file", "folder"),
        member("file", b"new"),
        member("folder", type=tarfile.DIRTYPE),
        link("link", "file"),
    ]
    target = unpacked(tmp_path, *members)
    assert (target / "file").read_text() == (target / "link").read_text() == "new"
    assert (target / "link").is_symlink()
    assert not (target / "file").is_symlink()


def test_a_name_that_is_not_utf_8_keeps_its_bytes(tmp_path: Path) -> None:
    target = unpacked(tmp_path, member(os.fsdecode(b"caf\xe9"), b"x"))
    assert [os.fsencode(path.name) for path in target.iterdir()] == [b"caf\xe9"]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("/".join(["a"] * 70), "64 folders"),
        ("a" * 300, "is too long"),
        ("a/" * 30 + "b" * 5000, "more than 4096 bytes"),
        ("folder", "is a folder's and a file's"),
    ],
)
def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path, name: str, fault: str) -> None:
    with pytest.raises(BrokenArchive, match=fault):
        unpacked(tmp_path, member("folder", type=tarfile.DIRTYPE), member(name, b"x"))


@pytest.mark.parametrize(
    ("limits", "refused"),
    [(Limits(size_bytes=5, members=2), False), (Limits(size_bytes=4), True), (Limits(members=1), True)],
)
def test_an_archive_has_a_maximum_size_and_number_of_members(tmp_path: Path, limits: Limits, refused: bool) -> None:
    members = member("one", b"12"), member("two", b"345")
    if not refused:
        assert (unpacked(tmp_path, *members, limits=limits) / "two").exists()
        return
    with pytest.raises(BrokenArchive) as raised:
        unpacked(tmp_path, *members, limits=limits)
    assert str(raised.value) == f"it is more than {limits.size_bytes} bytes or {limits.members} files"


@pytest.mark.parametrize(
    ("limits", "refused"),
    [(Limits(name_bytes=6, depth=2), False), (Limits(name_bytes=5), True), (Limits(depth=1), True)],
)
def test_a_name_has_a_maximum_length_and_depth(tmp_path: Path, limits: Limits, refused: bool) -> None:
    if not refused:
        assert (unpacked(tmp_path, member("ab/cde", b"x"), limits=limits) / "ab/cde").exists()
        return
    with pytest.raises(BrokenArchive, match=rf"more than {limits.name_bytes} bytes or {limits.depth} folders"):
        unpacked(tmp_path, member("ab/cde", b"x"), limits=limits)


def test_copies_for_hard_links_count(tmp_path: Path) -> None:
    links = [hard_link(f"copy-{number}", "one") for number in range(3)]
    assert (unpacked(tmp_path, member("one", b"12"), *links[:2], limits=Limits(size_bytes=4)) / "copy-1").exists()
    with pytest.raises(BrokenArchive, match="its hard links make more than 4 bytes"):
        unpacked(tmp_path, member("one", b"12"), *links, limits=Limits(size_bytes=4))


def test_a_file_that_is_cut_off_leaves_nothing_behind(tmp_path: Path) -> None:
    info, _ = member("file")
    info.size = 100
    with pytest.raises(BrokenArchive, match="it ends too early"):
        Unpacking(io.BytesIO(info.tobuf() + b"only this"), tmp_path / "model", tmp_path).run()
    assert [path.name for path in tmp_path.rglob("*")] == ["model"]


@pytest.mark.slow
def test_an_archive_that_expands_too_much_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "model.tar.gz"
    info, _ = member("zeros")
    info.size = 3 << 29
    with gzip.open(archive, "wb", compresslevel=1) as file:
        file.write(info.tobuf())
        for _ in range(3):
            file.write(bytes(1 << 29))
    with pytest.raises(BrokenArchive, match=r"it expands to over 1073741824 bytes and 100 times its size"):
        unpack_gzip(archive, tmp_path / "model")
    assert not list((tmp_path / "model").iterdir())


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        (member("", b"x"), "the name '' is no file's"),
        (member("../x", b"x"), "the name '../x' leads out of it"),
        (
            member("x", b"x", pax_headers={"path": "a\0b"}),
            r"the name 'a\x00b' has a NUL, more than 4096 bytes or 64 folders",
        ),
        (hard_link("a", "b"), "the hard link 'a' names 'b', which is no file in it"),
        (member("n" * 98 + "/x", b""), f"the name '{'n' * 98}/x' leads through a link or a file"),
        (member("n" * 98 + "/xy", b""), f"the name '{'n' * 98}/x…' leads through a link or a file"),
        (link("file/a/b", "x"), "the name 'file/a/b' leads through a link or a file"),
    ],
)
def test_an_error_names_the_member(tmp_path: Path, bad: Entry, fault: str) -> None:
    with pytest.raises(BrokenArchive) as raised:
        unpacked(tmp_path, member("file", b""), member("n" * 98, b""), bad)
    assert str(raised.value) == fault


@pytest.mark.parametrize(
    ("mtime", "kept"),
    [("1.5", 1.5), ("0.5", 0.5), ("nan", 0.0), ("inf", 0.0), ("-1", 0.0), ("1e300", 0.0), (str(1 << 40), 0.0)],
)
def test_a_time_that_no_file_can_have_is_1970(tmp_path: Path, mtime: str, kept: float) -> None:
    target = unpacked(tmp_path, member("file", b"x", pax_headers={"mtime": mtime}))
    assert (target / "file").stat().st_mtime == kept


def test_a_hard_link_is_copied_with_little_memory(tmp_path: Path) -> None:
    content = packed(member("one", bytes(24 << 20)), hard_link("two", "one"))
    tracemalloc.start()
    try:
        Unpacking(io.BytesIO(content), tmp_path / "model", tmp_path).run()
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    assert (tmp_path / "model/two").stat().st_size == 24 << 20


class WatchedArchive:
    """An archive that notes the modes of unfinished files whenever it is read."""

    def __init__(self, content: bytes, scratch: Path) -> None:
        self._content, self._scratch = io.BytesIO(content), scratch
        self.modes: set[int] = set()

    def read(self, size: int, /) -> bytes:
        self.modes |= {path.stat().st_mode & 0o777 for path in self._scratch.glob(".incoming-*")}
        return self._content.read(size)


def test_an_unfinished_file_is_its_owners_only(tmp_path: Path) -> None:
    archive = WatchedArchive(packed(member("file", b"x" * 1000, mode=0o777)), tmp_path)
    Unpacking(archive, tmp_path / "model", tmp_path).run()
    assert archive.modes == {0o600}


class RemovedScratch:
    """An archive whose reading removes the folder that it is unpacked in."""

    def __init__(self, content: bytes, scratch: Path) -> None:
        self._content, self._scratch = io.BytesIO(content), scratch

    def read(self, size: int, /) -> bytes:
        shutil.rmtree(self._scratch, ignore_errors=True)
        return self._content.read(size)


def test_a_folder_that_another_program_removes_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    archive = RemovedScratch(packed(member("file", b"x")), tmp_path / "scratch")
    with pytest.raises(FileNotFoundError):
        Unpacking(archive, tmp_path / "scratch/model", tmp_path / "scratch").run()


def test_links_that_stay_inside_are_kept(tmp_path: Path) -> None:
    members = [
        member("file", b"x"),
        member("folder", type=tarfile.DIRTYPE),
        link("new/folder/link", "missing"),
        link("two-slashes", "folder//../file"),
        link("l40", "file"),
        *(link(f"l{number}", f"l{number + 1}") for number in range(40)),
        link("too-long", "l0"),
    ]
    target = unpacked(tmp_path, *members)
    assert (target / "new/folder/link").readlink() == Path("missing")
    assert (target / "two-slashes").read_bytes() == (target / "l1").read_bytes() == b"x"
    assert (target / "l0").is_symlink()
    assert not (target / "too-long").is_symlink()


@pytest.mark.parametrize("place", ["abs", "one/abs", "one/two/abs"])
def test_a_link_to_a_link_of_another_program_that_leads_out_is_left_out(tmp_path: Path, place: str) -> None:
    (tmp_path / "model" / place).parent.mkdir(parents=True)
    (tmp_path / "model" / place).symlink_to("/etc")
    target = unpacked(tmp_path, link("x", f"{place}/passwd"))
    assert not (target / "x").is_symlink()


def test_a_link_with_a_nul_is_left_out(tmp_path: Path) -> None:
    target = unpacked(tmp_path, member("x", type=tarfile.SYMTYPE, pax_headers={"linkpath": "a\0b"}))
    assert not list(target.iterdir())
