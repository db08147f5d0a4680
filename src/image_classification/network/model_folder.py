"""`/opt/ml/model` while a job trains: always a whole model, the best so far."""

import copy
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import onnx
import torch

from image_classification.model_artifacts import (
    DESCRIPTION_FILE,
    ONNX_FILE,
    Description,
    checkpoint_name,
    write_atomically,
)
from image_classification.network.classifier import Classifier
from image_classification.network.onnx_export import to_onnx


@dataclass
class ModelFolder:
    """`frequency`: every how many epochs a checkpoint is kept beside the best model."""

    path: Path
    description: Description
    frequency: int | None
    best_epoch: int | None = None

    def keeps(self, epoch: int) -> bool:
        return self.frequency is not None and (epoch + 1) % self.frequency == 0

    def store_best(self, model: Classifier, epoch: int) -> Path:
        preparation = self.description.preparation
        shape = (preparation.channels, preparation.height, preparation.width)
        graph = to_onnx(on_cpu(model), shape, self.description.num_classes, self.description.multi_label)
        write_atomically(self.path / ONNX_FILE, partial(onnx.save, graph))
        checkpoint = self.store_checkpoint(model, epoch)
        self.description = replace(self.description, checkpoint=checkpoint.name)
        write_atomically(self.path / DESCRIPTION_FILE, self.description.write)
        if self.best_epoch is not None and not self.keeps(self.best_epoch):
            (self.path / checkpoint_name(self.best_epoch)).unlink()
        self.best_epoch = epoch
        return checkpoint

    def store_checkpoint(self, model: Classifier, epoch: int) -> Path:
        path = self.path / checkpoint_name(epoch)
        write_atomically(path, partial(torch.save, on_cpu(model).state_dict()))
        return path


def on_cpu(model: Classifier) -> Classifier:
    return model if model.mean.device.type == "cpu" else copy.deepcopy(model).cpu()
