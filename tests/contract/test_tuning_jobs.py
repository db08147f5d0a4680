"""Hyperparameter tuning jobs, as boto3 sees them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sagemaker_emulator.tuning.parameter_search import Continuous, random_points

BUCKET = "contract"
LONG = "600"  # seconds for which a job runs unless it is stopped
SCORE = "print('score=' + str(1 - abs(float(parameters['rate']) - 0.5)), flush=True)"
RATES: dict[str, Any] = {"ContinuousParameterRanges": [{"Name": "rate", "MinValue": "0.0", "MaxValue": "1.0"}]}
COLORS: dict[str, Any] = {
    "CategoricalParameterRanges": [{"Name": "rate", "Values": ["0.1", "0.4"]}, {"Name": "color", "Values": ["r", "g"]}]
}


class Tuning:
    """Tuning jobs of the contract container, whose score is best at a rate of 0.5."""

    def __init__(self, client: Any, jobs: Any) -> None:
        self.client, self.jobs = client, jobs

    def create(
        self, name: str, strategy: str = "Random", ranges: Any = RATES, most: int | None = 3, **more: Any
    ) -> str:
        limits = {"MaxParallelTrainingJobs": 2, **({} if most is None else {"MaxNumberOfTrainingJobs": most})}
        config = {
            "Strategy": strategy,
            "HyperParameterTuningJobObjective": {"Type": more.pop("objective", "Maximize"), "MetricName": "score"},
            "ResourceLimits": {**limits, **more.pop("limits", {})},
            "ParameterRanges": ranges,
            **more.pop("config", {}),
        }
        definition = self.definition(more.pop("static", {}), **more.pop("definition", {}))
        answer: str = self.client.create_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=name,
            HyperParameterTuningJobConfig=config,
            TrainingJobDefinition=definition,
            **more,
        )["HyperParameterTuningJobArn"]
        return answer

    def definition(self, static: dict[str, str], **changes: Any) -> dict[str, Any]:
        request = self.jobs.request("unused")
        del request["TrainingJobName"]
        metrics = [{"Name": "score", "Regex": r"score=(\S+)"}]
        algorithm = {**request["AlgorithmSpecification"], "MetricDefinitions": metrics}
        return {
            **request,
            "AlgorithmSpecification": algorithm,
            "StaticHyperParameters": static,
            "Environment": {"PROGRAM": SCORE},
            **changes,
        }

    def described(self, name: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        return answer

    def children(self, name: str, **request: Any) -> list[dict[str, Any]]:
        pages = self.client.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
            HyperParameterTuningJobName=name, PaginationConfig={"PageSize": 2}, **request
        )
        return [job for page in pages for job in page["TrainingJobSummaries"]]


@pytest.fixture(scope="module")
def tuning(sagemaker: Any, jobs: Any) -> Tuning:
    return Tuning(sagemaker, jobs)


@pytest.fixture(scope="module")
def ended(tuning: Tuning, until: Any) -> Any:
    def ended(name: str, tuned: Tuning = tuning) -> dict[str, Any]:
        def over() -> dict[str, Any] | None:
            job = tuned.described(name)
            return job if job["HyperParameterTuningJobStatus"] in ("Completed", "Failed", "Stopped") else None

        job: dict[str, Any] = until(over, f"the end of tuning job {name}")
        return job

    return ended


@pytest.fixture(scope="module")
def searched(tuning: Tuning, ended: Any) -> dict[str, Any]:
    """One random search, which several tests examine."""
    tuning.create("searched", most=4, static={"fixed": "1"}, Tags=[{"Key": "team", "Value": "scones"}])
    job: dict[str, Any] = ended("searched")
    return job


def test_describe_names_the_best_training_job(searched: dict[str, Any], tuning: Tuning) -> None:
    assert searched["HyperParameterTuningJobStatus"] == "Completed"
    assert searched["HyperParameterTuningEndTime"] >= searched["CreationTime"]
    scores = {
        child["TrainingJobName"]: child["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
        for child in tuning.children("searched")
    }
    best = searched["BestTrainingJob"]
    assert best["TrainingJobName"] == max(scores, key=lambda name: scores[name])
    rate = float(best["TunedHyperParameters"]["rate"])
    assert max(scores.values()) == pytest.approx(1 - abs(rate - 0.5), abs=1e-6)


def test_the_counters_count_the_training_jobs(searched: dict[str, Any]) -> None:
    counters = searched["TrainingJobStatusCounters"]
    assert counters == {
        "Completed": 4, "InProgress": 0, "RetryableError": 0, "NonRetryableError": 0, "Stopped": 0,
    }  # fmt: skip
    assert searched["ObjectiveStatusCounters"] == {"Succeeded": 4, "Pending": 0, "Failed": 0}


def test_trials_are_training_jobs_of_the_tuning_job(searched: dict[str, Any], tuning: Tuning) -> None:
    children = tuning.children("searched")
    assert [child["TrainingJobName"][:13] for child in children] == [
        f"searched-{number:03d}-" for number in (1, 2, 3, 4)
    ]
    job = tuning.client.describe_training_job(TrainingJobName=children[0]["TrainingJobName"])
    assert job["TuningJobArn"] == searched["HyperParameterTuningJobArn"]
    tuned = children[0]["TunedHyperParameters"]
    assert job["HyperParameters"] == {"fixed": "1", "_tuning_objective_metric": "score", **tuned}
    assert {metric["MetricName"] for metric in job["FinalMetricDataList"]} == {"score", "ObjectiveMetric"}
    tags = tuning.client.list_tags(ResourceArn=job["TrainingJobArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "scones"}]


def test_training_jobs_are_listed_by_their_objective(searched: dict[str, Any], tuning: Tuning) -> None:
    children = tuning.children("searched", SortBy="FinalObjectiveMetricValue", SortOrder="Descending")
    values = [child["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for child in children]
    assert len(values) == 4
    assert values == sorted(values, reverse=True)
    assert tuning.children("searched", StatusEquals="Failed") == []


def test_describe_repeats_the_create_request_and_adds_the_objective(searched: dict[str, Any]) -> None:
    assert searched["HyperParameterTuningJobConfig"]["ParameterRanges"] == RATES
    static = searched["TrainingJobDefinition"]["StaticHyperParameters"]
    assert static == {"fixed": "1", "_tuning_objective_metric": "score"}
    assert searched["HyperParameterTuningJobArn"].endswith(":hyper-parameter-tuning-job/searched")


def test_tuning_jobs_are_listed_in_pages_by_name(searched: dict[str, Any], tuning: Tuning) -> None:
    pages = tuning.client.get_paginator("list_hyper_parameter_tuning_jobs").paginate(NameContains="searched")
    (summary,) = [job for page in pages for job in page["HyperParameterTuningJobSummaries"]]
    assert (summary["HyperParameterTuningJobName"], summary["Strategy"]) == ("searched", "Random")
    assert summary["TrainingJobStatusCounters"]["Completed"] == 4


def test_a_second_tuning_job_of_the_same_name_is_resource_in_use(searched: dict[str, Any], tuning: Tuning) -> None:
    with pytest.raises(tuning.client.exceptions.ResourceInUse, match="name, searched, already exists"):
        tuning.create("searched")


def test_more_parallel_training_jobs_than_the_quota_are_refused(tuning: Tuning) -> None:
    with pytest.raises(tuning.client.exceptions.ResourceLimitExceeded, match="request delta of 21 Instances"):
        tuning.create("crowd", most=30, limits={"MaxNumberOfTrainingJobs": 30, "MaxParallelTrainingJobs": 21})


def test_grid_search_tries_each_combination_once(tuning: Tuning, ended: Any) -> None:
    tuning.create("grid", "Grid", COLORS, most=None, objective="Minimize")
    assert ended("grid")["BestTrainingJob"]["TunedHyperParameters"]["rate"] == "0.1"
    tried = [
        (job["TunedHyperParameters"]["rate"], job["TunedHyperParameters"]["color"]) for job in tuning.children("grid")
    ]
    assert sorted(tried) == [("0.1", "g"), ("0.1", "r"), ("0.4", "g"), ("0.4", "r")]


def test_the_same_seed_draws_the_same_points(tuning: Tuning, ended: Any) -> None:
    for name in ("seed-a", "seed-b"):
        tuning.create(name, "Bayesian", most=2, config={"RandomSeed": 11})
        ended(name)
    first, second = ([job["TunedHyperParameters"] for job in tuning.children(name)] for name in ("seed-a", "seed-b"))
    assert first == second


def test_no_more_training_jobs_run_at_once_than_allowed(tuning: Tuning, ended: Any) -> None:
    tuning.create("narrow", most=3, limits={"MaxParallelTrainingJobs": 1})
    ended("narrow")
    spans = [(job["CreationTime"], job["TrainingEndTime"]) for job in tuning.children("narrow", SortBy="CreationTime")]
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(spans))


def test_reaching_the_target_ends_the_search(tuning: Tuning, ended: Any) -> None:
    criteria = {"TargetObjectiveMetricValue": 0.1}
    tuning.create("target", most=50, config={"TuningJobCompletionCriteria": criteria})
    assert ended("target")["HyperParameterTuningJobStatus"] == "Completed"
    assert len(tuning.children("target")) < 50


def test_a_search_that_no_longer_improves_ends(tuning: Tuning, ended: Any) -> None:
    criteria = {"BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": 3}}
    environment = {"PROGRAM": "print('score=1', flush=True)"}
    tuning.create(
        "flat", most=50, config={"TuningJobCompletionCriteria": criteria}, definition={"Environment": environment}
    )
    assert ended("flat")["HyperParameterTuningJobStatus"] == "Completed"
    assert len(tuning.children("flat")) < 10


def test_a_stop_stops_the_training_jobs(tuning: Tuning, ended: Any, until: Any) -> None:
    tuning.create("stopped", static={"seconds": LONG})
    until(lambda: len(tuning.children("stopped")) == 2, "two children")
    tuning.client.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName="stopped")
    assert ended("stopped")["HyperParameterTuningJobStatus"] == "Stopped"
    assert [child["TrainingJobStatus"] for child in tuning.children("stopped")] == ["Stopped", "Stopped"]
    with pytest.raises(ClientError, match="in status Stopped") as error:
        tuning.client.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName="stopped")
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_the_resources_of_the_tuning_job_become_those_of_its_training_jobs(tuning: Tuning, ended: Any) -> None:
    definition = tuning.definition({})
    del definition["ResourceConfig"]
    kinds = ("ml.m5.large", "ml.c5.xlarge")
    shapes = [{"InstanceType": kind, "InstanceCount": 1, "VolumeSizeInGB": 5} for kind in kinds]
    tuning.client.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName="flexible",
        HyperParameterTuningJobConfig={
            "Strategy": "Random",
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "score"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 1, "MaxParallelTrainingJobs": 1},
            "ParameterRanges": RATES,
            "TrainingJobEarlyStoppingType": "Auto",
        },
        TrainingJobDefinition={
            **definition,
            "HyperParameterTuningResourceConfig": {"AllocationStrategy": "Prioritized", "InstanceConfigs": shapes},
        },
    )
    best = ended("flexible")["BestTrainingJob"]["TrainingJobName"]
    assert tuning.client.describe_training_job(TrainingJobName=best)["ResourceConfig"] == shapes[0]


def test_an_invented_token_is_refused(searched: dict[str, Any], tuning: Tuning) -> None:
    for token in ("nonsense", "LTU=", "%"):
        with pytest.raises(ClientError, match="Invalid pagination token") as error:
            tuning.client.list_training_jobs_for_hyper_parameter_tuning_job(
                HyperParameterTuningJobName="searched", NextToken=token
            )
        assert error.value.response["Error"]["Code"] == "ValidationException"


def test_a_search_fails_if_all_its_jobs_fail(tuning: Tuning, ended: Any) -> None:
    tuning.create("doomed", most=2, static={"exit_code": "1"})
    job = ended("doomed")
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("All training jobs failed.")
    assert "BestTrainingJob" not in job
    assert job["TrainingJobStatusCounters"]["NonRetryableError"] == 2


def test_a_tuning_job_continues_after_a_restart(
    restartable: Any, make_jobs: Any, s3: Any, until: Any, ended: Any, tmp_path: Path
) -> None:
    restarted = tmp_path / "restarted"
    wait = f"import pathlib, time\nwhile not pathlib.Path({str(restarted)!r}).exists():\n    time.sleep(0.02)\n"

    def tuned(emulator: Any) -> Tuning:
        client = emulator.client("sagemaker")
        return Tuning(client, make_jobs(client, s3))

    with restartable() as emulator:
        first = tuned(emulator)
        environment = {"PROGRAM": wait + SCORE}
        first.create("resumed", most=3, config={"RandomSeed": 3}, definition={"Environment": environment})
        until(lambda: len(first.children("resumed")) == 2, "two children")
    restarted.touch()
    with restartable() as emulator:
        second = tuned(emulator)
        job = ended("resumed", second)
        assert job["HyperParameterTuningJobStatus"] == "Completed"
        assert job["TrainingJobStatusCounters"]["NonRetryableError"] == 2
        drawn = [child["TunedHyperParameters"]["rate"] for child in second.children("resumed")]
    points = random_points([Continuous("rate", 0.0, 1.0, "Auto")], 3)
    assert drawn == [next(points)["rate"] for _ in range(3)]


def test_deleting_a_tuning_job_keeps_its_training_jobs(tuning: Tuning, ended: Any) -> None:
    tuning.create("gone", most=2)
    with pytest.raises(ClientError, match="stop it before deleting"):
        tuning.client.delete_hyper_parameter_tuning_job(HyperParameterTuningJobName="gone")
    ended("gone")
    tuning.client.delete_hyper_parameter_tuning_job(HyperParameterTuningJobName="gone")
    with pytest.raises(tuning.client.exceptions.ResourceNotFound):
        tuning.described("gone")
    assert len(tuning.client.list_training_jobs(NameContains="gone-")["TrainingJobSummaries"]) == 2


@pytest.mark.parametrize(
    "operation",
    [
        "describe_hyper_parameter_tuning_job",
        "stop_hyper_parameter_tuning_job",
        "delete_hyper_parameter_tuning_job",
        "list_training_jobs_for_hyper_parameter_tuning_job",
    ],
)
def test_a_missing_tuning_job_is_resource_not_found(tuning: Tuning, operation: str) -> None:
    with pytest.raises(tuning.client.exceptions.ResourceNotFound, match="can't find a tuning job"):
        getattr(tuning.client, operation)(HyperParameterTuningJobName="missing")


def _range(kind: str, **changes: str) -> dict[str, Any]:
    return {f"{kind}ParameterRanges": [{"Name": "rate", "MinValue": "1", "MaxValue": "3", **changes}]}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"ranges": _range("Integer"), "most": 10}, r"You don't have enough combinations.*\[3.0\].*\[10\]"),
        ({"ranges": _range("Integer", MinValue="3")}, "less than its MaxValue"),
        ({"ranges": _range("Integer", MinValue="x")}, "has a bound that is not a number"),
        ({"ranges": _range("Continuous", MinValue="0", ScalingType="Logarithmic")}, "greater than 0"),
        ({"ranges": _range("Continuous", ScalingType="ReverseLogarithmic")}, "0 <= x < 1"),
        ({"ranges": {}}, "between 1 and 30"),
        ({"static": {"rate": "1"}}, "both static and tunable"),
        ({"most": None}, "MaxNumberOfTrainingJobs is required"),
        ({"most": 1}, "MaxParallelTrainingJobs, "),
        ({"strategy": "Hyperband"}, "Hyperband is not emulated"),
        ({"strategy": "Grid", "most": None}, "only categorical"),
        ({"strategy": "Grid", "ranges": COLORS, "most": 3}, "must be equal to the number of combinations"),
        ({"Autotune": {"Mode": "Enabled"}}, "Autotune is not emulated"),
        (
            {"config": {"HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "other"}}},
            "A metric is required for this hyperparameter tuning job objective",
        ),
        ({"definition": {"OutputDataConfig": {"S3OutputPath": "https://x/y"}}}, "is not an S3 URI"),
    ],
)
def test_a_request_that_cannot_be_tuned_is_refused(tuning: Tuning, changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ClientError, match=text) as error:
        tuning.create("refused", **changes)
    assert error.value.response["Error"]["Code"] == "ValidationException"
