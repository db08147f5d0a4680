"""The epoch whose model a training job keeps, by the rule of `display.epochs`.

FinalMetricDataList has the last epoch's accuracy instead, which is that of no model that is ever served.
Source: docs.aws.amazon.com/sagemaker/latest/dg/IC-Hyperparameter.html
"""

from collections.abc import Sequence
from dataclasses import dataclass

from display import epochs

LOGGED = "Validation-accuracy"


@dataclass(frozen=True)
class KeptEpoch:
    """The accuracy of the kept model on the validation images, and its epoch, counted from one."""

    accuracy: float
    epoch: int

    def __str__(self) -> str:
        return f"{self.accuracy:.3f} (epoch {self.epoch}, kept)"


def kept_epoch(lines: Sequence[str]) -> KeptEpoch | None:
    """Return the kept epoch by the lines of the job's log; None if they have no accuracy."""
    kept = epochs.kept(epochs.logged(lines, LOGGED))
    return KeptEpoch(kept.value, kept.number) if kept else None
