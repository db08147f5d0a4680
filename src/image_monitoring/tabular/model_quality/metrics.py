"""Metrics of predictions, as Model Monitor names and computes them. Source: "Model quality metrics" of the guide."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from image_monitoring.contract import InputError
from image_monitoring.tabular.model_quality.predictions import Prediction

Metrics = dict[str, float]
SAMPLES_LEAST, RESAMPLES, SHARE = 200, 5, 0.8  # for the standard deviation
SEED = 7
BETAS = {"f0_5": 0.5, "f1": 1.0, "f2": 2.0}
POSITIVE, NEGATIVE = "1", "0"
CURVE_POINTS = 100
CONSTANT = "best_constant_classifier"


def with_deviations(
    predictions: Sequence[Prediction], metrics: Callable[[Sequence[Prediction]], Metrics]
) -> dict[str, dict[str, Any]]:
    """Return the metrics with their standard deviations over five samples of 80 %, or "NaN" below 200 predictions."""
    values = metrics(predictions)
    deviations: Mapping[str, Any] = dict.fromkeys(values, "NaN")
    if len(predictions) >= SAMPLES_LEAST:
        generator, size = np.random.default_rng(SEED), int(SHARE * len(predictions))
        chosen = [generator.choice(len(predictions), size, replace=False) for _ in range(RESAMPLES)]
        samples = [metrics([predictions[index] for index in indexes]) for indexes in chosen]
        deviations = {name: _deviation([sample.get(name, math.nan) for sample in samples]) for name in values}
    return {name: {"value": value, "standard_deviation": deviations[name]} for name, value in values.items()}


def regression(predictions: Sequence[Prediction]) -> Metrics:
    """Return the metrics of a regression. Raises InputError if a label or a prediction is not a number."""
    try:
        labels = np.array([float(one.label) for one in predictions])
        predicted = np.array([float(one.prediction) for one in predictions])
    except ValueError as error:
        raise InputError(f"a regression needs numbers as labels and predictions: {error}") from error
    errors = predicted - labels
    squared, spread = float(np.mean(errors**2)), float(np.mean((labels - labels.mean()) ** 2))
    r2 = 1 - squared / spread if spread else math.nan
    return finite({"mae": float(np.mean(np.abs(errors))), "mse": squared, "rmse": math.sqrt(squared), "r2": r2})


def binary(predictions: Sequence[Prediction]) -> Metrics:
    """Return the metrics of a binary classification. Raises InputError for labels other than 0 and 1."""
    if strange := {name for one in predictions for name in (one.label, one.prediction)} - {POSITIVE, NEGATIVE}:
        raise InputError(f"the labels of a binary classification are 0 and 1, not {sorted(strange)[:5]}")
    counts = Counter((one.label, one.prediction) for one in predictions)
    hits, false_alarms = counts[POSITIVE, POSITIVE], counts[NEGATIVE, POSITIVE]
    misses, passes = counts[POSITIVE, NEGATIVE], counts[NEGATIVE, NEGATIVE]
    precision, recall = _ratio(hits, hits + false_alarms), _ratio(hits, hits + misses)
    share = _ratio(hits + misses, len(predictions))  # of positive labels: a constant classifier's precision
    areas = {"auc": area_under_curve(predictions)} if _has_probabilities(predictions) else {}
    return finite(
        {
            "recall": recall,
            "precision": precision,
            "accuracy": _ratio(hits + passes, len(predictions)),
            f"recall_{CONSTANT}": 1.0,
            f"precision_{CONSTANT}": share,
            f"accuracy_{CONSTANT}": share,
            "true_positive_rate": recall,
            "true_negative_rate": _ratio(passes, passes + false_alarms),
            "false_positive_rate": _ratio(false_alarms, passes + false_alarms),
            "false_negative_rate": _ratio(misses, hits + misses),
            **areas,
            **{name: f_score(precision, recall, beta) for name, beta in BETAS.items()},
            **{f"{name}_{CONSTANT}": f_score(share, 1.0, beta) for name, beta in BETAS.items()},
        }
    )


def multiclass(predictions: Sequence[Prediction]) -> Metrics:
    """Return accuracy, and precision, recall and F scores weighted by the classes' shares of the labels."""
    constant = Counter(one.label for one in predictions).most_common(1)[0][0]
    fixed = [Prediction(one.label, constant) for one in predictions]
    return {**_weighted(predictions), **{f"{name}_{CONSTANT}": value for name, value in _weighted(fixed).items()}}


