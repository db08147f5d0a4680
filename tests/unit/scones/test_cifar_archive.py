"""Every fault of an archive is one clear error. No archive runs code or writes outside its folder."""

import gzip
import pickle
import tarfile
from pathlib import Path
from types import ModuleType
from typing import Protocol

import numpy as np
import pytest

from scones.dataset.cifar_archive import read_archive
from scones.errors import ArchiveError


class Parts(Protocol):
    """The content of an archive. A test damages one part of it."""

    members: dict[str, bytes]
    links: dict[str, str]

    def write(self, path: Path) -> Path: ...


def refusal(path: Path) -> str:
    with pytest.raises(ArchiveError) as caught:
        read_archive(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_the_rows_of_all_parts_are_read(archive: Path) -> None:
    content = read_archive(archive)
    assert content.class_names[8] == "bicycle"
    assert (content.train.data.shape, content.test.data.shape) == ((6, 3072), (3, 3072))
    assert content.test.filenames[0] == "test_s_000000.png"
    assert content.train.labels == [19, 8, 48, 8, 19, 48]


def test_a_pickle_that_names_another_global_runs_nothing(parts: Parts, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    evil = (
        b"cos\nsystem\n(X" + len(str(witness) + "touch ").to_bytes(4, "little") + f"touch {witness}".encode() + b"tR."
    )
    parts.members["cifar-100-python/train"] = evil
    assert "os.system" in refusal(parts.write(tmp_path / "evil.tar.gz"))
    assert not witness.exists()


@pytest.mark.parametrize(
    "name",
    ["builtins eval", "numpy load", "numpy.core.multiarray fromstring", "numpy ndarray.tofile", "_codecs decode"],
)
def test_only_the_globals_of_arrays_are_resolved(parts: Parts, tmp_path: Path, name: str) -> None:
    module, attribute = name.split()
    parts.members["cifar-100-python/test"] = f"c{module}\n{attribute}\n.".encode()
    assert f"{module}.{attribute}" in refusal(parts.write(tmp_path / "evil.tar.gz"))


NEST = 200_000
RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\n"
DTYPE = b"cnumpy\ndtype\n"
HOSTILE = {
    "a key that is a deep tuple": b"})" + b"\x85" * NEST + b"K\x00s.",
    "a deep argument": RECONSTRUCT + b"(cnumpy\nndarray\n)" + b"\x85" * NEST + b"tR.",
    "a million lists": b"]" * 3_000_000 + b".",
    "a million marks": b"(" * 3_000_000 + b".",
    "a huge memo": b"U\x01ar\xff\xff\xff\x7f.",
    "a value that doubles": b"}K\x00\x85" + b"q\x00h\x00\x86" * 28 + b"K\x00s.",
    "a list that contains itself": b"]q\x00h\x00a.",
    "another opcode": b"I" + b"9" * 5000 + b"\n.",
    "an array of objects": DTYPE + b"(U\x01OK\x00K\x01tR.",
    "another encoding": b"c_codecs\nencode\n(U\x01aU\x03zipta.".replace(b"a.", b"R."),
    "a state of the wrong type": RECONSTRUCT + b")R}b.",
    "an array with another's dtype": RECONSTRUCT + b")R(K\x01K\x01\x85NNU\x01atb.",
    "more pixels than bytes": RECONSTRUCT + b")R(K\x01J\xff\xff\xff\x7f\x85" + DTYPE + b"(U\x02u1tRNU\x01atb.",
    "a long text, repeated": b"](T\xff\xff\x00\x00" + b"a" * 65535 + b"q\x00" + b"h\x00" * 1000 + b"e.",
    "an array that is not filled": b"}U\x04data" + RECONSTRUCT + b")Rs.",
    "nothing": b"",
    "no end": b"}",
}


SLOW = {"a million lists", "a million marks"}


@pytest.mark.parametrize(
    "data", [pytest.param(data, id=id_, marks=[pytest.mark.slow] * (id_ in SLOW)) for id_, data in HOSTILE.items()]
)
def test_a_hostile_pickle_is_refused(parts: Parts, tmp_path: Path, data: bytes) -> None:
    parts.members["cifar-100-python/test"] = b"\x80\x02" + data
    message = refusal(parts.write(tmp_path / "evil.tar.gz"))
    assert len(message) < len(str(tmp_path)) + 200


def test_a_long_name_is_not_read_completely(tmp_path: Path) -> None:
    path = tmp_path / "evil.tar.gz"
    name = tarfile.TarInfo("././@LongLink")
    name.type, name.size = tarfile.GNUTYPE_LONGNAME, 6 * 1024**3
    with gzip.open(path, "wb", compresslevel=1) as stream:
        stream.write(name.tobuf(tarfile.GNU_FORMAT) + bytes(8 * 1024**2))
    assert "headers of more than 65536 bytes" in refusal(path)


def test_a_long_chain_of_names_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "evil.tar.gz"
    name = tarfile.TarInfo("././@LongLink")
    name.type, name.size = tarfile.GNUTYPE_LONGNAME, 0
    with gzip.open(path, "wb") as stream:
        stream.write(name.tobuf(tarfile.GNU_FORMAT) * 20_000)
    refusal(path)


def test_pickles_of_python_3_and_numpy_2_are_read(parts: Parts, tmp_path: Path) -> None:
    for part in ("train", "test"):
        value = {
            b"filenames": ["a.png", "b.png"],
            b"fine_labels": [8, 48],
            b"data": np.arange(2 * 3072).astype(np.uint8).reshape(2, 3072),
        }
        parts.members[f"cifar-100-python/{part}"] = pickle.dumps(value, protocol=2)
    assert read_archive(parts.write(tmp_path / "archive.tar.gz")).test.data[1, 5] == (3072 + 5) % 256


@pytest.mark.slow
def test_cifar_100_is_read(shared_data: ModuleType) -> None:
    content = read_archive(shared_data.shared("data/cifar-100-python.tar.gz"))
    assert (content.train.data.shape, content.test.data.shape) == ((50_000, 3072), (10_000, 3072))


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/passwd", "cifar-100-python/../../outside", "elsewhere/train", "cifar-100-python-2/x"]
)
def test_a_path_outside_its_folder_refuses_the_whole_archive(parts: Parts, tmp_path: Path, name: str) -> None:
    parts.members[name] = b"anything"
    assert "outside its folder" in refusal(parts.write(tmp_path / "evil.tar.gz"))


def test_a_link_refuses_the_whole_archive(parts: Parts, tmp_path: Path) -> None:
    parts.links["cifar-100-python/link"] = "/etc/passwd"
    assert "link" in refusal(parts.write(tmp_path / "evil.tar.gz"))


def test_too_many_members_refuse_the_whole_archive(parts: Parts, tmp_path: Path) -> None:
    parts.members.update({f"cifar-100-python/{number}": b"" for number in range(40)})
    assert "more than 32 members" in refusal(parts.write(tmp_path / "evil.tar.gz"))


def test_other_files_in_the_folder_are_ignored(parts: Parts, tmp_path: Path) -> None:
    parts.members["cifar-100-python/file.txt~"] = b"an editor's"
    assert len(read_archive(parts.write(tmp_path / "archive.tar.gz")).train.labels) == 6


@pytest.mark.parametrize("share", [0.2, 0.6, 0.99])
def test_a_truncated_archive_is_reported_as_truncated(archive: Path, share: float) -> None:
    data = archive.read_bytes()
    archive.write_bytes(data[: int(len(data) * share)])
    assert "truncated or damaged" in refusal(archive)


def test_a_damaged_archive_is_found_by_its_checksum(archive: Path) -> None:
    data = bytearray(archive.read_bytes())
    data[-6] ^= 0xFF
    archive.write_bytes(bytes(data))
    assert "CRC" in refusal(archive)


@pytest.mark.parametrize("data", [b"", b"plain text", gzip.compress(b"no tar" * 500)])
def test_a_file_that_is_not_an_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "wrong.tar.gz"
    path.write_bytes(data)
    refusal(path)


def test_a_missing_part_is_named(parts: Parts, tmp_path: Path) -> None:
    del parts.members["cifar-100-python/test"]
    assert "no cifar-100-python/test" in refusal(parts.write(tmp_path / "wrong.tar.gz"))


@pytest.mark.parametrize("value", [[1, 2], "text", {"data": [1]}, {"filenames": ["a.png"], "fine_labels": [1]}])
def test_a_pickle_of_other_values_is_not_an_image_archive(parts: Parts, tmp_path: Path, value: object) -> None:
    parts.members["cifar-100-python/train"] = pickle.dumps(value, protocol=2)
    assert "not an image archive" in refusal(parts.write(tmp_path / "wrong.tar.gz"))


def test_unequal_counts_are_named(parts: Parts, tmp_path: Path) -> None:
    parts.members["cifar-100-python/test"] = parts.members["cifar-100-python/test"].replace(
        b"K0K\x13K\x08", b"K0K\x13", 1
    )
    assert "3 filenames, 2 labels, 3 rows" in refusal(parts.write(tmp_path / "wrong.tar.gz"))
