"""The training loop. Pure: it knows no paths and no platform."""

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from image_classification.data.augmentation import Augmentation
from image_classification.data.dataset import Dataset
from image_classification.failure import AlgorithmError
from image_classification.network.classifier import Classifier
from image_classification.training.devices import Precision
from image_classification.training.distributed.world import ALL, ALONE, Share, World
from image_classification.training.optimizers import Optimizer
from image_classification.training.replicas import Replicas, on_one_core
from image_classification.training.schedules import Schedule

Item = TypeVar("Item")
LOG_EVERY_BATCHES = 20
EVALUATION_BATCH = 100
BatchLog = Callable[[int, float, float], None]  # batch, samples per second, running accuracy


@dataclass
class Tally:
    """Right answers among those given, and the same within the first k classes."""

    multi_label: bool
    k: int
    seen: float = 0.0
    right: float = 0.0
    right_in_k: float = 0.0

    def count(self, logits: Tensor, labels: Tensor) -> None:
        self.seen += len(labels)
        if self.multi_label:
            self.right += ((logits > 0) == (labels > 0.5)).float().mean(1).sum().item()
            return
        truth = labels.argmax(1, keepdim=True)
        ranked = logits.topk(self.k, dim=1).indices == truth
        self.right += ranked[:, 0].sum().item()
        self.right_in_k += ranked.sum().item()

    def add_up(self, world: World) -> None:
        """Over all processes."""
        self.seen, self.right, self.right_in_k = world.total(self.seen, self.right, self.right_in_k)

    @property
    def accuracy(self) -> float:
        return self.right / max(1, self.seen)

    @property
    def top_k_accuracy(self) -> float:
        return self.right_in_k / max(1, self.seen)


def shuffled_batches(
    images: int, size: int, generator: np.random.Generator, share: Share = ALL
) -> Iterator[npt.NDArray[np.int64]]:
    """For ever, every image once before any image again; an epoch may be shorter or longer than the data set.

    Processes that share images and seed draw the same batches of `size` together, and each takes its part of them.
    """
    waiting = np.empty(0, dtype=np.int64)
    while True:
        while len(waiting) < size:
            waiting = np.concatenate([waiting, generator.permutation(images)])
        yield waiting[share.index : size : share.count]
        waiting = waiting[size:]


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The same, each made while the one before it is used: reading and changing images takes no time of its own."""
    with ThreadPoolExecutor(1, "ahead") as pool:
        coming = pool.submit(next, items)
        while True:
            item = coming.result()
            coming = pool.submit(next, items)
            yield item


@dataclass
class Trainer:
    """A model with everything that changes it.

    `stopping` is asked after each batch; when it says so in any process, the epoch ends early in all.
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
        for indices in self.batches:
            images = self.dataset.augmented(indices, self.augment, self.generator)
            yield torch.from_numpy(images), torch.from_numpy(self.dataset.labels[indices])

    def train_one_batch(self, images: Tensor, labels: Tensor, tally: Tally) -> None:
        images, labels = images.to(self.precision.device), labels.to(self.precision.device)
        loss, logits = self.replicas.backward(images, labels, self.scaler.scale)
        self.agree(loss.item())
        self.world.average(self.optimizer.gradients)
        self.scaler.step(cast(torch.optim.Optimizer, self.optimizer), rate=self.schedule(self.step))
        self.scaler.update()
        self.step += 1
        tally.count(logits, labels)

    def agree(self, loss: float) -> None:
        """Processes that part here would wait for each other for ever: all stop, or all fail, or all go on."""
        sum_of_losses, stops = self.world.total(loss, self.stopping())
        self.stopped = stops > 0
        if not math.isfinite(sum_of_losses):
            rate = self.schedule(self.step)
            raise AlgorithmError(
                f"The loss became {sum_of_losses} at batch {self.step}. Use a learning_rate below {rate:g}."
            )


@torch.inference_mode()
def evaluate(model: Classifier, dataset: Dataset, tally: Tally, share: Share = ALL) -> tuple[Tensor, Tensor]:
    """Logits and labels of this process's share, in full precision: the model that is measured is the one served."""
    model.eval()
    device = model.mean.device
    logits = [torch.from_numpy(dataset.labels[:0])]  # a share may be empty
    truth = logits[:]
    for images, labels in islice(dataset.batches(EVALUATION_BATCH), share.index, None, share.count):
        logits.append(model(torch.from_numpy(images).to(device)).cpu())
        truth.append(torch.from_numpy(labels))
        tally.count(logits[-1], truth[-1])
    return torch.cat(logits), torch.cat(truth)


def calibrated_sharpness(logits: Tensor, labels: Tensor, world: World = ALONE) -> float:
    """Label smoothing makes a model too modest. The factor for its logits under which `labels` are likeliest."""
    factors = torch.logspace(-1, 1, 41, base=2).tolist()
    losses = [nn.functional.cross_entropy(logits * factor, labels, reduction="sum").item() for factor in factors]
    summed = world.total(*losses)
    return float(factors[summed.index(min(summed))])


def has_stalled(accuracies: list[float], min_epochs: int, patience: int, tolerance: float) -> bool:
    """Early stopping: the last `patience` epochs beat the best before them by no more than `tolerance`."""
    if len(accuracies) < max(min_epochs, patience + 1):
        return False
    return max(accuracies[-patience:]) - max(accuracies[:-patience]) <= tolerance


def statistics(dataset: Dataset) -> tuple[Tensor, Tensor]:
    """The mean and standard deviation of each channel, over (at most the first thousand of) the images."""
    images = [dataset.image(index) for index in range(min(len(dataset), 1000))]
    pixels = np.concatenate([image.reshape(-1, image.shape[2]) for image in images])
    return torch.from_numpy(pixels.mean(0)), torch.from_numpy(pixels.std(0))
