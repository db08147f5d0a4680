"""Model quality jobs: metrics of the three problem types, suggested thresholds, and violations of them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from tests.unit.image_monitoring.tabular import schemas
from tests.unit.image_monitoring.tabular.jobs import MERGE, Job, labeled

from image_monitoring.contract import InputError
from image_monitoring.tabular.model_quality.metrics import binary, confusion_matrix, multiclass, regression
from image_monitoring.tabular.model_quality.predictions import Prediction, canonical

CSV = json.dumps({"csv": {"header": True}})
QUALITY = {"analysis_type": "MODEL_QUALITY"}
COLUMNS = {"inference_attribute": "prediction", "ground_truth_attribute": "label"}
BINARY = {**QUALITY, "problem_type": "BinaryClassification"}


@pytest.fixture
def job(tmp_path: Path) -> Callable[[str], Job]:
    return lambda name: Job(tmp_path / name)


def pairs(*counts: tuple[str, str, int]) -> list[Prediction]:
    return [Prediction(label, prediction) for label, prediction, count in counts for _ in range(count)]


def test_binary_metrics_are_those_of_the_guides_example() -> None:
    """The confusion matrix of the developer guide, whose metrics it shows."""
    predictions = pairs(("0", "0", 1), ("0", "1", 2), ("1", "1", 1))
    assert confusion_matrix(predictions) == {"0": {"0": 1, "1": 2}, "1": {"0": 0, "1": 1}}
    shown = {
        "recall": 1.0,
        "precision": 1 / 3,
        "accuracy": 0.5,
        "recall_best_constant_classifier": 1.0,
        "precision_best_constant_classifier": 0.25,
        "accuracy_best_constant_classifier": 0.25,
        "true_positive_rate": 1.0,
        "true_negative_rate": 1 / 3,
        "false_positive_rate": 2 / 3,
        "false_negative_rate": 0.0,
        "f0_5": 0.3846153846153846,
        "f1": 0.5,
        "f2": 0.7142857142857143,
        "f0_5_best_constant_classifier": 0.29411764705882354,
        "f1_best_constant_classifier": 0.4,
        "f2_best_constant_classifier": 0.625,
    }
    assert binary(predictions) == pytest.approx(shown)


def test_multiclass_metrics_are_those_of_the_guides_example() -> None:
    found = multiclass(pairs(("0", "0", 1180), ("0", "1", 510), ("1", "0", 268), ("1", "1", 138)))
    shown = {
        "accuracy": 0.6288167938931297,
        "weighted_recall": 0.6288167938931297,
        "weighted_precision": 0.6983172269629505,
        "weighted_f0_5": 0.6803947317178771,
        "weighted_f1": 0.6571162346664904,
        "weighted_f2": 0.6384024354394601,
    }
    assert {name: found[name] for name in shown} == pytest.approx(shown)


def test_regression_metrics() -> None:
    found = regression([Prediction("1", "2"), Prediction("3", "3"), Prediction("5", "3")])
    assert found == pytest.approx({"mae": 1.0, "mse": 5 / 3, "rmse": (5 / 3) ** 0.5, "r2": 1 - (5 / 3) / (8 / 3)})


def test_the_area_under_the_curve_counts_ties_half() -> None:
    chances = [("1", 0.9), ("0", 0.8), ("1", 0.8), ("0", 0.1)]
    found = binary([Prediction(label, "1", chance) for label, chance in chances])
    assert found["auc"] == pytest.approx(0.875)


@pytest.mark.parametrize(
    ("value", "label"), [("1.0", "1"), (1, "1"), (True, "1"), ("false", "0"), ("0.25", "0.25"), (" cat ", "cat")]
)
def test_one_label_has_one_form(value: Any, label: str) -> None:
    assert canonical(value) == label


def rows(count: int = 300) -> str:
    generator = random.Random(5)
    lines = []
    for _ in range(count):
        label = generator.random() < 0.5
        chance = min(1.0, max(0.0, (0.7 if label else 0.3) + generator.uniform(-0.4, 0.4)))
        lines.append(f"{int(chance > 0.5)},{chance:.4f},{int(label)}")
    return "prediction,probability,label\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("problem", "word", "more"),
    [
        ("Regression", "regression", {}),
        ("BinaryClassification", "binary_classification", {"probability_attribute": "probability"}),
        ("MulticlassClassification", "multiclass_classification", {}),
    ],
)
def test_a_baseline_and_a_window_fit_the_documented_schemas(job: Any, problem: str, word: str, more: Any) -> None:
    variables = {**QUALITY, "problem_type": problem}
    baseline = job("baseline").dataset("validation.csv", rows())
    baseline.run(CSV, **variables, **COLUMNS, **more)
    jsonschema.validate(baseline.document("statistics"), schemas.quality_statistics(word))
    jsonschema.validate(baseline.document("constraints"), schemas.quality_constraints(word))
    assert baseline.document("constraints")[f"{word}_constraints"]
    records = [labeled("1,0.9" if number % 3 else "0,0.2", str(number % 2)) for number in range(60)]
    attributes = {"inference_attribute": "0", **({"probability_attribute": "1"} if more else {})}
    window = job("window").captured(records).baseline(baseline)
    window.run(MERGE, **variables, **attributes, publish_cloudwatch_metrics="Enabled")
    jsonschema.validate(window.document("statistics"), schemas.quality_statistics(word))
    jsonschema.validate(window.document("constraint_violations"), schemas.QUALITY_VIOLATIONS)
    assert window.violations
    assert {one["MetricName"] for one in window.metrics} >= set(baseline.document("constraints")[f"{word}_constraints"])


def test_a_standard_deviation_needs_200_samples(job: Any) -> None:
    few, many = job("few").dataset("a.csv", rows(199)), job("many").dataset("a.csv", rows(200))
    for made in (few, many):
        made.run(CSV, **BINARY, **COLUMNS)
    metrics = [made.document("statistics")["binary_classification_metrics"]["accuracy"] for made in (few, many)]
    assert metrics[0]["standard_deviation"] == "NaN"
    assert 0 < metrics[1]["standard_deviation"] < 0.1


def test_a_metric_below_its_threshold_is_a_violation(job: Any) -> None:
    constraints = {
        "version": 0.0,
        "binary_classification_constraints": {
            "accuracy": {"threshold": 0.9, "comparison_operator": "LessThanThreshold"},
            "false_positive_rate": {"threshold": 0.5, "comparison_operator": "GreaterThanThreshold"},
        },
    }
    records = [labeled("1", "1")] * 3 + [labeled("0", "0")] * 2 + [labeled("1", "0")]
    made = job("worse").captured(records).file("baseline_constraints", "constraints.json", json.dumps(constraints))
    message = made.run(MERGE, **BINARY, inference_attribute="0")
    accuracy = 5 / 6
    assert made.violations == [
        {
            "constraint_check_type": "LessThanThreshold",
            "description": f"Metric accuracy with {accuracy} was LessThanThreshold '0.9'",
            "metric_name": "accuracy",
        }
    ]
    assert message.startswith("CompletedWithViolations: ")


def test_a_probability_becomes_a_prediction_at_its_threshold(job: Any) -> None:
    records = [labeled("0.6", "1"), labeled("0.6", "0"), labeled("0.8", "1")]
    made = job("threshold").captured(records)
    made.run(MERGE, **BINARY, probability_attribute="0", probability_threshold_attribute="0.7")
    matrix = made.document("statistics")["binary_classification_metrics"]["confusion_matrix"]
    assert matrix == {"0": {"0": 1, "1": 0}, "1": {"0": 1, "1": 1}}


def test_a_path_leads_into_the_answer(job: Any) -> None:
    answer = '{"predictions": [{"predicted_label": 1, "score": 0.75}]}'
    made = job("path").captured([labeled(answer, "1", "JSON"), labeled(answer, "0", "JSON")])
    made.run(MERGE, **BINARY, inference_attribute="predictions[0].predicted_label")
    assert made.document("statistics")["binary_classification_metrics"]["precision"]["value"] == 0.5


@pytest.mark.parametrize(
    ("variables", "records", "reason"),
    [
        (
            {"problem_type": "Clustering", "inference_attribute": "0"},
            [labeled("1", "1")],
            "problem_type is 'Clustering'",
        ),
        ({}, [labeled("1", "1")], "needs the variable inference_attribute"),
        ({"inference_attribute": "5"}, [labeled("1", "1")], "has nothing at '5'"),
        ({"inference_attribute": "0"}, [labeled("cat", "1")], "are 0 and 1, not"),
        ({"inference_attribute": "0", "problem_type": "Regression"}, [labeled("x", "1")], "needs numbers"),
        ({"inference_attribute": "0"}, [], "no prediction with ground truth"),
    ],
)
def test_a_job_that_cannot_be_judged_says_why(job: Any, variables: Any, records: Any, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        job("bad").captured(records).run(MERGE, **{**BINARY, **variables})


def test_constraints_of_another_problem_type_are_refused(job: Any) -> None:
    made = job("other").captured([labeled("1", "1")])
    made.file("baseline_constraints", "constraints.json", '{"regression_constraints": {}}')
    with pytest.raises(InputError, match="no binary_classification_constraints"):
        made.run(MERGE, **BINARY, inference_attribute="0")
