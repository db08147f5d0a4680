"""CreateHyperParameterTuningJob's request: the search, its end, and the request of each trial."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any

import pytest

from sagemaker_emulator.resources.job import JobStatus
from sagemaker_emulator.resources.training_job import Metric, TrainingJob
from sagemaker_emulator.resources.tuning_job import Result, Trial
from sagemaker_emulator.tuning.request import TuningRequest
from sagemaker_emulator.wire import AwsError

INTEGERS = {"IntegerParameterRanges": [{"Name": "n", "MinValue": "1", "MaxValue": "3"}]}
COLORS = {"CategoricalParameterRanges": [{"Name": "color", "Values": ["red", "green"]}]}
OBJECTIVE = {"Type": "Maximize", "MetricName": "score"}
SHAPE = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5}
METRICS = [{"Name": "score", "Regex": "score=(.*)"}]
DEFINITION: dict[str, Any] = {
    "AlgorithmSpecification": {"TrainingImage": "image:1", "TrainingInputMode": "File", "MetricDefinitions": METRICS},
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
    "ResourceConfig": SHAPE,
    "StoppingCondition": {},
}


def wire(
    config: dict[str, Any] | None = None, limits: dict[str, int] | None = None, **definition: Any
) -> dict[str, Any]:
    default_limits = {"MaxNumberOfTrainingJobs": 3, "MaxParallelTrainingJobs": 2}
    whole = {
        "Strategy": "Random",
        "HyperParameterTuningJobObjective": OBJECTIVE,
        "ResourceLimits": default_limits if limits is None else limits,
        "ParameterRanges": INTEGERS,
        **(config or {}),
    }
    merged = {name: value for name, value in {**DEFINITION, **definition}.items() if value is not None}
    return {
        "HyperParameterTuningJobConfig": {name: value for name, value in whole.items() if value is not None},
        "TrainingJobDefinition": merged,
    }


def result(name: str, value: float | None, status: JobStatus = JobStatus.COMPLETED) -> Result:
    job = TrainingJob.requested(f"arn:{name}", {"TrainingJobName": name}, 1.0)
    metrics = () if value is None else (Metric("score", value, 1.0),)
    job = replace(job, metrics=metrics)
    return Result(Trial(name, {}), job if status is JobStatus.IN_PROGRESS else job.moved_to(status, 2.0), value)


def criteria(**members: Any) -> TuningRequest:
    return TuningRequest.parse(wire({"TuningJobCompletionCriteria": members}))


def patience(count: int) -> TuningRequest:
    return criteria(BestObjectiveNotImproving={"MaxNumberOfTrainingJobsNotImproving": count})


def test_limits_and_criteria_are_none_when_the_request_has_none() -> None:
    request = TuningRequest.parse(wire())
    assert (request.max_jobs, request.max_parallel, request.max_runtime_s) == (3, 2, None)
    assert (request.target, request.patience, request.seed) == (None, None, None)
    assert not request.is_complete([result("a", 1.0)])


@pytest.mark.parametrize(("value", "is_complete"), [(0.8, False), (0.9, True), (1.0, True)])
def test_a_search_is_complete_when_the_best_value_reaches_the_target(value: float, is_complete: bool) -> None:
    assert criteria(TargetObjectiveMetricValue=0.9).is_complete([result("a", value)]) is is_complete


def test_a_target_is_reached_from_above_when_the_objective_is_minimized() -> None:
    config = {
        "HyperParameterTuningJobObjective": {**OBJECTIVE, "Type": "Minimize"},
        "TuningJobCompletionCriteria": {"TargetObjectiveMetricValue": 0.1},
    }
    request = TuningRequest.parse(wire(config))
    assert request.is_complete([result("a", 0.1)])
    assert not request.is_complete([result("a", 0.2)])


def test_a_search_is_complete_when_enough_jobs_did_not_improve_on_the_best() -> None:
    results = [result("a", 0.5), result("b", 0.9), result("c", 0.9), result("d", 0.1)]
    assert patience(2).is_complete(results)
    assert not patience(3).is_complete(results)


def test_jobs_that_failed_or_still_run_do_not_count_as_not_improving() -> None:
    results = [result("a", 0.5), result("b", None, JobStatus.FAILED), result("c", None, JobStatus.IN_PROGRESS)]
    assert not patience(1).is_complete(results)


def test_a_search_without_a_success_is_not_complete() -> None:
    assert not criteria(TargetObjectiveMetricValue=0.0).is_complete([result("a", None, JobStatus.FAILED)])


def test_points_follow_the_seed_of_the_request_or_the_default() -> None:
    ranges = {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "1"}]}
    seeded = TuningRequest.parse(wire({"ParameterRanges": ranges, "RandomSeed": 0}))
    unseeded = TuningRequest.parse(wire({"ParameterRanges": ranges}))

    def drawn(request: TuningRequest, default_seed: str) -> list[Any]:
        return list(islice(request.points(default_seed), 3))

    assert drawn(seeded, "a") == drawn(seeded, "b")
    assert drawn(unseeded, "a") == drawn(unseeded, "a") != drawn(unseeded, "b")


def test_a_grid_searches_every_combination_in_order() -> None:
    limits = {"MaxParallelTrainingJobs": 2}
    request = TuningRequest.parse(wire({"Strategy": "Grid", "ParameterRanges": COLORS}, limits))
    assert list(request.points("seed")) == [{"color": "red"}, {"color": "green"}]


def test_the_request_of_a_trial_has_its_parameters_and_the_objective() -> None:
    definition: dict[str, Any] = {"StaticHyperParameters": {"fixed": "1"}, "DefinitionName": "one"}
    request = TuningRequest.parse(wire(**definition)).training_request(Trial("trial", {"n": "2"}))
    assert request["TrainingJobName"] == "trial"
    assert request["HyperParameters"] == {"_tuning_objective_metric": "score", "fixed": "1", "n": "2"}
    names = [entry["Name"] for entry in request["AlgorithmSpecification"]["MetricDefinitions"]]
    assert names == ["score", "ObjectiveMetric"]
    assert not {"StaticHyperParameters", "DefinitionName"} & set(request)


def test_each_trial_keeps_its_checkpoints_in_a_folder_of_its_own() -> None:
    request = TuningRequest.parse(wire(CheckpointConfig={"S3Uri": "s3://bucket/points/"}))
    checkpoint = request.training_request(Trial("trial", {}))["CheckpointConfig"]
    assert checkpoint == {"S3Uri": "s3://bucket/points/trial"}


def test_the_first_instances_of_the_tuning_jobs_resources_are_used() -> None:
    resources = {"AllocationStrategy": "Prioritized", "InstanceConfigs": [SHAPE, {**SHAPE, "InstanceCount": 2}]}
    request = TuningRequest.parse(wire(ResourceConfig=None, HyperParameterTuningResourceConfig=resources))
    trial = request.training_request(Trial("trial", {}))
    assert trial["ResourceConfig"] == SHAPE
    assert "HyperParameterTuningResourceConfig" not in trial


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        ({**wire(), "WarmStartConfig": {"a": 1}}, "WarmStartConfig is not emulated"),
        ({"HyperParameterTuningJobConfig": {}}, "TrainingJobDefinition is required"),
        (wire(ResourceConfig=None), "needs either ResourceConfig or HyperParameterTuningResourceConfig"),
        (wire(HyperParameterTuningResourceConfig=SHAPE), "needs either ResourceConfig or"),
        (wire(TuningObjective=OBJECTIVE), "TrainingJobDefinition.TuningObjective is not emulated"),
        (wire({"Strategy": "Hyperband"}), "Strategy Hyperband is not emulated"),
        (wire({"ParameterRanges": {"AutoParameters": []}}), "AutoParameters is not emulated"),
        (wire({"ParameterRanges": {}}), "between 1 and 30 hyperparameters, not 0"),
        (wire(StaticHyperParameters={"n": "1"}), r"both static and tunable: \['n'\]"),
        (wire({"HyperParameterTuningJobObjective": None}), "HyperParameterTuningJobObjective is required"),
        (wire({"HyperParameterTuningJobObjective": {**OBJECTIVE, "MetricName": "x"}}), "'x' is not among them"),
        (wire(limits={"MaxParallelTrainingJobs": 2}), "MaxNumberOfTrainingJobs is required with the strategy Random"),
        (wire(limits={"MaxNumberOfTrainingJobs": 1, "MaxParallelTrainingJobs": 2}), r"\[2\], must be less than or"),
        (wire(limits={"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 2}), r"ranges \[3.0\] .* \[4\]"),
        (wire({"Strategy": "Grid"}), "only categorical hyperparameter ranges"),
        (wire({"Strategy": "Grid", "ParameterRanges": COLORS}), r"\[3\], must be equal .* \[2\]"),
        (
            wire({"TuningJobCompletionCriteria": {"ConvergenceDetected": {"CompleteOnConvergence": "Enabled"}}}),
            "ConvergenceDetected is not emulated",
        ),
    ],
)
def test_a_request_that_cannot_be_tuned_is_refused(request_: dict[str, Any], text: str) -> None:
    with pytest.raises(AwsError, match=text):
        TuningRequest.parse(request_)