def confusion_matrix(predictions: Sequence[Prediction]) -> dict[str, dict[str, int]]:
    """Return counts by label, then by prediction."""
    counts = Counter((one.label, one.prediction) for one in predictions)
    names = sorted({name for pair in counts for name in pair})
    return {label: {predicted: counts[label, predicted] for predicted in names} for label in names}


def curves(predictions: Sequence[Prediction]) -> dict[str, dict[str, list[float]]]:
    """Return both curves of a binary classification, at up to CURVE_POINTS thresholds; no curves without scores."""
    if not _has_probabilities(predictions):
        return {}
    hits, false_alarms = _cumulated(predictions)
    if not hits[-1] or not false_alarms[-1]:
        return {}
    kept = np.unique(np.linspace(0, len(hits) - 1, CURVE_POINTS).astype(int))
    recalls, alarms = hits[kept] / hits[-1], false_alarms[kept] / false_alarms[-1]
    precisions = np.where(hits[kept] + false_alarms[kept] > 0, hits[kept], 1) / np.maximum(
        hits[kept] + false_alarms[kept], 1
    )
    return {
        "receiver_operating_characteristic_curve": {
            "false_positive_rates": alarms.tolist(),
            "true_positive_rates": recalls.tolist(),
        },
        "precision_recall_curve": {"precisions": precisions.tolist(), "recalls": recalls.tolist()},
    }


def area_under_curve(predictions: Sequence[Prediction]) -> float:
    """Return the area under the ROC curve: ties count half. NaN if one class is missing."""
    hits, false_alarms = _cumulated(predictions)
    if not hits[-1] or not false_alarms[-1]:
        return math.nan
    # by the trapezoidal rule: NumPy 1 and 2 have different names for it
    area = (np.diff(false_alarms) * (hits[1:] + hits[:-1])).sum() / 2
    return float(area / hits[-1] / false_alarms[-1])


def f_score(precision: float, recall: float, beta: float) -> float:
    return _ratio((1 + beta**2) * precision * recall, beta**2 * precision + recall)


def finite(values: Metrics) -> Metrics:
    """Leave out metrics that are not defined for these predictions: JSON has no NaN."""
    return {name: float(value) for name, value in values.items() if math.isfinite(value)}


def _weighted(predictions: Sequence[Prediction]) -> Metrics:
    labels, predicted = Counter(one.label for one in predictions), Counter(one.prediction for one in predictions)
    right = Counter(one.label for one in predictions if one.label == one.prediction)
    totals: Counter[str] = Counter()
    for name, count in labels.items():
        precision, recall = _ratio(right[name], predicted[name]), right[name] / count
        scores = {"weighted_recall": recall, "weighted_precision": precision}
        scores.update({f"weighted_{short}": f_score(precision, recall, beta) for short, beta in BETAS.items()})
        for metric, score in scores.items():
            totals[metric] += score * count / len(predictions)  # type: ignore[assignment] # a Counter of floats
    return {"accuracy": sum(right.values()) / len(predictions), **totals}


def _cumulated(predictions: Sequence[Prediction]) -> tuple[Any, Any]:
    """Return hits and false alarms at each threshold, from the highest score down, beginning with none."""
    ordered = sorted(predictions, key=lambda one: -(one.probability or 0.0))
    scores = np.array([one.probability or 0.0 for one in ordered])
    positive = np.array([one.label == POSITIVE for one in ordered], float)
    ends = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)
    hits = np.concatenate([[0.0], np.cumsum(positive)[ends]])
    return hits, np.concatenate([[0.0], np.cumsum(1 - positive)[ends]])


def _has_probabilities(predictions: Sequence[Prediction]) -> bool:
    return all(one.probability is not None for one in predictions)


def _deviation(values: Sequence[float]) -> Any:
    deviation = float(np.std(values))
    return deviation if math.isfinite(deviation) else "NaN"


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
