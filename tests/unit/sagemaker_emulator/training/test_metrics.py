"""Metrics: the lines that MetricDefinitions match, the built-in image's own ones, and values that are not numbers."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from sagemaker_emulator.resources.training_job import TrainingJob
from sagemaker_emulator.training.descriptions import describe_training_job
from sagemaker_emulator.training.metrics import MetricReader, metric_definitions, patterns_of
from sagemaker_emulator.wire import AwsError

XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.5-1"
BUILT_IN = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"


def reader(regex: str) -> MetricReader:
    return MetricReader({"loss": re.compile(regex)})


def values(lines: list[str], regex: str = r"loss=(\S+)") -> list[float]:
    metrics = reader(regex)
    for line in lines:
        metrics.read(line, 1.0)
    return [metric.value for metric in metrics.taken()]


def test_the_first_group_is_the_value() -> None:
    assert values(["epoch 1 loss=0.5 rate=2", "nothing", "loss=1e-3"], r"loss=(\S+) ?(.*)") == [0.5, 0.001]


def test_the_whole_match_is_the_value_of_a_pattern_without_groups() -> None:
    assert values(["loss 0.25"], r"[\d.]+") == [0.25]


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "none", ""])
def test_a_match_that_is_not_a_finite_number_is_dropped(text: str) -> None:
    assert values([f"loss={text}"], r"loss=(\S*)") == []


def test_a_group_that_did_not_match_is_dropped() -> None:
    assert values(["loss="], r"loss=(\d)?") == []


def test_the_last_value_is_the_final_one() -> None:
    metrics = reader(r"loss=(\S+)")
    metrics.read("loss=2", 10.0)
    metrics.read("loss=1", 11.0)
    assert [(metric.name, metric.value, metric.timestamp) for metric in metrics.latest.values()] == [("loss", 1, 11)]


def test_a_line_from_before_the_restart_counts_but_is_not_sent_again() -> None:
    metrics = reader(r"loss=(\S+)")
    metrics.read("loss=2", 10.0, is_new=False)
    assert metrics.latest["loss"].value == 2
    assert metrics.taken() == []


def test_values_are_taken_once() -> None:
    metrics = reader(r"loss=(\S+)")
    metrics.read("loss=2", 10.0)
    assert len(metrics.taken()) == 1
    assert metrics.taken() == []


@pytest.mark.parametrize(
    "registry",
    [
        "683313688378.dkr-ecr.us-east-1.on.aws",
        "683313688378.dkr.ecr-fips.us-east-1.amazonaws.com",
        "833128469047.dkr.ecr.us-iso-east-1.c2s.ic.gov",
    ],
)
def test_every_form_of_a_registry_brings_the_metrics_of_its_image(registry: str) -> None:
    expected = metric_definitions({"TrainingImage": XGBOOST})
    assert metric_definitions({"TrainingImage": f"{registry}/xgboost:1.7-1"}) == expected != {}


def test_the_built_in_image_brings_its_own_metrics() -> None:
    patterns = patterns_of({"TrainingImage": BUILT_IN})
    assert set(patterns) == {"train:accuracy", "validation:accuracy"}
    match = patterns["validation:accuracy"].search("Epoch[3] Validation-accuracy=0.875")
    assert match
    assert match[1] == "0.875"


def test_xgboosts_image_brings_the_metrics_that_aws_describes() -> None:
    """Source: DescribeTrainingJob of a real job with sagemaker-xgboost:1.5-1."""
    algorithm = {"TrainingImage": XGBOOST}
    regex = r".*\[[0-9]+\].*#011validation-rmse:([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?).*"
    assert metric_definitions(algorithm)["validation:rmse"] == regex
    metrics = MetricReader(patterns_of(algorithm))
    metrics.read("[9]#011train-rmse:1.5#011validation-rmse:2.25", 1.0)
    found = {name: metric.value for name, metric in metrics.latest.items()}
    assert found == {"train:rmse": 1.5, "validation:rmse": 2.25}


def test_a_tab_is_what_awss_log_agent_writes() -> None:
    assert values(["[0]\ttrain-rmse:0.5\ttest-rmse:1"], r"#011train-rmse:([0-9.]+)") == [0.5]


def test_lines_without_a_tab_cost_xgboosts_definitions_nothing() -> None:
    metrics = MetricReader(patterns_of({"TrainingImage": XGBOOST}))
    started = time.process_time()
    for _ in range(10_000):
        metrics.read("[a line of a hundred characters] " * 3, 1.0)
    assert time.process_time() - started < 30.0  # of the processor; a search from every position would take minutes


def test_a_definition_whose_search_would_not_end_is_given_up() -> None:
    assert values(["a" * 99 + "b", "1"], r"(a+)+$|(1)") == []


def test_a_pattern_that_begins_with_anything_finds_what_a_search_finds() -> None:
    assert values(["a loss=1 loss=2"], r".*loss=(\S+)") == [2]
    assert values(["x b=3"], r".*a=\d|b=(\d)") == [3]


@pytest.mark.parametrize("image", ["", "image-classification:1", "other/image-classification:1", BUILT_IN[:-2]])
def test_another_image_brings_none(image: str) -> None:
    assert patterns_of({"TrainingImage": image}) == {}


def test_definitions_add_to_the_built_in_ones_and_replace_them_by_name() -> None:
    definitions = [{"Name": "loss", "Regex": "a"}, {"Name": "train:accuracy", "Regex": "b"}]
    patterns = patterns_of({"TrainingImage": BUILT_IN, "MetricDefinitions": definitions})
    assert set(patterns) == {"loss", "train:accuracy", "validation:accuracy"}
    assert patterns["train:accuracy"].pattern == "b"


def test_a_regex_that_does_not_compile_is_refused() -> None:
    algorithm: dict[str, Any] = {"MetricDefinitions": [{"Name": "loss", "Regex": "("}]}
    with pytest.raises(AwsError, match=r"Invalid MetricDefinitions regex '\('"):
        patterns_of(algorithm)


def test_describe_has_the_metrics_of_a_built_in_algorithm() -> None:
    request = {
        "TrainingJobName": "job",
        "AlgorithmSpecification": {"TrainingImage": BUILT_IN, "TrainingInputMode": "File"},
        "ResourceConfig": {},
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
    }
    described = describe_training_job(TrainingJob.requested("arn", request, 1.0))["AlgorithmSpecification"]
    assert [entry["Name"] for entry in described["MetricDefinitions"]] == ["train:accuracy", "validation:accuracy"]
    assert described["TrainingImage"] == BUILT_IN


def test_describe_adds_no_metrics_to_another_image() -> None:
    algorithm = {"TrainingImage": "own:1", "TrainingInputMode": "File"}
    request = {"TrainingJobName": "job", "AlgorithmSpecification": algorithm, "ResourceConfig": {}}
    job = TrainingJob.requested("arn", {**request, "OutputDataConfig": {}}, 1.0)
    assert describe_training_job(job)["AlgorithmSpecification"] == algorithm
