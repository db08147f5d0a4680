"""A run whose training and storage are doubles, and whose model answers as the test says."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from image_classification.data.dataset import Dataset
from image_classification.data.image_sources import ImageFiles
from image_classification.data.labels import one_hot
from image_classification.data.preparation import Preparation
from image_classification.hyperparameters import parse_hyperparameters
from image_classification.log import TrainingLog
from image_classification.network.classifier import Classifier
from image_classification.network.model_folder import ModelFolder
from image_classification.training.distributed.world import ALL, ALONE, World
from image_classification.training.epochs import TrainingRun
from image_classification.training.evaluation import Tally
from image_classification.training.trainer import BatchLog, Trainer

IMAGES = 10


class Answers(nn.Module):
    """A model that answers class 0, which is right, for the first `right` images, and class 1 for the others."""

    right = 0

    def forward(self, images: Tensor) -> Tensor:
        return torch.eye(2)[[int(index >= self.right) for index in range(len(images))]]


@dataclass
class ScriptedTrainer:
    """A trainer after whose epochs the model is right about as many images as the script says."""

    script: Sequence[int]
    stop_in_epoch: int | None = None
    world: World = ALONE
    stopped: bool = False
    epochs: int = 0

    def __post_init__(self) -> None:
        self.answers = Answers()
        self.model = Classifier(self.answers, torch.zeros(3), torch.ones(3), False)

    def train_one_epoch(self, batches: int, tally: Tally, log: BatchLog) -> None:
        self.answers.right = self.script[self.epochs]
        self.stopped = self.epochs == self.stop_in_epoch
        self.epochs += 1


@dataclass
class Folder:
    """A model folder that records the epochs whose models are stored."""

    frequency: int | None = None
    best: list[int] = field(default_factory=list)
    checkpoints: list[int] = field(default_factory=list)
    sharpness: float = 0

    def keeps(self, epoch: int) -> bool:
        return self.frequency is not None and (epoch + 1) % self.frequency == 0

    def store_best(self, model: Classifier, epoch: int) -> Path:
        self.best.append(epoch)
        self.sharpness = model.sharpness.item()
        return Path(f"best-{epoch}")

    def store_checkpoint(self, model: Classifier, epoch: int) -> Path:
        self.checkpoints.append(epoch)
        return Path(f"checkpoint-{epoch}")


def run(trainer: ScriptedTrainer, folder: Folder, is_smoothed: bool = False, **texts: str) -> None:
    required = {"num_classes": "2", "num_training_samples": "64", "epochs": str(len(trainer.script))}
    pixels = np.zeros((IMAGES, 4, 4, 3), np.uint8)
    images = ImageFiles(Path(), tuple(map(str, range(IMAGES))))
    TrainingRun(
        hyperparameters=parse_hyperparameters({**required, **texts}),
        trainer=cast(Trainer, trainer),
        validation=Dataset("validation", images, one_hot([0] * IMAGES, 2), Preparation(3, 4, 4), pixels),
        validation_share=ALL,
        batches_per_epoch=1,
        folder=cast(ModelFolder, folder),
        log=TrainingLog(logging.getLogger("test")),
        is_smoothed=is_smoothed,
    ).run()


def test_only_a_strictly_better_model_is_stored() -> None:
    folder = Folder()
    run(ScriptedTrainer([5, 5, 7, 6, 7, 8]), folder)
    assert (folder.best, folder.checkpoints) == ([0, 2, 5], [])


def test_checkpoints_are_kept_beside_the_best_model() -> None:
    folder = Folder(frequency=2)
    run(ScriptedTrainer([5, 4, 6, 6, 4, 7]), folder)
    assert (folder.best, folder.checkpoints) == ([0, 2, 5], [1, 3])


def test_a_run_stops_early_when_the_accuracy_stalls(caplog: pytest.LogCaptureFixture) -> None:
    trainer = ScriptedTrainer([5, 7, 7, 7, 9])
    with caplog.at_level(logging.INFO):
        run(trainer, Folder(), early_stopping="1", early_stopping_min_epochs="1", early_stopping_patience="2")
    assert trainer.epochs == 4
    assert "Early stopping after Epoch[3] (epoch 4 of 5): " in caplog.text


def test_a_run_continues_without_early_stopping() -> None:
    trainer = ScriptedTrainer([5] * 12)
    run(trainer, Folder(), early_stopping_min_epochs="1", early_stopping_patience="2")
    assert trainer.epochs == 12


def test_a_request_to_stop_ends_the_run_without_another_validation(caplog: pytest.LogCaptureFixture) -> None:
    trainer, folder = ScriptedTrainer([5, 9, 9], stop_in_epoch=1), Folder()
    with caplog.at_level(logging.INFO):
        run(trainer, folder)
    assert (trainer.epochs, folder.best) == (2, [0])
    assert "Stopped in Epoch[1] (epoch 2 of 3) by request" in caplog.text


def test_a_run_that_is_stopped_in_its_first_epoch_still_stores_a_model() -> None:
    folder = Folder()
    run(ScriptedTrainer([5, 9], stop_in_epoch=0), folder)
    assert folder.best == [0]


@pytest.mark.parametrize(("is_smoothed", "calibrated"), [(True, True), (False, False)])
def test_a_model_of_smoothed_labels_is_calibrated(is_smoothed: bool, calibrated: bool) -> None:
    folder = Folder()
    run(ScriptedTrainer([10]), folder, is_smoothed)
    assert (folder.sharpness > 1) == calibrated
