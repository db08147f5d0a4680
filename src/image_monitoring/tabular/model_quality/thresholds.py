"""Thresholds of metrics: those that a baseline suggests, and the violations of a window.

The operator says what a violation is: LessThanThreshold for a metric that should be high, GreaterThanThreshold for one
that should be low. Source: the constraints that AWS's container suggests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from image_monitoring.contract import InputError
from image_monitoring.tabular.model_quality import metrics
from image_monitoring.tabular.model_quality.metrics import Metrics
from image_monitoring.tabular.model_quality.predictions import Prediction

LESS, GREATER = "LessThanThreshold", "GreaterThanThreshold"
LOW_IS_GOOD = frozenset({"mae", "mse", "rmse", "false_positive_rate", "false_negative_rate"})


@dataclass(frozen=True)
class ProblemType:
    """One problem type. `word` begins the names of its metrics and constraints in the documents."""

    word: str
    metrics: Callable[[Sequence[Prediction]], Metrics]
    has_confusion_matrix: bool = True


PROBLEMS = {
    "Regression": ProblemType("regression", metrics.regression, has_confusion_matrix=False),
    "BinaryClassification": ProblemType("binary_classification", metrics.binary),
    "MulticlassClassification": ProblemType("multiclass_classification", metrics.multiclass),
}


def problem_type(name: str) -> ProblemType:
    """Return the problem type. Raises InputError for one that Model Monitor does not have."""
    if name not in PROBLEMS:
        raise InputError(f"problem_type is {name!r}: it must be one of {', '.join(PROBLEMS)}")
    return PROBLEMS[name]


def statistics_of(problem: ProblemType, predictions: Sequence[Prediction]) -> dict[str, Any]:
    """Return the metrics of statistics.json. InputError if there are no predictions."""
    if not predictions:
        raise InputError("there is no prediction with ground truth in the dataset")
    found: dict[str, Any] = {}
    if problem.has_confusion_matrix:
        found["confusion_matrix"] = metrics.confusion_matrix(predictions)
    found.update(metrics.with_deviations(predictions, problem.metrics))
    if problem.metrics is metrics.binary:
        found.update(metrics.curves(predictions))
    return found


def suggested(problem: ProblemType, statistics: Mapping[str, Any]) -> dict[str, Any]:
    """Return constraints with the baseline's own values as thresholds, as AWS suggests them."""
    return {
        f"{problem.word}_constraints": {
            name: {"threshold": value["value"], "comparison_operator": GREATER if name in LOW_IS_GOOD else LESS}
            for name, value in statistics.items()
            if "value" in value and not name.endswith(metrics.CONSTANT)
        }
    }


def violations(
    problem: ProblemType, statistics: Mapping[str, Any], constraints: Mapping[str, Any]
) -> list[dict[str, str]]:
    """Return the violations of the thresholds. Raises InputError for constraints that are not as documented."""
    section = f"{problem.word}_constraints"
    if not isinstance(constraints.get(section), Mapping):
        raise InputError(f"constraints.json of the baseline has no {section}: it is of another problem type")
    found = []
    for name, constraint in constraints[section].items():
        value = statistics.get(name)
        if value is None:
            continue
        try:
            threshold, operator = float(constraint["threshold"]), constraint["comparison_operator"]
        except (LookupError, TypeError, ValueError) as error:
            raise InputError(f"the constraint of {name} has no threshold or comparison_operator") from error
        if value["value"] < threshold if operator == LESS else value["value"] > threshold:
            deviation = value["standard_deviation"]
            spread = "" if deviation == "NaN" else f" +/- {deviation}"
            description = f"Metric {name} with {value['value']}{spread} was {operator} '{threshold}'"
            found.append({"constraint_check_type": operator, "description": description, "metric_name": name})
    return found
