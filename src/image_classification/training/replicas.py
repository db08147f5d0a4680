"""The gradients of a batch, computed in parts of sixteen images, one part per thread.

Within a part each operation runs on one core, or on an equal share of the cores if there are more cores than parts. So
no core waits for another after each of a network's hundreds of short operations, and other programs on the machine slow
training down by no more than the time that they take.

Batch normalization uses the statistics of a part, as it does when several GPUs divide a batch. The size of a part does
not depend on the machine, so the number of cores changes the duration of training, but not its result beyond rounding.
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

PART = 16  # images
Scale = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Part:
    """A replica with its images and labels; `share` is their fraction of the batch."""

    replica: Classifier
    images: Tensor
    labels: Tensor
    share: float


@dataclass(frozen=True)
class PartResult:
    """`loss` is the part's contribution to the mean loss of the batch."""

    loss: Tensor
    logits: Tensor
    gradients: tuple[Tensor, ...]


class Replicas:
    """Copies of a model that share its weights. Each has its own statistics of batch normalization."""

    def __init__(self, model: Classifier, criterion: nn.Module, autocast: Autocast, batch: int, cores: int) -> None:
        self.model, self.criterion, self.autocast = model, criterion, autocast
        self.weights = list(model.parameters())
        # A GPU computes a whole batch at once.
        parts = max(1, batch // PART) if model.mean.device.type == "cpu" else 1
        # The memo makes deepcopy keep the weights themselves, so the copies share them.
        self.replicas = [copy.deepcopy(model, {id(weight): weight for weight in self.weights}) for _ in range(parts)]
        workers = min(cores, parts)
        self.pool = ThreadPoolExecutor(workers, "part", torch.set_num_threads, (max(1, cores // workers),))

    def backward(self, images: Tensor, labels: Tensor, scale: Scale) -> tuple[Tensor, Tensor]:
        """Return the mean loss of a batch and its logits; set the weights' gradients to those of the scaled loss."""
        count = len(self.replicas)
        shared = zip(self.replicas, images.tensor_split(count), labels.tensor_split(count), strict=True)
        parts = [Part(replica, part, truth, len(part) / len(images)) for replica, part, truth in shared]
        results = list(self.pool.map(lambda part: self._compute(part, scale), parts))
        gradients, *others = (result.gradients for result in results)
        for more in others:
            torch._foreach_add_(gradients, more)
        for weight, gradient in zip(self.weights, gradients, strict=True):
            weight.grad = gradient
        return torch.stack([result.loss for result in results]).sum(), torch.cat([result.logits for result in results])

    def _compute(self, part: Part, scale: Scale) -> PartResult:
        with self.autocast():
            logits = part.replica(part.images).float()
        loss = self.criterion(logits, part.labels) * part.share
        return PartResult(loss.detach(), logits.detach(), torch.autograd.grad(scale(loss), self.weights))

    def train(self) -> None:
        for replica in self.replicas:
            replica.train()

    @torch.no_grad()
    def collect_statistics(self) -> None:
        """Set the model's running statistics to the mean of its replicas' statistics."""
        for value, *values in zip(statistics_of(self.model), *map(statistics_of, self.replicas), strict=True):
            value.copy_(torch.stack(values).mean(0))


def statistics_of(model: Classifier) -> list[Tensor]:
    layers = [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]
    return [value for layer in layers for value in (layer.running_mean, layer.running_var) if value is not None]


@contextmanager
def on_one_core() -> Iterator[None]:
    """Make this thread compute alone, without PyTorch's team of threads, inside the block.

    The threads of the team spin for a while to wait for more work, on the cores that the parts need.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
