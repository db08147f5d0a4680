"""The training loop over batches. It knows no paths and no platform, so tests run it without a container."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from image_classification.data.augmentation import Augmentation
from image_classification.data.dataset import Dataset
from image_classification.failure import AlgorithmError
from image_classification.network.classifier import Classifier
from image_classification.training.batches import ahead
from image_classification.training.devices import Precision
from image_classification.training.distributed.world import World
from image_classification.training.evaluation import Tally
from image_classification.training.optimizers import Optimizer
from image_classification.training.replicas import Replicas, on_one_core
from image_classification.training.schedules import Schedule

LOG_EVERY_BATCHES = 20
BatchLog = Callable[[int, float, float], None]  # batch, samples per second, running accuracy


@dataclass
class Trainer:
    """A model with everything that changes it.

    `stopping` is asked after each batch. If it returns True in any process, the epoch ends early in all of them.
    """

    replicas: Replicas
    optimizer: Optimizer
    schedule: Schedule
    dataset: Dataset
    augment: Augmentation
    batches: Iterator[npt.NDArray[np.int64]]
    generator: np.random.Generator
    precision: Precision
    stopping: Callable[[], bool]
    world: World
    stopped: bool = False
    step: int = 0

    def __post_init__(self) -> None:
        self.scaler = self.precision.scaler
        self.examples = ahead(self.augmented())

    @property
    def model(self) -> Classifier:
        return self.replicas.model

    def train_one_epoch(self, batches: int, tally: Tally, log: BatchLog) -> None:
        self.replicas.train()
        with on_one_core():
            self.train_batches(batches, tally, log)
        self.replicas.collect_statistics()

    def train_batches(self, batches: int, tally: Tally, log: BatchLog) -> None:
        started = time.perf_counter()
        for batch in range(batches):
            images, labels = next(self.examples)
            self.train_one_batch(images, labels, tally)
            if self.stopped:
                return
            if batch and batch % LOG_EVERY_BATCHES == 0:
                elapsed = time.perf_counter() - started
                log(batch, LOG_EVERY_BATCHES * len(labels) / elapsed, tally.accuracy)
                started = time.perf_counter()

    def augmented(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield images and labels of the next batches, in CPU memory."""
        for indices in self.batches:
            images = self.dataset.augmented(indices, self.augment, self.generator)
            yield torch.from_numpy(images), torch.from_numpy(self.dataset.labels[indices])

    def train_one_batch(self, images: Tensor, labels: Tensor, tally: Tally) -> None:
        images, labels = images.to(self.precision.device), labels.to(self.precision.device)
        loss, logits = self.replicas.backward(images, labels, self.scaler.scale)
        self.agree(loss.item())
        self.world.average(self.optimizer.gradients)
        # The scaler skips the step if float16 gradients overflowed; in other precisions it only calls the optimizer.
        self.scaler.step(cast(torch.optim.Optimizer, self.optimizer), rate=self.schedule(self.step))
        self.scaler.update()
        self.step += 1
        tally.count(logits, labels)

    def agree(self, loss: float) -> None:
        """Decide, with the same result in all processes, whether to stop, fail or continue.

        Processes that decided differently would wait for each other forever. Raises AlgorithmError for a loss that is
        not finite.
        """
        sum_of_losses, stops = self.world.total(loss, self.stopping())
        self.stopped = stops > 0
        if not math.isfinite(sum_of_losses):
            rate = self.schedule(self.step)
            raise AlgorithmError(
                f"The loss became {sum_of_losses} at batch {self.step}. Use a learning_rate below {rate:g}."
            )
