from pathlib import Path

import pytest
import torch
from torch import nn

from image_classification.data.preparation import Preparation
from image_classification.model_artifacts import Description, read_description
from image_classification.network.classifier import Classifier
from image_classification.network.model_folder import ModelFolder

DESCRIPTION = Description(2, False, Preparation(3, 4, 4))


def model() -> Classifier:
    layers = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2))
    return Classifier(layers, torch.zeros(3), torch.ones(3), False).eval()


def checkpoints(folder: Path) -> list[int]:
    return sorted(int(path.stem[-4:]) for path in folder.glob("*.params"))


def test_a_better_model_replaces_the_one_before(tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path, DESCRIPTION, None)
    for epoch in (0, 3):
        folder.store_best(model(), epoch)
    assert checkpoints(tmp_path) == [4]
    assert read_description(tmp_path).checkpoint == "image-classification-0004.params"
    assert (tmp_path / "model.onnx").is_file()


@pytest.mark.parametrize(("frequency", "kept"), [(None, []), (1, [0, 1, 2, 3]), (2, [1, 3]), (3, [2])])
def test_every_nth_epoch_keeps_a_checkpoint(tmp_path: Path, frequency: int | None, kept: list[int]) -> None:
    folder = ModelFolder(tmp_path, DESCRIPTION, frequency)
    assert [epoch for epoch in range(4) if folder.keeps(epoch)] == kept


def test_a_best_model_that_is_also_a_checkpoint_stays(tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path, DESCRIPTION, 2)
    for epoch in (1, 2, 4):
        folder.store_best(model(), epoch)
    assert checkpoints(tmp_path) == [2, 5]
