"""Descriptions of tuning jobs, as Describe, List and events have them: pure functions of the job and its trials."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sagemaker_emulator.resources.tuning_job import Result, TuningJob, best_of
from sagemaker_emulator.tuning.request import whole_definition
from sagemaker_emulator.wire import described, present

Description = dict[str, Any]

# TrainingJobStatusCounters has a name of its own for some statuses
COUNTERS = {
    "Completed": "Completed",
    "InProgress": "InProgress",
    "Stopping": "InProgress",
    "Failed": "NonRetryableError",
    "Stopped": "Stopped",
}


def describe_tuning_job(job: TuningJob, results: Sequence[Result]) -> Description:
    """Return the answer of DescribeHyperParameterTuningJob. `results` are those of the job's trials."""
    best = best_of(results, job.objective)
    computed = {
        **_status(job, results),
        "TrainingJobDefinition": whole_definition(job.definition, job.objective),
        "BestTrainingJob": summarize_trial(job, best) if best else None,
        "FailureReason": job.failure_reason,
        "ConsumedResources": {"RuntimeInSeconds": sum(result.job.training_seconds or 0 for result in results)},
    }
    return described("DescribeHyperParameterTuningJob", job.request, computed)


def summarize_tuning_job(job: TuningJob, results: Sequence[Result]) -> Description:
    """Return the entry of ListHyperParameterTuningJobs."""
    summary = {**_status(job, results), "ResourceLimits": job.limits, "Strategy": job.config["Strategy"]}
    return present(summary)


def summarize_trial(job: TuningJob, result: Result) -> Description:
    """Return the entry of ListTrainingJobsForHyperParameterTuningJob."""
    training_job, objective = result.job, job.objective
    final = {"Type": objective.type, "MetricName": objective.metric, "Value": result.value}
    summary = {
        "TrainingJobDefinitionName": job.definition.get("DefinitionName"),
        "TrainingJobName": training_job.name,
        "TrainingJobArn": training_job.arn,
        "TuningJobName": job.name,
        "CreationTime": training_job.created,
        "TrainingStartTime": training_job.started,
        "TrainingEndTime": training_job.ended,
        "TrainingJobStatus": training_job.status,
        "TunedHyperParameters": result.trial.parameters,
        "FailureReason": training_job.failure_reason,
        "FinalHyperParameterTuningJobObjectiveMetric": final if result.value is not None else None,
        "ObjectiveStatus": result.objective_status,
    }
    return present(summary)


def _status(job: TuningJob, results: Sequence[Result]) -> Description:
    statuses = Counter(COUNTERS[result.job.status] for result in results)
    objectives = Counter(result.objective_status for result in results)
    counters = ("Completed", "InProgress", "RetryableError", "NonRetryableError", "Stopped")
    return {
        "HyperParameterTuningJobName": job.name,
        "HyperParameterTuningJobArn": job.arn,
        "HyperParameterTuningJobStatus": job.status,
        "CreationTime": job.created,
        "LastModifiedTime": job.modified,
        "HyperParameterTuningEndTime": job.ended,
        "TrainingJobStatusCounters": {name: statuses[name] for name in counters},
        "ObjectiveStatusCounters": {name: objectives[name] for name in ("Succeeded", "Pending", "Failed")},
    }
