"""One training job, from its hyperparameters and channels to the files of its best model."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import torch

from image_classification.artefacts import DESCRIPTION_FILE, ONNX_FILE, Description, checkpoint_name, write_atomically
from image_classification.augmentation import augmentation
from image_classification.dataset import Dataset, load_dataset
from image_classification.export import to_onnx
from image_classification.failure import CustomerError
from image_classification.hyperparameters import Hyperparameters
from image_classification.images import Preparation
from image_classification.log import TrainingLog
from image_classification.model import Classifier, channels_last, network, parameter_count
from image_classification.optimisation import criterion_for, optimizer_for, schedule_for
from image_classification.paths import ContainerPaths
from image_classification.recipe import Recipe, recipe_for
from image_classification.training import (
    Autocast,
    Tally,
    Trainer,
    calibrated_sharpness,
    evaluate,
    has_stalled,
    shuffled_batches,
    statistics,
)

SEED = 42


@dataclass
class Job:
    given: Hyperparameters
    trainer: Trainer
    validation: Dataset
    folder: Path
    log: TrainingLog
    is_smoothed: bool
    accuracies: list[float] = field(default_factory=list)
    best_epoch: int | None = None

    def run(self) -> None:
        """Ends when the epochs are over, the accuracy stalls or the job is stopped; the best model is in the folder."""
        for epoch in range(self.given.epochs):
            self.run_epoch(epoch)
            if self.trainer.stopping():
                self.log.note(f"Stopped in epoch {epoch} by request; the best model so far is kept.")
                break
            if self.given.early_stopping and self.has_stalled():
                self.log.note(f"Early stopping after epoch {epoch}: the validation accuracy no longer improves.")
                break

    def run_epoch(self, epoch: int) -> None:
        started = time.perf_counter()
        tally = self.tally()
        batches = self.given.num_training_samples // self.given.mini_batch_size
        self.trainer.train_one_epoch(batches, tally, partial(self.log.batch, epoch))
        if self.trainer.stopping() and self.best_epoch is not None:
            return
        self.log.train_accuracy(epoch, tally.accuracy)
        self.log.time_cost(epoch, time.perf_counter() - started)
        self.validate(epoch, tally)

    def validate(self, epoch: int, training: Tally) -> None:
        tally = self.tally()
        self.trainer.model.sharpness.fill_(1)
        logits = evaluate(self.trainer.model, self.validation, tally)
        self.log.validation_accuracy(epoch, tally.accuracy)
        if self.given.top_k is not None:
            self.log.top_k_accuracy(epoch, "Train", self.given.top_k, training.top_k_accuracy)
            self.log.top_k_accuracy(epoch, "Validation", self.given.top_k, tally.top_k_accuracy)
        if not self.accuracies or tally.accuracy > max(self.accuracies):
            if self.is_smoothed:
                labels = torch.from_numpy(self.validation.labels)
                self.trainer.model.sharpness.fill_(calibrated_sharpness(logits, labels))
            self.store_best(epoch, tally.accuracy)
        elif self.is_checkpoint(epoch):
            self.save_checkpoint(epoch)
        self.accuracies.append(tally.accuracy)

    def store_best(self, epoch: int, accuracy: float) -> None:
        self.log.best_model(accuracy)
        model = to_onnx(self.trainer.model, self.given.image_shape, self.given.num_classes, self.given.multi_label)
        write_atomically(self.folder / ONNX_FILE, partial(onnx.save, model))
        self.save_checkpoint(epoch)
        if self.best_epoch is not None and not self.is_checkpoint(self.best_epoch):
            (self.folder / checkpoint_name(self.best_epoch)).unlink()
        self.best_epoch = epoch

    def is_checkpoint(self, epoch: int) -> bool:
        frequency = self.given.checkpoint_frequency
        return frequency is not None and (epoch + 1) % frequency == 0

    def save_checkpoint(self, epoch: int) -> None:
        path = self.folder / checkpoint_name(epoch)
        write_atomically(path, partial(torch.save, self.trainer.model.state_dict()))
        self.log.saved_checkpoint(path)

    def has_stalled(self) -> bool:
        return has_stalled(
            self.accuracies,
            self.given.early_stopping_min_epochs,
            self.given.early_stopping_patience,
            self.given.early_stopping_tolerance,
        )

    def tally(self) -> Tally:
        return Tally(self.given.multi_label, self.given.top_k or 1)


def prepare_job(given: Hyperparameters, paths: ContainerPaths, log: TrainingLog, stopping: Callable[[], bool]) -> Job:
    recipe = recipe_for(given)
    preparation = Preparation(*given.image_shape, given.resize)
    train, validation = (dataset(name, given, paths, preparation) for name in ("train", "validation"))
    if len(train) < given.mini_batch_size:
        raise CustomerError("The number of input images must be bigger or equal to the mini_batch_size.")
    log.note(f"Images: {len(train)} for training, {len(validation)} for validation.")
    trainer = trainer_for(given, recipe, train, stopping)
    size = f"{parameter_count(trainer.model):,} parameters"
    log.note(f"Network: {describe(recipe)}, {size}, on {torch.get_num_threads()} CPU threads.")
    description = Description(given.num_classes, given.multi_label, preparation)
    write_atomically(paths.model / DESCRIPTION_FILE, description.write)
    return Job(given, trainer, validation, paths.model, log, recipe.label_smoothing > 0)


def dataset(name: str, given: Hyperparameters, paths: ContainerPaths, preparation: Preparation) -> Dataset:
    images, manifest = paths.channel(name), paths.channel(f"{name}_lst")
    return load_dataset(images, manifest, name, preparation, given.num_classes, given.multi_label)


def trainer_for(given: Hyperparameters, recipe: Recipe, train: Dataset, stopping: Callable[[], bool]) -> Trainer:
    torch.manual_seed(SEED)
    generator = np.random.default_rng(SEED)
    layers = network(recipe.num_layers, given.image_shape[0], given.num_classes)
    model = channels_last(Classifier(layers, *statistics(train), recipe.mirror_averaging))
    return Trainer(
        model=model,
        criterion=criterion_for(recipe, given, torch.from_numpy(train.labels)),
        optimizer=optimizer_for(model, recipe, given),
        schedule=schedule_for(recipe, given, given.num_training_samples // given.mini_batch_size),
        dataset=train,
        augment=augmentation(recipe.augmentation, train.preparation),
        batches=shuffled_batches(len(train), given.mini_batch_size, generator),
        generator=generator,
        autocast=autocast_for(given.precision_dtype),
        stopping=stopping,
    )


def autocast_for(precision_dtype: str) -> Autocast:
    """bfloat16 where float16 is asked for, and where the processor computes it faster than float32."""
    if precision_dtype == "float16":
        return partial(torch.autocast, "cpu", dtype=torch.bfloat16)
    return contextlib.nullcontext


def describe(recipe: Recipe) -> str:
    return "the default for small images" if recipe.num_layers is None else f"ResNet-{recipe.num_layers}"
