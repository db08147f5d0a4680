"""A tar's headers: their sizes are limited, and an error names each fault."""

from __future__ import annotations

import io
import tarfile
import tracemalloc

import pytest

from safety.tar_members import BrokenArchive, Kind, Limits, Member, TarMembers


def members(data: bytes, **limits: int) -> list[tuple[Member, bytes]]:
    tar = TarMembers(io.BytesIO(data), Limits(**limits))
    return [(member, b"".join(tar.content())) for member in tar]


def header(name: str, kind: bytes, data: bytes) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(data)
    return info.tobuf() + data + bytes(-len(data) % 512)


def record(keyword: str, value: str) -> bytes:
    text = f" {keyword}={value}\n".encode(errors="surrogateescape")
    length = len(text) + 1
    while len(str(length)) + len(text) != length:
        length += 1
    return str(length).encode() + text


def with_extended(*records: bytes, content: bytes = b"x") -> bytes:
    return header("pax", tarfile.XHDTYPE, b"".join(records)) + header("file", tarfile.REGTYPE, content)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_members_are_read_as_tarfile_wrote_them(form: int) -> None:
    long = form != tarfile.USTAR_FORMAT
    name, target = ("n" * 400, "t" * 400) if long else ("n" * 90, "t" * 90)
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=form) as tar:
        for kind, size in ((tarfile.REGTYPE, 1000), (tarfile.SYMTYPE, 0), (tarfile.DIRTYPE, 0), (tarfile.FIFOTYPE, 0)):
            info = tarfile.TarInfo(name)
            info.type, info.size, info.mtime, info.mode = kind, size, 1_700_000_000, 0o640
            info.linkname = target if kind == tarfile.SYMTYPE else ""
            tar.addfile(info, io.BytesIO(b"c" * size))
    assert members(content.getvalue()) == [
        (Member(name, Kind.FILE, 1000, 0o640, 1_700_000_000, ""), b"c" * 1000),
        (Member(name, Kind.LINK, 0, 0o640, 1_700_000_000, target), b""),
        (Member(name, Kind.FOLDER, 0, 0o640, 1_700_000_000, ""), b""),
        (Member(name, Kind.OTHER, 0, 0o640, 1_700_000_000, ""), b""),
    ]


def test_content_that_is_not_read_is_skipped() -> None:
    data = header("one", tarfile.REGTYPE, b"1" * 1600) + header("two", tarfile.REGTYPE, b"2")
    assert [member.name for member in TarMembers(io.BytesIO(data), Limits())] == ["one", "two"]


def test_a_size_in_an_extended_header_counts() -> None:
    big = header("pax", tarfile.XHDTYPE, record("size", "700")) + header("file", tarfile.REGTYPE, b"") + b"x" * 1024
    ((member, content),) = members(big)
    assert (member.size_bytes, content) == (700, b"x" * 700)


def test_a_global_header_is_for_all_members_and_their_own_comes_first() -> None:
    own = header("own", tarfile.XHDTYPE, record("path", "own"))
    data = header("global", tarfile.XGLTYPE, record("path", "all"))
    data += (
        header("a", tarfile.REGTYPE, b"") + own + header("b", tarfile.REGTYPE, b"") + header("c", tarfile.REGTYPE, b"")
    )
    assert [member.name for member, _ in members(data)] == ["all", "own", "all"]


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
def test_a_header_is_refused_before_it_is_read(kind: bytes) -> None:
    info = tarfile.TarInfo("header")
    info.type, info.size = kind, 500 << 20
    stream = io.BytesIO(info.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 20))
    with pytest.raises(BrokenArchive, match="it has a header of more than 65536 bytes"):
        list(TarMembers(stream, Limits()))
    assert stream.tell() == 512


def test_a_long_name_ends_at_its_first_nul() -> None:
    long = header("long", tarfile.GNUTYPE_LONGNAME, b"name\0other\0")
    assert [member.name for member, _ in members(long + header("file", tarfile.REGTYPE, b""))] == ["name"]


def test_a_name_that_is_not_utf_8_is_read() -> None:
    info = tarfile.TarInfo("caf\udce9")
    data = info.tobuf(tarfile.USTAR_FORMAT, "utf-8", "surrogateescape")
    assert [member.name for member, _ in members(data)] == ["caf\udce9"]


def test_an_extended_header_may_be_empty() -> None:
    assert [member.name for member, _ in members(with_extended())] == ["file"]


def test_a_header_of_negative_size_is_refused() -> None:
    info = tarfile.TarInfo("header")
    info.type, info.size = tarfile.XHDTYPE, -512
    with pytest.raises(BrokenArchive, match=r"^it has a header of more than 65536 bytes$"):
        members(info.tobuf(tarfile.GNU_FORMAT) + header("file", tarfile.REGTYPE, b""))


@pytest.mark.parametrize(
    ("limit", "archive", "size", "fault"),
    [
        # a header's size is its block, of 512 bytes, and its content, here of 6 bytes
        (
            "header_bytes",
            header("pax", tarfile.XHDTYPE, b"6 a=b\n") + with_extended(record("a", "b")),
            1036,
            "a header of",
        ),
        (
            "header_bytes",
            header("long", tarfile.GNUTYPE_LONGNAME, b"name\0\0") * 2 + with_extended(),
            1548,
            "a header of",
        ),
        ("headers_bytes", with_extended(record("a", "b")) * 3, 1554, "its headers have"),
    ],
    ids=["two extended headers", "two long names", "the headers of all members"],
)
def test_the_size_of_headers_has_a_limit(limit: str, archive: bytes, size: int, fault: str) -> None:
    assert members(archive, **{limit: size})
    with pytest.raises(BrokenArchive, match=rf"{fault} more than {size - 1} bytes$"):
        members(archive, **{limit: size - 1})


