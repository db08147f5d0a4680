"""The content of a gzip file of unknown origin: its size and the memory it takes are limited."""

from __future__ import annotations

import gzip
import tarfile
import tracemalloc
from pathlib import Path

import pytest

from safety.tar_members import BrokenArchive, Limits
from safety.unpacking import GzipStream, unpack_gzip

CHUNK = bytes(1 << 20)
GIBIBYTE = 1 << 30


class Zeros:
    """Content that never ends, without its memory."""

    def read(self, size: int, /) -> bytes:
        return CHUNK[:size]


@pytest.mark.parametrize(("packed_bytes", "limit_bytes"), [(0, GIBIBYTE), (11 << 20, 1100 << 20)])
def test_content_may_be_a_gibibyte_or_a_hundred_times_its_packed_size(packed_bytes: int, limit_bytes: int) -> None:
    stream = GzipStream(Zeros(), packed_bytes)
    for _ in range(limit_bytes >> 20):
        assert stream.read(1 << 20) == CHUNK
    with pytest.raises(BrokenArchive, match=r"^it expands to over 1073741824 bytes and 100 times its size$"):
        stream.read(1)


def test_the_limits_count_for_a_gzip_file(tmp_path: Path) -> None:
    archive = tmp_path / "model.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name in ("one", "two"):
            tar.addfile(tarfile.TarInfo(name))
    unpack_gzip(archive, tmp_path / "model")
    assert {path.name for path in (tmp_path / "model").iterdir()} == {"one", "two"}
    with pytest.raises(BrokenArchive, match="or 1 files"):
        unpack_gzip(archive, tmp_path / "model", Limits(members=1))


def test_what_follows_the_last_member_is_checked_and_takes_little_memory(tmp_path: Path) -> None:
    archive = tmp_path / "model.tar.gz"
    archive.write_bytes(packed := gzip.compress(bytes(24 << 20), 1))
    tracemalloc.start()
    try:
        unpack_gzip(archive, tmp_path / "model")
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    archive.write_bytes(packed[:-8] + bytes(8))
    with pytest.raises(BrokenArchive, match="it is not gzip, or damaged: CRC check failed"):
        unpack_gzip(archive, tmp_path / "model")
