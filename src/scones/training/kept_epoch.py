"""The epoch whose model a training job keeps: the first with the highest accuracy on the validation images.

FinalMetricDataList has the last epoch's accuracy instead, which is that of no model that is ever served.
Source: docs.aws.amazon.com/sagemaker/latest/dg/IC-Hyperparameter.html
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

LOGGED = re.compile(r"Epoch\[(\d+)\] Validation-accuracy=([\d.eE+-]+)")


@dataclass(frozen=True)
class KeptEpoch:
    """The accuracy of the kept model on the validation images, and its epoch, counted from one."""

    accuracy: float
    epoch: int

    def __str__(self) -> str:
        return f"{self.accuracy:.3f} (epoch {self.epoch}, whose model is kept)"


def kept_epoch(lines: Sequence[str]) -> KeptEpoch | None:
    """Return the kept epoch by the lines of the job's log, which counts from zero; None if they have no accuracy."""
    epochs = [KeptEpoch(float(match[2]), int(match[1]) + 1) for line in lines if (match := LOGGED.search(line))]
    return max(epochs, key=lambda each: each.accuracy, default=None)
