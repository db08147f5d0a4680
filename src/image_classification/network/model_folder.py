"""Writer of `/opt/ml/model` during training: at any time the folder holds the best model so far, complete."""

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
    """`frequency` is the number of epochs between checkpoints that are kept beside the best model; None keeps none."""

    path: Path
    description: Description
    frequency: int | None
    best_epoch: int | None = None

    def keeps(self, epoch: int) -> bool:
        return self.frequency is not None and (epoch + 1) % self.frequency == 0

    def store_best(self, model: Classifier, epoch: int) -> Path:
        """Replace the best model; return the path of its checkpoint."""
        preparation = self.description.preparation
        shape = (preparation.channels, preparation.height, preparation.width)
        graph = to_onnx(on_cpu(model), shape, self.description.num_classes, self.description.multi_label)
        write_atomically(self.path / ONNX_FILE, partial(onnx.save, graph))
        checkpoint = self.store_checkpoint(model, epoch)
        self.description = replace(self.description, checkpoint=checkpoint.name)
        write_atomically(self.path / DESCRIPTION_FILE, self.description.write)
        # The description names the new checkpoint by now, so the old one can go.
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
