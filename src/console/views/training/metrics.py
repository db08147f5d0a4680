"""Metrics: which direction is good, and of which epoch the value is that stands for a job."""

from __future__ import annotations

from console.aws.training.comparison import LAST, TRAINING_TIME, ComparedJob
from console.aws.training.image_classification import CHOOSES

SMALL_IS_GOOD = (
    "loss",
    "error",
    "duration",
    TRAINING_TIME,
    "rmse",
    "mse",
    "mae",
    "mape",
    "perplexity",
    "deviance",
    "nloglik",
)
LARGE_IS_GOOD = ("accuracy", "precision", "recall", "f1", "auc", "map", "ndcg", "iou", "bleu", "r2")
LAST_VALUE = "last value"
HAVE_MODELS = ("Completed", "Stopped")


def is_small_good(name: str) -> bool:
    return any(word in name.lower() for word in SMALL_IS_GOOD)


def has_direction(name: str) -> bool:
    """Whether it is known which values of a metric are good."""
    return is_small_good(name) or any(word in name.lower() for word in LARGE_IS_GOOD)


def kept(status: str) -> str:
    """Return what became of the model of a job's best epoch."""
    if status in HAVE_MODELS:
        return "kept"
    return "no model was kept" if status == "Failed" else "best so far"


def mark(status: str, epoch: int) -> str:
    """Return the name of the best epoch's mark in a chart."""
    return f"{'kept' if status in HAVE_MODELS else 'best'}: epoch {epoch}"


def origin(job: ComparedJob, name: str) -> str:
    """Return of which epoch a job's value of a metric is; empty if it has none."""
    if name not in job.metrics:
        return ""
    if name == CHOOSES and job.unread:
        return "last value, its log has not been read"
    epoch = job.epoch_of(name)
    return LAST_VALUE if epoch is None else f"epoch {epoch}, {kept(job.status)}"


def column_note(name: str, has_best: bool) -> str:
    """Return what all values of a metric's column have in common."""
    if name == CHOOSES and has_best:
        return "of the epoch that is kept"
    return "" if name.endswith(LAST) else LAST_VALUE
