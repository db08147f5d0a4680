"""The gradients of a batch, computed in parts of sixteen images that run side by side.

Within a part each operation runs on one core (or on an equal share of the cores, where there are more of them than
parts). So no core waits for another after each of a network's hundreds of short operations, and a busy machine slows
training down by no more than the time that it takes away.

Batch normalization uses the statistics of a part, as it does when a batch is shared by several GPUs. The size of a part
does not depend on the machine: the number of cores changes how long training takes, and what comes out of it by no more
than rounding.
"""

import copy
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from image_classification.network.classifier import Classifier
from image_classification.training.devices import Autocast

PART = 16
Scale = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Part:
    """A replica with the images and labels that it is to learn from; `share` is their part of the batch."""

    replica: Classifier
    images: Tensor
    labels: Tensor
    share: float


@dataclass(frozen=True)
class Answer:
    loss: Tensor
    logits: Tensor
    gradients: tuple[Tensor, ...]


class Replicas:
    """Copies of a model that share its weights, and have statistics of batch normalization of their own."""

    def __init__(self, model: Classifier, criterion: nn.Module, autocast: Autocast, batch: int, cores: int) -> None:
        self.model, self.criterion, self.autocast = model, criterion, autocast
        self.weights = list(model.parameters())
        parts = max(1, batch // PART) if model.mean.device.type == "cpu" else 1
        self.replicas = [copy.deepcopy(model, {id(weight): weight for weight in self.weights}) for _ in range(parts)]
        workers = min(cores, parts)
        self.pool = ThreadPoolExecutor(workers, "part", torch.set_num_threads, (max(1, cores // workers),))

    def backward(self, images: Tensor, labels: Tensor, scale: Scale) -> tuple[Tensor, Tensor]:
        """The mean loss of a batch, and its logits. The weights have its gradients, those of the scaled loss."""
        count = len(self.replicas)
        shared = zip(self.replicas, images.tensor_split(count), labels.tensor_split(count), strict=True)
        parts = [Part(replica, part, truth, len(part) / len(images)) for replica, part, truth in shared]
        answers = list(self.pool.map(lambda part: self._answer(part, scale), parts))
        gradients, *others = (answer.gradients for answer in answers)
        for more in others:
            torch._foreach_add_(gradients, more)
        for weight, gradient in zip(self.weights, gradients, strict=True):
            weight.grad = gradient
        return torch.stack([answer.loss for answer in answers]).sum(), torch.cat([answer.logits for answer in answers])

    def _answer(self, part: Part, scale: Scale) -> Answer:
        with self.autocast():
            logits = part.replica(part.images).float()
        loss = self.criterion(logits, part.labels) * part.share
        return Answer(loss.detach(), logits.detach(), torch.autograd.grad(scale(loss), self.weights))

    def train(self) -> None:
        for replica in self.replicas:
            replica.train()

    @torch.no_grad()
    def collect_statistics(self) -> None:
        """Gives the model the mean of its replicas' running statistics."""
        for value, *values in zip(statistics_of(self.model), *map(statistics_of, self.replicas), strict=True):
            value.copy_(torch.stack(values).mean(0))


def statistics_of(model: Classifier) -> list[Tensor]:
    layers = [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]
    return [value for layer in layers for value in (layer.running_mean, layer.running_var) if value is not None]


@contextmanager
def on_one_core() -> Iterator[None]:
    """What this thread computes between the parts, it computes alone.

    The threads of a team wait for more work by spinning for a while, on the cores that the parts need.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
