"""The metrics that the container computes itself, beside XGBoost's own.

Source: sagemaker_xgboost_container/metrics/custom_metrics.py and algorithm_mode/train_utils.py
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import metrics

Score = Callable[[Any, Any], float]
ZERO_DIVISION = 0  # classes without predictions: scikit-learn's default, without its warning


def _averaged(function: Callable[..., float], average: str) -> Score:
    return lambda labels, predicted: function(labels, predicted, average=average, zero_division=ZERO_DIVISION)


CLASSIFICATION: Mapping[str, Score] = {
    "accuracy": metrics.accuracy_score,
    "balanced_accuracy": metrics.balanced_accuracy_score,
    "f1": _averaged(metrics.f1_score, "macro"),
    "f1_binary": _averaged(metrics.f1_score, "binary"),
    "f1_macro": _averaged(metrics.f1_score, "macro"),
    "precision": _averaged(metrics.precision_score, "binary"),
    "precision_macro": _averaged(metrics.precision_score, "macro"),
    "precision_micro": _averaged(metrics.precision_score, "micro"),
    "recall": _averaged(metrics.recall_score, "binary"),
    "recall_macro": _averaged(metrics.recall_score, "macro"),
    "recall_micro": _averaged(metrics.recall_score, "micro"),
}
REGRESSION: Mapping[str, Score] = {
    "mse": metrics.mean_squared_error,
    "rmse": lambda labels, predicted: float(np.sqrt(metrics.mean_squared_error(labels, predicted))),
    "mae": metrics.mean_absolute_error,
    "r2": metrics.r2_score,
}


@dataclass(frozen=True)
class Evaluation:
    """The metrics that XGBoost computes, those that the container computes, and the one that early stopping watches."""

    of_xgboost: tuple[str, ...]
    of_container: tuple[str, ...]
    watched: str | None

    @classmethod
    def of(cls, eval_metric: Sequence[str] | None, tuning_objective: str | None) -> Evaluation:
        """Return the evaluation. The metric of a tuning job, such as `validation:rmse`, counts as one more metric."""
        objective = tuning_objective.split(":")[1].split(",") if tuning_objective else []
        names = sorted({*objective, *(eval_metric or ())}) if objective and eval_metric else objective or eval_metric
        own = tuple(name for name in names or () if name in CLASSIFICATION or name in REGRESSION)
        others = tuple(name for name in names or () if name not in own)
        watched = objective[-1] if objective else eval_metric[-1] if eval_metric else None
        return cls(others, own, watched)

    def custom_metric(self, margins: Any, matrix: Any) -> list[tuple[str, float]]:
        """Return the container's metrics; `margins` are predictions before the objective's transformation."""
        return [(name, _score(name, margins, matrix.get_label())) for name in self.of_container]


def _score(name: str, margins: Any, labels: Any) -> float:
    if margins.size == 0:
        return 0.0
    if name in REGRESSION:
        return float(REGRESSION[name](labels, margins))
    return float(CLASSIFICATION[name](labels, _classes(margins)))


def _classes(margins: Any) -> Any:
    return np.argmax(margins, axis=-1) if margins.ndim > 1 else (margins > 0.0).astype(int)
