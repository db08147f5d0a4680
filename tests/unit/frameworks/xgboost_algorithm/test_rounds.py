"""A round's scores: the line that AWS's metric definitions read, and early stopping."""

from __future__ import annotations

import pytest

from frameworks.xgboost_algorithm.training.rounds import EarlyStopping, metrics_line, scores_of
from sagemaker_emulator.training.metrics import MetricReader, patterns_of

XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"


def test_the_line_is_read_by_the_metric_definitions_of_the_image() -> None:
    scores = scores_of("[3]\ttrain-rmse:0.5\ttrain-error@0.7:1e-05\tvalidation-rmse:0.25")
    line = metrics_line(3, scores)
    assert line == "[3]#011train-rmse:0.50000#011train-error@0.7:0.00001#011validation-rmse:0.25000"
    reader = MetricReader(patterns_of({"TrainingImage": XGBOOST}))
    reader.read(line, 1.0)
    assert {name: metric.value for name, metric in reader.latest.items()} == {
        "train:rmse": 0.5,
        "validation:rmse": 0.25,
    }


@pytest.mark.parametrize(
    ("metric", "scores", "best", "end"),
    [
        ("rmse", [3.0, 2.0, 2.5, 2.5, 1.0], 1, 3),
        ("auc", [0.5, 0.7, 0.6, 0.7, 0.9], 1, 3),
        ("rmse", [3.0, 2.0, 1.0], 2, None),
    ],
)
def test_early_stopping_keeps_the_best_round(metric: str, scores: list[float], best: int, end: int | None) -> None:
    stopping, ended = EarlyStopping(metric, patience=2), None
    for number, score in enumerate(scores):
        if stopping.improves({f"validation-{metric}": score}):
            stopping.record(number, {f"validation-{metric}": score}, b"model %d" % number)
        elif stopping.is_over(number):
            ended = number
            break
    assert (stopping.best_round, stopping.best_model, ended) == (best, b"model %d" % best, end)


def test_a_metric_that_is_not_evaluated_stops_nothing() -> None:
    stopping = EarlyStopping("auc", patience=1)
    for number in range(3):
        assert stopping.improves({"validation-rmse": 1.0})
        stopping.record(number, {"validation-rmse": 1.0}, b"")
        assert not stopping.is_over(number)
