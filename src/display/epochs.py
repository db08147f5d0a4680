"""The epochs of a training job of the image-classification algorithm: which one is kept, which is the last.

This is the one rule of all pages and commands. The kept epoch is the first with the highest accuracy on the validation
images. The last one is the last that has a value: a job that is stopped while it validates has one of training more.
Epochs count from one, as the hyperparameter `epochs` does. The log counts from zero, and its number is what counts: an
epoch without a value does not move those after it.

Source: docs.aws.amazon.com/sagemaker/latest/dg/IC-Hyperparameter.html
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from display import figures

LOGGED = re.compile(r"\bEpoch\[(\d{1,9})\]")


@dataclass(frozen=True)
class Epoch:
    """An epoch, counted from one, and the value of a metric after it."""

    number: int
    value: float


def number_in(line: str) -> int | None:
    """Return the number of the epoch, counted from one, that a line of the log is about; None if it names none."""
    match = LOGGED.search(line)
    return int(match[1]) + 1 if match else None


def logged(lines: Sequence[str], metric: str) -> list[Epoch]:
    """Return the epochs of a metric by the lines of the log, such as `Validation-accuracy`. A value `nan` is none."""
    pattern = re.compile(rf"Epoch\[(\d+)\] {re.escape(metric)}=([\d.eE+-]+)")
    matches = (pattern.search(line) for line in lines)
    return [Epoch(int(match[1]) + 1, float(match[2])) for match in matches if match]


def kept(epochs: Iterable[Epoch]) -> Epoch | None:
    """Return the epoch whose model is kept, of those with an accuracy on the validation images; None without any."""
    return max(epochs, key=lambda each: (each.value, -each.number), default=None)


def last(epochs: Iterable[Epoch]) -> Epoch | None:
    """Return the last epoch that has a value; None without any."""
    return max(epochs, key=lambda each: each.number, default=None)


def told(last: Epoch, best: Epoch | None = None) -> str:
    """Return the words of a legend: `best 0.9688 at epoch 2, last 0.8125 at epoch 3`."""
    if best == last:
        return f"best and last {figures.number(last.value)} at epoch {last.number}"
    best_words = f"best {figures.number(best.value)} at epoch {best.number}, " if best else ""
    return f"{best_words}last {figures.number(last.value)} at epoch {last.number}"
