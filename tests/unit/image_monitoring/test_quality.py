"""The quality of labeled records, and shortfalls that are more than chance."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.unit.image_monitoring.pictures import BEGAN

from image_monitoring.comparison.quality import Quality, constraints_of, shortfalls, statistics_of
from image_monitoring.reading.capture import Record


def judged(right: int, wrong: int, day: int = 0, confidence: float = 0.9) -> Quality:
    """Return the quality of answers of class 0 for half of the records, and of class 1 for the others."""
    quality = Quality()
    for number in range(right + wrong):
        answer = number % 2
        label = answer if number < right else 1 - answer
        probabilities = (confidence, 1 - confidence) if answer == 0 else (1 - confidence, confidence)
        record = Record(str(number), None, BEGAN + timedelta(days=day), b"", probabilities)
        quality.add(record, str(label))
    return quality


def test_metrics_are_those_of_the_confusion_matrix() -> None:
    section = statistics_of(judged(90, 10))["multiclass_classification_metrics"]
    assert section["accuracy"]["value"] == 0.9
    assert section["confusion_matrix"] == {"0": {"0": 45, "1": 5}, "1": {"0": 5, "1": 45}}
    assert section["recall_1"]["value"] == section["precision_0"]["value"] == section["weighted_recall"]["value"] == 0.9
    assert list(section["by_day"]) == ["2026-01-31"]


def test_confidence_that_is_as_often_right_is_calibrated() -> None:
    assert judged(90, 10).calibration_error == pytest.approx(0)
    assert judged(50, 50).calibration_error == pytest.approx(0.4)


def test_a_lower_accuracy_is_a_shortfall_once_there_are_enough_labels() -> None:
    constraints = constraints_of(judged(180, 20))
    assert shortfalls(judged(8, 2), constraints) == []
    assert shortfalls(judged(85, 15), constraints) == []
    found = shortfalls(judged(60, 40), constraints)
    assert "accuracy" in [shortfall.metric for shortfall in found]
    assert found[0].p < 0.001


def test_a_threshold_of_a_person_is_tested_against_the_binomial_distribution() -> None:
    constraints = {
        "multiclass_classification_constraints": {
            "accuracy": {"threshold": 0.9, "comparison_operator": "LessThanThreshold"}
        }
    }
    assert shortfalls(judged(82, 18), constraints)[0].metric == "accuracy"


def test_labels_may_be_names_and_unknown_ones_are_counted() -> None:
    quality = Quality({"bicycle": 0})
    record = Record("1", None, BEGAN, b"", (0.8, 0.2))
    for text in ("bicycle", "0", "0.0", "car", "7", "inf"):
        quality.add(record, text)
    assert quality.confusion.accuracy.hits == 3
    assert quality.unknown_labels == 3
