"""Hyperparameter tuning jobs: Create, Describe, List, Stop, Delete, and List of their training jobs."""

from __future__ import annotations

from typing import Any

from sagemaker_emulator.operations.registry import Request, Response, listed, operation, tags_of
from sagemaker_emulator.resources.tuning_job import Result
from sagemaker_emulator.sagemaker import SageMaker
from sagemaker_emulator.storage.listing import sliced
from sagemaker_emulator.tuning.descriptions import describe_tuning_job, summarize_trial, summarize_tuning_job


@operation("CreateHyperParameterTuningJob", waits=True)
def create_hyper_parameter_tuning_job(sagemaker: SageMaker, request: Request) -> Response:
    """Support the strategies Random and Grid; Bayesian draws points as Random does. Also integer, continuous and
    categorical ranges with their scales (Auto is linear), RandomSeed, MaxRuntimeInSeconds, TargetObjectiveMetricValue
    and BestObjectiveNotImproving. Only the first of the InstanceConfigs in HyperParameterTuningResourceConfig is used.
    TrainingJobEarlyStoppingType Auto is accepted but stops no job early. Each training job has its own checkpoint
    folder. A tuning job continues after a restart. Hyperband, TrainingJobDefinitions, WarmStartConfig, Autotune and
    AutoParameters are refused.
    """
    return {"HyperParameterTuningJobArn": sagemaker.tuning_jobs.create(request, tags_of(request)).arn}


@operation("DescribeHyperParameterTuningJob")
def describe_hyper_parameter_tuning_job(sagemaker: SageMaker, request: Request) -> Response:
    """Show counters, the best training job by its final metric, and the total training time."""
    job = sagemaker.tuning_jobs.get(request["HyperParameterTuningJobName"])
    return describe_tuning_job(job, sagemaker.tuning_jobs.results(job))


@operation("ListHyperParameterTuningJobs")
def list_hyper_parameter_tuning_jobs(sagemaker: SageMaker, request: Request) -> Response:
    """Filter by name, status and time; sort, by name unless the request says otherwise; page."""
    page = sagemaker.tuning_jobs.page(request)
    summaries = [summarize_tuning_job(job, sagemaker.tuning_jobs.results(job)) for job in page.resources]
    return listed("HyperParameterTuningJobSummaries", summaries, page.next_token)


@operation("ListTrainingJobsForHyperParameterTuningJob")
def list_training_jobs_for_hyper_parameter_tuning_job(sagemaker: SageMaker, request: Request) -> Response:
    """Filter by status; sort, also by the objective; page."""
    job = sagemaker.tuning_jobs.get(request["HyperParameterTuningJobName"])
    results, token = sliced(_sorted(sagemaker.tuning_jobs.results(job), request), request)
    return listed("TrainingJobSummaries", [summarize_trial(job, result) for result in results], token)


@operation("StopHyperParameterTuningJob")
def stop_hyper_parameter_tuning_job(sagemaker: SageMaker, request: Request) -> Response:
    """Stop the job's training jobs, as StopTrainingJob does, and launch no more."""
    sagemaker.tuning_jobs.stop(request["HyperParameterTuningJobName"])
    return {}


@operation("DeleteHyperParameterTuningJob")
def delete_hyper_parameter_tuning_job(sagemaker: SageMaker, request: Request) -> Response:
    """Delete the record of a tuning job that has ended. Its training jobs stay."""
    sagemaker.tuning_jobs.delete(request["HyperParameterTuningJobName"])
    return {}


def _sorted(results: list[Result], request: Request) -> list[Result]:
    """Sort, by name by default. A sort by the objective leaves out jobs without one, as AWS does."""
    by = request.get("SortBy", "Name")
    keys: dict[str, Any] = {
        "Name": lambda result: result.job.name,
        "CreationTime": lambda result: (result.job.created, result.job.name),
        "Status": lambda result: (result.job.status, result.job.name),
        "FinalObjectiveMetricValue": lambda result: (result.value, result.job.name),
    }
    filtered = [
        result
        for result in results
        if request.get("StatusEquals") in (None, result.job.status)
        and (by != "FinalObjectiveMetricValue" or result.value is not None)
    ]
    return sorted(filtered, key=keys[by], reverse=request.get("SortOrder") == "Descending")
