"""The log lines of AWS's algorithm. Metric definitions and log parsers read them, so their form is a contract."""

import logging
import sys
from pathlib import Path

TAB = "#011"  # AWS's log driver turns a tab into this, so parsers expect it


def container_log() -> logging.Logger:
    """Return a logger that writes `[MM/DD/YYYY HH:MM:SS INFO <thread>] …` to standard output, a line at a time."""
    log = logging.getLogger("image_classification")
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("[%(asctime)s %(levelname)s %(thread)d] %(message)s", "%m/%d/%Y %H:%M:%S"))
    log.handlers = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False
    return log


class TrainingLog:
    """Writer of a run's lines. SageMaker reads the metrics `train:accuracy` and `validation:accuracy` from them.

    Only one process of a job has metrics: SageMaker would count a metric once for each process that logs it.
    """

    def __init__(self, log: logging.Logger, has_metrics: bool = True) -> None:
        self.log, self.has_metrics = log, has_metrics

    def note(self, message: str) -> None:
        self.log.info(message)

    def metric(self, line: str, *values: object) -> None:
        if self.has_metrics:
            self.log.info(line, *values)

    def share_of_epoch(self, epoch: int, images: float) -> None:
        """Log how much of an epoch ran here, in a process that logs no metrics."""
        if not self.has_metrics:
            self.note(f"Epoch[{epoch}]: {images:.0f} images trained here.")

    def batch(self, epoch: int, batch: int, samples_per_second: float, accuracy: float) -> None:
        speed = f"Speed: {samples_per_second:.2f} samples/sec"
        self.metric("Epoch[%d] Batch [%d]%s%s%saccuracy=%f", epoch, batch, TAB, speed, TAB, accuracy)

    def train_accuracy(self, epoch: int, accuracy: float) -> None:
        self.metric("Epoch[%d] Train-accuracy=%f", epoch, accuracy)

    def time_cost(self, epoch: int, seconds: float) -> None:
        self.metric("Epoch[%d] Time cost=%.3f", epoch, seconds)

    def validation_accuracy(self, epoch: int, accuracy: float) -> None:
        self.metric("Epoch[%d] Validation-accuracy=%f", epoch, accuracy)

    def top_k_accuracy(self, epoch: int, phase: str, k: int, accuracy: float) -> None:
        self.metric("Epoch[%d] %s-top_k_accuracy_%d=%f", epoch, phase, k, accuracy)

    def best_model(self, accuracy: float) -> None:
        self.metric("Storing the best model with validation accuracy: %f", accuracy)

    def saved_checkpoint(self, path: Path) -> None:
        self.metric('Saved checkpoint to "%s"', path)
