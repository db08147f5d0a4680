"""The figure that stands for a job of the image-classification algorithm is that of the epoch that is kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.console.conftest import Open
from tests.unit.console.doubles import NOW, Answers, error
from tests.unit.console.doubles import job as described
from tests.unit.console.test_figures import figures_of, rows_of, text_of

CLASSIFIER = "813361260812.dkr.ecr.eu-central-1.amazonaws.com/image-classification:1"
# By the last epoch the new job is better, by the epoch that is kept the old one.
CURVES: Mapping[str, tuple[float, ...]] = {"old": (0.75, 0.96875, 0.8125), "new": (0.75, 0.9375, 0.9375)}
STOPPED_EARLY = "short"
LATER = int((NOW + timedelta(days=1)).timestamp() * 1000)
PATTERN = '"Validation-accuracy="'


def account(curves: Mapping[str, tuple[float, ...]], image: str = CLASSIFIER, **changed: Any) -> Answers:
    """Return the answers of an account with a job for each curve of validation:accuracy, an hour apart."""
    hours = {name: number for number, name in enumerate(curves)}

    def describe(TrainingJobName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        last = curves[TrainingJobName][-1:]
        metrics = [{"MetricName": "validation:accuracy", "Value": value, "Timestamp": NOW} for value in last]
        algorithm = {**described()["AlgorithmSpecification"], "TrainingImage": image}
        own = {"AlgorithmSpecification": algorithm, "FinalMetricDataList": metrics, **changed}
        epochs = str(len(curves[TrainingJobName])) if TrainingJobName != STOPPED_EARLY else "30"
        own["HyperParameters"] = {"epochs": epochs, "learning_rate": "0.1"}
        return described(TrainingJobName, CreationTime=NOW + timedelta(hours=hours[TrainingJobName]), **own)

    def lines(logStreamNamePrefix: str, filterPattern: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - AWS's names
        assert filterPattern == PATTERN
        curve = curves[logStreamNamePrefix.removesuffix("/")]
        messages = [f"Epoch[{epoch}] Validation-accuracy={value}" for epoch, value in enumerate(curve)]
        return {"events": [{"timestamp": LATER + n, "message": text} for n, text in enumerate(messages)]}

    rows = [
        {
            "TrainingJobName": name,
            "TrainingJobStatus": changed.get("TrainingJobStatus", "Completed"),
            "CreationTime": NOW + timedelta(hours=hours[name]),
        }
        for name in curves
    ]
    return {
        "sagemaker.list_training_jobs": {"TrainingJobSummaries": rows},
        "sagemaker.describe_training_job": describe,
        "logs.filter_log_events": lines,
    }


def test_of_two_jobs_the_one_with_the_better_kept_epoch_is_better(open_console: Open) -> None:
    text = text_of(open_console(account(CURVES)).get("/training-jobs/compare?name=new&name=old").text)
    assert (
        "The old model is better by validation:accuracy: 0.9688 (epoch 2, kept) against 0.9375 (epoch 2, kept)" in text
    )


def test_a_job_that_was_stopped_has_the_epochs_that_it_ran(open_console: Open) -> None:
    stopped = account({**CURVES, STOPPED_EARLY: (0.5, 0.625)}, TrainingJobStatus="Stopped")
    page = open_console(stopped).get(f"/training-jobs/compare?name=old&name={STOPPED_EARLY}").text
    assert rows_of(page)["epochs"] == ["3", "2 of 30", "\N{MINUS SIGN}1"]
    drawn = open_console(stopped).get("/training-jobs/compare?x=epochs").text
    assert "epochs 2\n" in drawn
    assert "epochs 30" not in drawn


def test_the_kept_epochs_come_first_and_the_last_epochs_second(open_console: Open) -> None:
    rows = rows_of(open_console(account(CURVES)).get("/training-jobs/compare?name=new&name=old").text)
    names = list(rows)
    assert rows["validation:accuracy"] == ["0.9688 epoch 2, kept", "0.9375 epoch 2, kept", "\N{MINUS SIGN}0.0313"]
    assert rows["validation:accuracy, last epoch"] == ["0.8125", "0.9375", "+0.125"]
    assert names.index("validation:accuracy, last epoch") == names.index("validation:accuracy") + 1


def test_the_best_of_many_jobs_is_that_of_the_best_kept_epoch(open_console: Open) -> None:
    curves = {**CURVES, **{f"other-{n}": (0.5, 0.625) for n in range(9)}}
    page = open_console(account(curves)).get("/training-jobs/compare").text
    assert "Best validation:accuracy: 0.9688 (epoch 2, kept), by old , with epochs 3 ." in text_of(page)
    assert rows_of(page)["old"][1:3] == ["0.9688 epoch 2, kept", "0.8125"]


def test_the_list_says_of_which_epoch_its_figure_is(open_console: Open) -> None:
    rows = rows_of(open_console(account(CURVES)).get("/training-jobs").text)
    assert rows["Name"][1] == "validation:accuracy"
    assert rows["old"][1] == "0.9688 epoch 2, kept"


def test_figures_of_another_algorithm_are_last_values(open_console: Open) -> None:
    console = open_console(account(CURVES, image="algorithm:1"))
    assert rows_of(console.get("/training-jobs").text)["old"][1] == "0.8125 last value"
    text = text_of(console.get("/training-jobs/compare?name=new&name=old").text)
    assert "The new model is better by validation:accuracy: 0.9375 (last value) against 0.8125 (last value)" in text
    assert "epoch 2" not in text
    assert "last epoch" not in text
    assert not console.session.asked("logs.filter_log_events")


def test_logs_that_may_not_be_read_leave_the_kept_epoch_unknown(open_console: Open) -> None:
    answers = account(CURVES) | {"logs.filter_log_events": error("AccessDeniedException", "not authorized")}
    console = open_console(answers)
    text = text_of(console.get("/training-jobs/compare?name=new&name=old").text)
    assert "The log of the old job has not been read: which epoch it kept is unknown." in text
    assert "0.8125 last value, its log has not been read" in rows_of(console.get("/training-jobs").text)["old"]


@pytest.mark.parametrize(
    ("status", "words", "why"),
    [("Failed", "no model was kept", "it failed"), ("InProgress", "best so far", "it is still running")],
)
def test_a_job_without_a_model_kept_no_epoch(open_console: Open, status: str, words: str, why: str) -> None:
    console = open_console(account(CURVES, TrainingJobStatus=status))
    assert rows_of(console.get("/training-jobs").text)["old"][1] == f"0.9688 epoch 2, {words}"
    text = text_of(console.get("/training-jobs/compare?name=new&name=old").text)
    assert f"The old job has no model to compare: {why}." in text


def test_a_log_is_read_once_after_the_job_has_ended(open_console: Open) -> None:
    console = open_console(account(CURVES))
    console.get("/training-jobs")
    console.get("/training-jobs/compare")
    assert len(console.session.asked("logs.filter_log_events")) == len(CURVES)


def test_models_that_were_measured_on_different_data_are_not_simply_compared(open_console: Open) -> None:
    answers = account(CURVES)
    describe = answers["sagemaker.describe_training_job"]

    def elsewhere(TrainingJobName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        source = {"S3DataSource": {"S3Uri": f"s3://images/{TrainingJobName}/"}}
        channel = {"ChannelName": "validation", "DataSource": source}
        return {**describe(TrainingJobName), "InputDataConfig": [channel]}

    console = open_console(answers | {"sagemaker.describe_training_job": elsewhere})
    text = text_of(console.get("/training-jobs/compare?name=new&name=old").text)
    assert "The old job has the better value, but on other data : validation:accuracy 0.9688 (epoch 2, kept)" in text
    assert "model is better" not in text.replace("do not tell which model is better", "")


def test_a_metric_with_the_name_of_a_hyperparameter_is_told_apart_from_it(open_console: Open) -> None:
    def describe(TrainingJobName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        rate = {"a": "0.1", "b": "0.01", "c": "0.001"}[TrainingJobName]
        metrics = [{"MetricName": "learning_rate", "Value": 1e-05, "Timestamp": NOW}]
        return described(TrainingJobName, HyperParameters={"learning_rate": rate}, FinalMetricDataList=metrics)

    console = open_console({"sagemaker.describe_training_job": describe})
    page = console.get("/training-jobs/compare?name=a&name=b&name=c").text
    rows = rows_of(page)
    assert rows["learning_rate, as set"] == ["0.1", "0.01", "0.001"]
    assert rows["learning_rate"] == ["10⁻⁵"] * 3


def test_a_hyperparameter_does_not_stand_in_for_a_metric_that_a_job_lacks(open_console: Open) -> None:
    def describe(TrainingJobName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        metrics = [{"MetricName": "learning_rate", "Value": 0.5, "Timestamp": NOW}] if TrainingJobName == "a" else []
        rate = {"a": "0.1", "b": "0.2", "c": "0.3"}[TrainingJobName]
        return described(TrainingJobName, HyperParameters={"learning_rate": rate}, FinalMetricDataList=metrics)

    console = open_console({"sagemaker.describe_training_job": describe})
    page = console.get("/training-jobs/compare?name=a&name=b&name=c").text
    assert rows_of(page)["learning_rate"] == ["0.5", "—", "—"]


def test_values_that_are_no_finite_numbers_are_words_of_the_charts(open_console: Open) -> None:
    def describe(TrainingJobName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        value = {"a": "nan", "b": "inf", "c": "1"}[TrainingJobName]
        return described(TrainingJobName, HyperParameters={"clip": value, "limit": value})

    console = open_console({"sagemaker.describe_training_job": describe})
    page = console.get("/training-jobs/compare?name=a&name=b&name=c&x=clip")
    assert page.status == 200
    assert rows_of(page.text)["clip"] == ["nan", "inf", "1"]


def test_the_job_itself_has_its_best_epoch_while_it_runs(open_console: Open) -> None:
    answers = account(CURVES, TrainingJobStatus="InProgress", FinalMetricDataList=[])
    events = answers["logs.filter_log_events"](logStreamNamePrefix="old/", filterPattern=PATTERN)["events"]

    def read(nextToken: str = "", **_: Any) -> dict[str, Any]:  # noqa: N803 - AWS's name
        return {"events": [] if nextToken else events, "nextForwardToken": "end"}

    stream = {"logStreams": [{"logStreamName": "old/algo-1", "lastEventTimestamp": 1}]}
    answers |= {"logs.describe_log_streams": stream, "logs.get_log_events": read}
    shown = figures_of(open_console(answers).get("/training-jobs/old").text)
    assert shown["validation:accuracy"] == "0.9688 epoch 2, best so far, Epoch[1] in the log ; last 0.8125 at epoch 3"
