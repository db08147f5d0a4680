"""Validation of an archive's parts, and the error message for each invalid one."""

import gzip
import io
import pickle
import tarfile
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest

from scones.dataset.cifar_archive import MAX_HEADER_BYTES, MAX_MEMBER_BYTES, Batch, BoundedStream, drain, read_archive
from scones.errors import ArchiveError


class Parts(Protocol):
    members: dict[str, bytes]

    def write(self, path: Path) -> Path: ...


ROWS = np.zeros((1, 3072), np.uint8)
NAMES = [f"class {number}" for number in range(100)]


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (np.zeros((1, 3072), np.int8), "int8 (1, 3072)"),
        (np.zeros(3072, np.uint8), "uint8 (3072,)"),
        (np.zeros((1, 3072, 1), np.uint8), "uint8 (1, 3072, 1)"),
        (np.zeros((1, 3071), np.uint8), "uint8 (1, 3071)"),
    ],
)
def test_a_batch_has_rows_of_3072_bytes(data: Any, shown: str) -> None:
    with pytest.raises(ArchiveError) as refused:
        Batch(["a"], [1], data)
    assert str(refused.value) == f"has data of {shown}, not uint8 (rows, 3072)"


@pytest.mark.parametrize(("filenames", "labels"), [(["a", "b"], [1]), (["a"], [1, 2]), ([], [])])
def test_a_batch_has_a_name_and_a_label_for_each_row(filenames: list[str], labels: list[int]) -> None:
    with pytest.raises(ArchiveError) as refused:
        Batch(filenames, labels, ROWS)
    counts = f"{len(filenames)} filenames, {len(labels)} labels, 1 rows"
    assert str(refused.value) == f"has {counts}: the counts must be equal"


@pytest.mark.parametrize(
    ("part", "value", "message"),
    [
        ("meta", [1], "holds a list, not a dict: this is not an image archive"),
        ("meta", {}, "has no list of strings under 'fine_label_names'"),
        ("meta", {"fine_label_names": [1]}, "has no list of strings under 'fine_label_names'"),
        ("meta", {"fine_label_names": ["a"]}, "has 1 class names, not 100"),
        ("train", {}, "has no array under 'data': this is not an image archive"),
        ("train", {"data": ROWS}, "has no list of strings under 'filenames'"),
        ("train", {"data": ROWS, "filenames": "a"}, "has no list of strings under 'filenames'"),
        *(
            ("test", {"data": ROWS, "filenames": ["a"], "fine_labels": labels}, LABELS)
            for LABELS in ["has no list of labels from 0 to 99 under 'fine_labels'"]
            for labels in (None, 1, [100], [-1], [True], ["1"])
        ),
    ],
)
def test_a_part_with_invalid_content_is_an_error(
    parts: Parts, tmp_path: Path, part: str, value: object, message: str
) -> None:
    parts.members[f"cifar-100-python/{part}"] = pickle.dumps(value, protocol=2)
    path = parts.write(tmp_path / "wrong.tar.gz")
    with pytest.raises(ArchiveError) as refused:
        read_archive(path)
    assert str(refused.value) == f"{path} {message}"


@pytest.mark.parametrize("label", [0, 99])
def test_labels_go_from_0_to_99_and_keys_may_be_bytes(parts: Parts, tmp_path: Path, label: int) -> None:
    value = {b"data": ROWS, b"filenames": ["a"], "fine_labels": [label], 7: "left out"}
    parts.members["cifar-100-python/test"] = pickle.dumps(value, protocol=2)
    parts.members["cifar-100-python/meta"] = pickle.dumps({"fine_label_names": NAMES}, protocol=2)
    read = read_archive(parts.write(tmp_path / "archive.tar.gz"))
    assert (read.test.labels, read.test.filenames, read.class_names) == ([label], ["a"], NAMES)


def test_each_part_is_announced_before_it_is_read(parts: Parts, tmp_path: Path) -> None:
    told: list[str] = []
    read_archive(parts.write(tmp_path / "archive.tar.gz"), told.append)
    assert told == ["meta", "train", "test"]


@pytest.mark.parametrize("left", [5 * 1024**2, 5 * 1024**2 + 1])
def test_a_stream_that_ends_in_time_is_read_to_its_end(left: int) -> None:
    stream = io.BytesIO(bytes(5 * 1024**2))
    drain(stream, left)
    assert stream.read() == b""


def test_a_stream_that_is_too_long_is_not_read_to_its_end() -> None:
    stream = io.BytesIO(bytes(5 * 1024**2))
    with pytest.raises(ArchiveError, match="bytes after its last member: the whole archive is refused"):
        drain(stream, 2 * 1024**2)
    assert stream.tell() == 3 * 1024**2


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (MAX_MEMBER_BYTES, "{path} is not a .tar.gz in CIFAR-100's format "),
        (MAX_MEMBER_BYTES + 1, "{path} has 'cifar-100-python/x' of 268435457 bytes, not 0 to 268435456: the whole "),
    ],
)
def test_a_member_has_at_most_256_mib(tmp_path: Path, size: int, message: str) -> None:
    member = tarfile.TarInfo("cifar-100-python/x")
    member.size = size
    path = tmp_path / "large.tar.gz"
    path.write_bytes(gzip.compress(member.tobuf() + bytes(20 * 1024)))
    with pytest.raises(ArchiveError) as refused:
        read_archive(path)
    assert str(refused.value).startswith(message.format(path=path))


def test_an_archive_has_at_most_32_members(parts: Parts, tmp_path: Path) -> None:
    parts.members.update({f"cifar-100-python/{number}": b"" for number in range(29)})
    assert read_archive(parts.write(tmp_path / "full.tar.gz")).test.labels
    parts.members["cifar-100-python/one more"] = b""
    path = parts.write(tmp_path / "over.tar.gz")
    with pytest.raises(ArchiveError) as refused:
        read_archive(path)
    assert str(refused.value) == f"{path} has more than 32 members: the whole archive is refused"


def test_a_bounded_stream_returns_no_byte_more_than_allowed() -> None:
    stream = BoundedStream(gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(bytes(3 * MAX_HEADER_BYTES)))))
    stream.allow(10)
    assert len(stream.read(5)) == 5
    stream.allow(20)
    assert len(stream.read(2 * MAX_HEADER_BYTES + 25)) == 2 * MAX_HEADER_BYTES + 25
    with pytest.raises(ArchiveError) as refused:
        stream.read(1)
    assert str(refused.value) == "has headers of more than 65536 bytes: the whole archive is refused"
