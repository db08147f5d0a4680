"""The judgment of a model: its accuracy, the calibration of its probabilities, and whether it still improves."""

from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor, nn

from image_classification.data.dataset import Dataset
from image_classification.network.classifier import Classifier
from image_classification.training.distributed.world import ALL, ALONE, Share, World

EVALUATION_BATCH = 100


@dataclass
class Tally:
    """Counts of the answers that are right, and of those whose right class is among the first k."""

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
        """Add up the counts of all processes."""
        self.seen, self.right, self.right_in_k = world.total(self.seen, self.right, self.right_in_k)

    @property
    def accuracy(self) -> float:
        return self.right / max(1, self.seen)

    @property
    def top_k_accuracy(self) -> float:
        return self.right_in_k / max(1, self.seen)


@torch.inference_mode()
def evaluate(model: Classifier, dataset: Dataset, tally: Tally, share: Share = ALL) -> tuple[Tensor, Tensor]:
    """Return logits and labels of this process's share of the images.

    It computes in float32, as serving does, whatever precision training uses. On a GPU with TF32, PyTorch's
    convolutions use TF32.
    """
    model.eval()
    device = model.mean.device
    logits = [torch.from_numpy(dataset.labels[:0])]  # so that an empty share has something to join
    truth = logits[:]
    for images, labels in islice(dataset.batches(EVALUATION_BATCH), share.index, None, share.count):
        logits.append(model(torch.from_numpy(images).to(device)).cpu())
        truth.append(torch.from_numpy(labels))
        tally.count(logits[-1], truth[-1])
    return torch.cat(logits), torch.cat(truth)


def calibrated_sharpness(logits: Tensor, labels: Tensor, world: World = ALONE) -> float:
    """Return the factor for the logits under which the labels are likeliest (Guo et al., 2017).

    Label smoothing makes a model underconfident; this corrects its probabilities without changing its answers.
    """
    factors = torch.logspace(-1, 1, 41, base=2).tolist()
    losses = [nn.functional.cross_entropy(logits * factor, labels, reduction="sum").item() for factor in factors]
    total_losses = world.total(*losses)
    return float(factors[total_losses.index(min(total_losses))])


def has_stalled(accuracies: list[float], min_epochs: int, patience: int, tolerance: float) -> bool:
    """Return whether to stop early: the last `patience` epochs beat the best before them by at most `tolerance`.

    Never before `min_epochs` epochs. `accuracies` are those of all epochs so far.
    """
    if len(accuracies) < max(min_epochs, patience + 1):
        return False
    return max(accuracies[-patience:]) - max(accuracies[:-patience]) <= tolerance
