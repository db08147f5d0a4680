"""AWS's image-classification algorithm: its metrics come once per epoch, and it keeps the model of the best epoch.

Source: docs.aws.amazon.com/sagemaker/latest/dg/IC-Hyperparameter.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from console.aws.training.jobs import Job
from console.aws.training.logs import Value

IMAGE = re.compile(r"(?:[^/]+/)*image-classification(?:[:@].+)?")
CHOOSES = "validation:accuracy"
DEFAULTS = {
    "mini_batch_size": "32",
    "epochs": "30",
    "image_shape": "3,224,224",
    "lr_scheduler_factor": "0.1",
    "early_stopping": "false",
    "use_pretrained_model": "0",
    "multi_label": "0",
    "use_weighted_loss": "0",
}
"""The defaults that do not depend on other hyperparameters."""


@dataclass(frozen=True)
class Best:
    """The best value of a metric, and its epoch, counted from one."""

    value: float
    epoch: int


def is_used_by(job: Job) -> bool:
    return IMAGE.fullmatch(job.image) is not None


def best_of(curves: Mapping[str, Sequence[Value]]) -> Best | None:
    """Return the epoch whose model is kept: the first with the highest accuracy on the validation images."""
    curve = curves.get(CHOOSES)
    if not curve:
        return None
    best = max(curve, key=lambda each: each.value)
    return Best(best.value, best.number)


def defaults_of(job: Job) -> dict[str, str]:
    """Return the defaults of the hyperparameters that the job does not set, by name."""
    return {name: value for name, value in DEFAULTS.items() if name not in job.hyperparameters}