def test_a_header_of_digits_is_refused_at_once() -> None:
    """Some versions of tarfile search it in quadratic time."""
    with pytest.raises(BrokenArchive, match="it has a damaged extended header"):
        members(with_extended(b"1" * 65_000))


@pytest.mark.parametrize(
    "data",
    [b"5 a=", b"99 path=x\n", b"x path=y\n", b"-9 path=y\n", b"0 path=y\n", b"11 path y\n\n", b"9 path=yz"],
)
def test_a_damaged_extended_header_is_refused(data: bytes) -> None:
    with pytest.raises(
        BrokenArchive, match=r"^(it has a damaged|its length of an) extended header( is .*, not a number)?$"
    ):
        members(with_extended(data))


def test_a_value_in_an_extended_header_may_have_an_equals_sign_or_be_empty() -> None:
    ((member, _),) = members(with_extended(record("comment", ""), record("x", ""), record("path", "a=b")))
    assert member.name == "a=b"


@pytest.mark.parametrize(("text", "seconds"), [("1.25", 1.25), ("soon", 0.0), ("", 0.0)])
def test_a_time_that_is_not_a_number_is_1970(text: str, seconds: float) -> None:
    ((member, _),) = members(with_extended(record("mtime", text)))
    assert member.mtime == seconds


@pytest.mark.parametrize("size", ["x", "-1", "1e9", "9" * 30, ""])
def test_a_size_that_is_not_a_number_is_refused(size: str) -> None:
    with pytest.raises(BrokenArchive, match="its size is"):
        members(with_extended(record("size", size)))


def test_a_size_has_at_most_twenty_digits() -> None:
    ((member, _),) = members(with_extended(record("size", "0" * 19 + "1")))
    assert member.size_bytes == 1
    with pytest.raises(BrokenArchive, match=r"^its size is '00000000000000000000', not a number$"):
        members(with_extended(record("size", "0" * 20 + "1")))


def test_a_negative_size_is_refused() -> None:
    info = tarfile.TarInfo("n" * 100)
    info.size = -1
    with pytest.raises(BrokenArchive, match=r"^the member 'n{100}' has a negative size$"):
        members(info.tobuf(tarfile.GNU_FORMAT))
    long = header("pax", tarfile.XHDTYPE, record("path", "l" * 101))
    with pytest.raises(BrokenArchive, match=r"^the member 'l{100}' has a negative size$"):
        members(long + info.tobuf(tarfile.GNU_FORMAT))


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (header("sparse", tarfile.GNUTYPE_SPARSE, b""), "sparse"),
        (with_extended(record("GNU.sparse.map", "0,1"), record("GNU.sparse.size", "99999999999")), "file"),
        (with_extended(record("GNU.sparse.major", "1"), record("path", "s" * 101)), "s" * 100),
    ],
)
def test_a_sparse_file_is_refused(data: bytes, name: str) -> None:
    with pytest.raises(BrokenArchive, match=rf"^it has the sparse file '{name}'; pack it without --sparse$"):
        members(data)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "^it is empty or ends too early$"),
        (b"no tar" * 200, r"^it is not a tar, or damaged after 0 members \(.+\)$"),
        (b"short", "^it is empty or ends too early$"),
        (header("a", tarfile.REGTYPE, b"1") + b"?" * 512, r"damaged after 1 members \(.+\)$"),
        (header("a", tarfile.REGTYPE, b"1")[:600], "^it ends too early$"),
        (header("a", tarfile.REGTYPE, b"1") + b"?", "^it ends too early$"),
    ],
)
def test_a_broken_archive_names_its_fault(data: bytes, fault: str) -> None:
    with pytest.raises(BrokenArchive, match=fault):
        members(data)


@pytest.mark.parametrize(
    ("type_", "kind", "content"),
    [
        (tarfile.REGTYPE, Kind.FILE, b"1"),
        (tarfile.DIRTYPE, Kind.FOLDER, b""),
        (tarfile.SYMTYPE, Kind.LINK, b""),
        (tarfile.LNKTYPE, Kind.HARD_LINK, b""),
        (tarfile.CHRTYPE, Kind.OTHER, b""),
        (b"Z", Kind.OTHER, b"1"),
    ],
)
def test_only_files_and_unknown_members_have_content(type_: bytes, kind: Kind, content: bytes) -> None:
    info = tarfile.TarInfo("n/X/")
    info.type, info.size = type_, 1
    data = info.tobuf() + (content + bytes(511) if content else b"") + header("next", tarfile.REGTYPE, b"")
    (first, its_content), (following, _) = members(data)
    assert (first.name, first.kind, first.size_bytes, its_content) == ("n/X", kind, len(content), content)
    assert following.name == "next"


class Dribble(io.BytesIO):
    """A stream that gives a few bytes at a time, as a socket does."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 0, 7))


def test_a_stream_may_give_a_few_bytes_at_a_time() -> None:
    data = with_extended(record("path", "name"), content=b"content") * 2 + bytes(1024) + b"not read"
    tar = TarMembers(Dribble(data), Limits())
    assert not list(tar.content())  # there is no member yet
    assert [(member.name, b"".join(tar.content())) for member in tar] == [("name", b"content")] * 2


def test_reading_members_takes_little_memory() -> None:
    info = tarfile.TarInfo("file")
    info.size = 64 << 20
    stream = io.BytesIO(info.tobuf() + bytes(64 << 20))
    tracemalloc.start()
    try:
        for _ in TarMembers(stream, Limits()):
            pass
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
