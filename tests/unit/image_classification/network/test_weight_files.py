import io
import shutil
import tarfile
from pathlib import Path

import pytest
import torch

from image_classification.failure import CustomerError
from image_classification.network.weight_files import extract_model_files, read_model

from ..conftest import Container


def test_extraction_stays_in_its_folder_and_skips_links(tmp_path: Path) -> None:
    archive, target = tmp_path / "model.tar.gz", tmp_path / "inside"
    target.mkdir()
    with tarfile.open(archive, "w:gz") as tar:
        for name in ("../../outside.params", "/absolute.params"):
            info = tarfile.TarInfo(name)
            info.size = 1
            tar.addfile(info, io.BytesIO(b"x"))
        link = tarfile.TarInfo("link.params")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    extract_model_files(archive, target)
    assert sorted(path.name for path in tmp_path.rglob("*.params")) == ["absolute.params", "outside.params"]
    assert all(path.parent == target for path in tmp_path.rglob("*.params"))


def test_an_archive_of_too_many_files_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as tar:
        for number in range(1_001):
            tar.addfile(tarfile.TarInfo(str(number)))
    with pytest.raises(CustomerError, match="unpacks to more than"):
        extract_model_files(tmp_path / "model.tar.gz", tmp_path)


def test_the_best_of_several_checkpoints_is_read(trained: Container, tmp_path: Path) -> None:
    shutil.copytree(trained.model, tmp_path, dirs_exist_ok=True)
    (best,) = trained.model.glob("*.params")
    torch.save({}, tmp_path / "image-classification-9999.params")
    assert read_model(tmp_path, "it").weights.keys() == torch.load(best, weights_only=True).keys()


def test_one_file_of_weights_is_read_whatever_its_name(tmp_path: Path) -> None:
    torch.save({"weight": torch.ones(2)}, tmp_path / "weights")
    model = read_model(tmp_path / "weights", "it")
    assert model.description is None
    assert model.weights["weight"].tolist() == [1, 1]


def test_the_last_checkpoint_is_read_if_nothing_names_the_best(tmp_path: Path) -> None:
    for number in (1, 2):
        torch.save({"weight": torch.tensor(number)}, tmp_path / f"image-classification-000{number}.params")
    assert read_model(tmp_path, "it").weights["weight"] == 2


@pytest.mark.parametrize("content", [torch.ones(2), {"weight": 1}, [torch.ones(2)]])
def test_a_file_without_named_tensors_is_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(CustomerError, match=r"a\.pth holds something other than named weights"):
        read_model(tmp_path, "it")


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").touch()
    with pytest.raises(CustomerError, match=r"it has no file of weights: none that ends in \.params, \.pth, \.pt"):
        read_model(tmp_path, "it")


def test_two_archives_are_refused(tmp_path: Path) -> None:
    for name in ("a.tar.gz", "b.tgz"):
        (tmp_path / name).touch()
    with pytest.raises(CustomerError, match=r"it has 2 archives \(a\.tar\.gz, b\.tgz\)"):
        read_model(tmp_path, "it")
