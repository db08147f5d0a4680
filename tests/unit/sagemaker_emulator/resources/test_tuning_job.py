from dataclasses import replace

import pytest

from sagemaker_emulator.resources.job import JobStatus
from sagemaker_emulator.resources.training_job import Metric, TrainingJob
from sagemaker_emulator.resources.tuning_job import Objective, Result, Trial, TuningJob, best_of

MAXIMIZE = Objective("Maximize", "accuracy")
MINIMIZE = Objective("Minimize", "accuracy")


def result(name: str, *values: float, status: JobStatus = JobStatus.COMPLETED) -> Result:
    job = TrainingJob.requested("arn", {"TrainingJobName": name}, 1)
    metrics = (*(Metric("accuracy", value, 1) for value in values), Metric("loss", 9, 1))
    job = replace(job, metrics=metrics)
    return Result.of(Trial(name, {}), job if status is JobStatus.IN_PROGRESS else job.moved_to(status, 2), MAXIMIZE)


def test_a_tuning_job_reads_its_request() -> None:
    wanted = {"Type": "Minimize", "MetricName": "loss"}
    config = {"ResourceLimits": {"MaxParallelTrainingJobs": 2}, "HyperParameterTuningJobObjective": wanted}
    request = {"HyperParameterTuningJobConfig": config, "TrainingJobDefinition": {"RoleArn": "role"}}
    job = TuningJob("tuning", "arn", request, 1, 1)
    assert (job.config, job.definition, job.limits) == (config, {"RoleArn": "role"}, {"MaxParallelTrainingJobs": 2})
    assert (job.objective, job.trials) == (Objective("Minimize", "loss"), ())


@pytest.mark.parametrize(
    ("one", "other", "higher", "lower"), [(2.0, 1.0, True, False), (1.0, 2.0, False, True), (1.0, 1.0, False, False)]
)
def test_an_equal_value_is_not_better(one: float, other: float, higher: bool, lower: bool) -> None:
    assert (MAXIMIZE.better(one, other), MINIMIZE.better(one, other)) == (higher, lower)


@pytest.mark.parametrize(
    ("values", "status", "value", "objective_status"),
    [
        ((0.5, 0.7), JobStatus.COMPLETED, 0.7, "Succeeded"),
        ((0.5, 0.7), JobStatus.IN_PROGRESS, None, "Pending"),
        ((0.5,), JobStatus.FAILED, 0.5, "Failed"),
        ((), JobStatus.COMPLETED, None, "Failed"),
    ],
)
def test_a_trial_succeeds_when_its_job_completed_with_a_last_value(
    values: tuple[float, ...], status: JobStatus, value: float | None, objective_status: str
) -> None:
    trial = result("a", *values, status=status)
    assert (trial.value, trial.objective_status) == (value, objective_status)
    assert trial.succeeded is (objective_status == "Succeeded")
    assert (trial.trial.training_job, trial.job.name) == ("a", "a")


def test_the_best_is_the_first_of_the_best_that_succeeded() -> None:
    results = [
        result("none"),
        result("low", 0.1),
        result("failed", 0.99, status=JobStatus.FAILED),
        result("high", 0.9),
        result("as high", 0.9),
        result("running", 1.0, status=JobStatus.IN_PROGRESS),
        result("as low", 0.1),
    ]
    best, worst = best_of(results, MAXIMIZE), best_of(results, MINIMIZE)
    assert best is not None
    assert worst is not None
    assert (best.trial.training_job, worst.trial.training_job) == ("high", "low")


def test_without_a_success_there_is_no_best() -> None:
    assert best_of([], MAXIMIZE) is None
    assert best_of([result("none")], MAXIMIZE) is None
