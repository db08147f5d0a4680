"""The epoch whose model a training job keeps, by the rule of `display.epochs`.

FinalMetricDataList has the last epoch's accuracy instead, which is that of no model that is ever served.
Source: docs.aws.amazon.com/sagemaker/latest/dg/IC-Hyperparameter.html
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from display import epochs
from display.epochs import Epoch

LOGGED = re.compile(r"Epoch\[(\d+)\] Validation-accuracy=([\d.eE+-]+)")


@dataclass(frozen=True)
class KeptEpoch:
    """The accuracy of the kept model on the validation images, and its epoch, counted from one."""

    accuracy: float
    epoch: int

    def __str__(self) -> str:
        return f"{self.accuracy:.3f} (epoch {self.epoch}, kept)"


def kept_epoch(lines: Sequence[str]) -> KeptEpoch | None:
    """Return the kept epoch by the lines of the job's log; None if they have no accuracy."""
    matches = (LOGGED.search(line) for line in lines)
    kept = epochs.kept(Epoch(int(match[1]) + 1, float(match[2])) for match in matches if match)
    return KeptEpoch(kept.value, kept.number) if kept else None
