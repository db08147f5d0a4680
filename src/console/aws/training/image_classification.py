"""AWS's image-classification algorithm: its metrics come once per epoch, and it keeps the model of the best epoch.

Source: docs.aws.amazon.com/sagemaker/latest/dg/IC-Hyperparameter.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from console.aws import logs
from console.aws.client import Aws
from console.aws.logs import Line
from console.aws.training.jobs import Job
from console.aws.training.logs import GROUP, Value, curves_in
from console.errors import NotThere
from display import epochs
from display.epochs import Epoch

IMAGE = re.compile(r"(?:[^/]+/)*image-classification(?:[:@].+)?")
LOGGED = re.compile(r"(Epoch\[\d+\]).*Validation-accuracy=([\d.eE+-]+)")
EPOCHS = "epochs"
CHOOSES = "validation:accuracy"
ITS_LINES = '"Validation-accuracy="'
"""The filter pattern of the lines that have the metric."""
LINES_MAX = 10_000
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
    """The epoch whose model is kept, and the last one that was validated."""

    kept: Epoch
    last: Epoch

    @property
    def value(self) -> float:
        return self.kept.value

    @property
    def epoch(self) -> int:
        return self.kept.number


def is_used_by(job: Job) -> bool:
    return is_image(job.image)


def is_image(uri: str) -> bool:
    """Whether the URI of an image is that of the algorithm."""
    return IMAGE.fullmatch(uri) is not None


def epochs_of(curve: Sequence[Value]) -> list[Epoch]:
    """Return the values of a metric by epoch. One whose line names no epoch is that of the next."""
    return [Epoch(each.epoch or each.number, each.value) for each in curve]


def best_of(curves: Mapping[str, Sequence[Value]]) -> Best | None:
    """Return the epoch whose model is kept, and the last one; None if none has been validated."""
    validated = epochs_of(curves.get(CHOOSES, ()))
    kept, last = epochs.kept(validated), epochs.last(validated)
    return Best(kept, last) if kept and last else None


async def best_epoch(aws: Aws, job: Job) -> Best | None:
    """Return the epoch whose model is kept, or would be if the job ended now, from those lines of the log alone.

    None if the job uses another algorithm, or if its log is gone or has no epoch yet. Raises Refused.
    """
    if not is_used_by(job) or CHOOSES not in job.metric_patterns:
        return None
    prefix = f"{job.name}/"
    since = int(job.created.timestamp() * 1000)  # an earlier job may have had the name
    try:
        events = await logs.filtered(
            aws, GROUP, LINES_MAX, startTime=since, logStreamNamePrefix=prefix, filterPattern=ITS_LINES
        )
    except NotThere:
        return None
    lines = sorted(map(logs.line_of, events), key=lambda line: line.time)
    return best_of(curves_in(lines, {CHOOSES: job.metric_patterns[CHOOSES]}))


def line_of(best: Best, curves: Mapping[str, Sequence[Value]], lines: Sequence[Line]) -> tuple[int, str] | None:
    """Return the place of the best epoch's line, and the log's name of the epoch; None if it is not among the lines.

    The log counts from zero, as MXNet's do: epoch 23 is `Epoch[22]`.
    """
    time = next(each.time for each in curves[CHOOSES] if Epoch(each.epoch or each.number, each.value) == best.kept)
    for place, line in enumerate(lines):
        match = LOGGED.search(line.text) if line.time.timestamp() == time else None
        if match and _is_number(match[2], best.value):
            return place, match[1]
    return None


def _is_number(text: str, value: float) -> bool:
    try:
        return float(text) == value
    except ValueError:
        return False


def defaults_of(job: Job) -> dict[str, str]:
    """Return the defaults of the hyperparameters that the job does not set, by name; none of other algorithms."""
    if not is_used_by(job):
        return {}
    return {name: value for name, value in DEFAULTS.items() if name not in job.hyperparameters}
