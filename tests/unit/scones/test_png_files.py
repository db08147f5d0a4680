import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Protocol

import numpy as np
import pytest
from PIL import Image

from scones.dataset.cifar_archive import read_archive
from scones.dataset.manifests import Dataset, parse_manifest
from scones.dataset.png_files import read_dataset, write_dataset
from scones.errors import ArchiveError

CLASSES = ("bicycle", "motorcycle")
FIVE = ("motorcycle", "bus", "bicycle", "pickup_truck", "train")
GOLDEN = {
    "train.lst": (30_604, "3c74fc8f6895ceed3c309940d67b21bffce9a750bf613bbdadd435e251627049"),
    "test.lst": (5_920, "d9a20a8ec8a0efb8ddbe562db2d16bed563c00426718d57bf99242b74781c983"),
}


class Parts(Protocol):
    """The content of an archive. A test damages one part of it."""

    members: dict[str, bytes]
    links: dict[str, str]

    def write(self, path: Path) -> Path: ...


def write(archive: Path, folder: Path) -> Path:
    for _ in write_dataset(read_archive(archive), "name", folder, CLASSES):
        pass
    return folder


def test_the_manifest_has_row_label_and_name_in_order(archive: Path, tmp_path: Path) -> None:
    folder = write(archive, tmp_path / "staged")
    assert (folder / "test.lst").read_bytes() == b"0\t1\ttest_s_000000.png\n2\t0\ttest_s_000002.png\n"
    assert parse_manifest((folder / "test.lst").read_bytes()) == {"test_s_000000.png": 1, "test_s_000002.png": 0}


def test_images_are_rgb_with_each_plane_in_its_place(archive: Path, tmp_path: Path) -> None:
    folder = write(archive, tmp_path / "staged")
    row = read_archive(archive).test.data[2]
    with Image.open(folder / "test" / "test_s_000002.png") as image:
        assert (image.mode, image.size) == ("RGB", (32, 32))
        pixels = np.asarray(image)
    assert tuple(pixels[1, 2]) == (row[34], row[1024 + 34], row[2048 + 34])


def test_the_folder_has_a_record(archive: Path, tmp_path: Path) -> None:
    dataset = read_dataset(write(archive, tmp_path / "staged"))
    assert dataset == Dataset("name", dataset.digest if dataset else "", 4, 2, CLASSES)
    assert read_dataset(tmp_path) is None


def test_a_file_name_with_a_path_is_refused(parts: Parts, tmp_path: Path) -> None:
    test = parts.members["cifar-100-python/test"]
    parts.members["cifar-100-python/test"] = test.replace(b"test_s_000000.png", b"../../.bash_a.png")
    with pytest.raises(ArchiveError, match="only plain names"):
        write(parts.write(tmp_path / "evil.tar.gz"), tmp_path / "staged")
    assert not (tmp_path / "staged").exists()


def test_the_same_file_name_twice_is_refused(parts: Parts, tmp_path: Path) -> None:
    """Two rows of one name would be one PNG file, with the label of the first and the pixels of the second."""
    test = parts.members["cifar-100-python/test"]
    parts.members["cifar-100-python/test"] = test.replace(b"test_s_000002.png", b"test_s_000000.png")
    with pytest.raises(ArchiveError, match="test has the same file name twice"):
        write(parts.write(tmp_path / "twice.tar.gz"), tmp_path / "staged")


def test_a_class_without_rows_is_an_error_and_leaves_no_files(
    parts: Parts, make_batch: Callable[[list[int], str], bytes], tmp_path: Path
) -> None:
    parts.members["cifar-100-python/test"] = make_batch([8, 8, 19], "test")
    with pytest.raises(ArchiveError, match="test has no image of the class motorcycle"):
        write(parts.write(tmp_path / "wrong.tar.gz"), tmp_path / "out" / "staged")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_class_that_is_not_in_the_archive_is_named(parts: Parts, tmp_path: Path) -> None:
    meta = parts.members["cifar-100-python/meta"]
    parts.members["cifar-100-python/meta"] = meta.replace(b"bicycle", b"tricycl", 1)
    with pytest.raises(ArchiveError, match=r"meta has no class 'bicycle': set CLASSES to some of .*tricycl"):
        write(parts.write(tmp_path / "wrong.tar.gz"), tmp_path / "staged")


def test_labels_follow_the_order_of_the_class_names(
    parts: Parts, make_batch: Callable[[list[int], str], bytes], tmp_path: Path
) -> None:
    names = [f"class_{number}" for number in range(100)]
    names[8], names[48], names[13], names[58], names[90] = "bicycle", "motorcycle", "bus", "pickup_truck", "train"
    parts.members["cifar-100-python/meta"] = pickle.dumps({"fine_label_names": names}, protocol=2)
    for split in ("train", "test"):
        parts.members[f"cifar-100-python/{split}"] = make_batch([90, 19, 8, 13, 58, 48], split)
    archive = parts.write(tmp_path / "five.tar.gz")
    folder = tmp_path / "staged"
    for _ in write_dataset(read_archive(archive), "name", folder, FIVE):
        pass
    assert list(parse_manifest((folder / "test.lst").read_bytes()).values()) == [4, 2, 1, 3, 0]
    dataset = read_dataset(folder)
    assert dataset is not None
    assert (dataset.classes, dataset.train_images) == (FIVE, 5)


@pytest.mark.slow
def test_the_manifests_of_cifar_100_have_the_golden_hashes(shared_data: ModuleType, tmp_path: Path) -> None:
    folder = write(shared_data.shared("data/cifar-100-python.tar.gz"), tmp_path / "staged")
    for name, (size, digest) in GOLDEN.items():
        data = (folder / name).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (size, digest)
    assert len(list((folder / "train").iterdir())) == 1000
    assert len(list((folder / "test").iterdir())) == 200
