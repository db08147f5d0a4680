"""What CreateHyperParameterTuningJob refuses, and the training job that a trial becomes."""

from __future__ import annotations

import math
import re
from typing import Any

from sagemaker_emulator.errors import validation
from sagemaker_emulator.resources.tuning_job import Trial, TuningJob
from sagemaker_emulator.training.metrics import MetricReader
from sagemaker_emulator.tuning.parameter_search import Categorical, Range, RangeError, combinations, ranges_of

NOT_EMULATED = ("TrainingJobDefinitions", "WarmStartConfig", "Autotune")
TUNING_RESOURCES = "HyperParameterTuningResourceConfig"
OWN_MEMBERS = (TUNING_RESOURCES, "DefinitionName", "TuningObjective", "HyperParameterRanges", "StaticHyperParameters")
RANGES_MAX = 30


def refuse_what_cannot_be_tuned(job: TuningJob) -> None:
    """ValidationException, before anything is stored."""
    for name in NOT_EMULATED:
        if job.request.get(name):
            raise validation(f"{name} is not emulated; leave it out, or create the tuning job on AWS.")
    _refuse_definition(job)
    _refuse_limits(job, _ranges(job))
    _refuse_objective(job)


def _refuse_definition(job: TuningJob) -> None:
    if "TrainingJobDefinition" not in job.request:
        raise validation("TrainingJobDefinition is required.")
    if ("ResourceConfig" in job.definition) == (TUNING_RESOURCES in job.definition):
        raise validation(f"TrainingJobDefinition needs either ResourceConfig or {TUNING_RESOURCES}.")
    for name in ("TuningObjective", "HyperParameterRanges"):
        if name in job.definition:
            raise validation(
                f"TrainingJobDefinition.{name} is not emulated; HyperParameterTuningJobConfig has its like."
            )
    if job.config["Strategy"] == "Hyperband":
        raise validation("Strategy Hyperband is not emulated; Random, Grid and Bayesian are.")
    if "AutoParameters" in job.config.get("ParameterRanges", {}):
        raise validation("ParameterRanges.AutoParameters is not emulated; give each range its values.")
    criteria = job.config.get("TuningJobCompletionCriteria", {})
    if criteria.get("ConvergenceDetected", {}).get("CompleteOnConvergence") == "Enabled":
        raise validation("TuningJobCompletionCriteria.ConvergenceDetected is not emulated; leave it out.")


def _ranges(job: TuningJob) -> list[Range]:
    try:
        ranges = ranges_of(job.config.get("ParameterRanges", {}))
    except RangeError as error:
        raise validation(f"{error}.") from error
    if not 0 < len(ranges) <= RANGES_MAX:
        raise validation(f"ParameterRanges must have between 1 and {RANGES_MAX} hyperparameters, not {len(ranges)}.")
    if both := {entry.name for entry in ranges} & set(job.definition.get("StaticHyperParameters", {})):
        raise validation(f"Hyperparameters cannot be both static and tunable: {sorted(both)}.")
    return ranges


def _refuse_limits(job: TuningJob, ranges: list[Range]) -> None:
    total, most = combinations(ranges), job.limits.get("MaxNumberOfTrainingJobs")
    if job.config["Strategy"] == "Grid":
        if not all(isinstance(entry, Categorical) for entry in ranges):
            raise validation("The Grid strategy supports only categorical hyperparameter ranges.")
        if most is not None and most != total:
            raise validation(
                f"The value of MaxNumberOfTrainingJobs, [{most}], must be equal to the number of combinations of "
                f"hyperparameters of the Grid strategy, [{int(total)}]. Leave it out, and it is."
            )
        return
    if most is None:
        raise validation(f"MaxNumberOfTrainingJobs is required with the strategy {job.config['Strategy']}.")
    if most < job.limits["MaxParallelTrainingJobs"]:
        raise validation(
            f"The value of MaxParallelTrainingJobs, [{job.limits['MaxParallelTrainingJobs']}], must be less than or "
            f"equal to the value of MaxNumberOfTrainingJobs, [{most}]."
        )
    if not math.isinf(total) and total < most:
        raise validation(
            "You don't have enough combinations of hyperparameter ranges. The total number of hyperparameter "
            f"combinations for the provided ranges [{total:.1f}] must be equal or greater than the value of "
            f"MaxNumberOfJobs, [{most}]. Provide additional ranges."
        )


def _refuse_objective(job: TuningJob) -> None:
    if "HyperParameterTuningJobObjective" not in job.config:
        raise validation("HyperParameterTuningJobConfig.HyperParameterTuningJobObjective is required.")
    if job.objective.metric not in MetricReader.for_request(job.definition["AlgorithmSpecification"]).patterns:
        raise validation(
            "A metric is required for this hyperparameter tuning job objective. Provide a metric in the metric "
            f"definitions: {job.objective.metric!r} is not among them."
        )


def training_request(job: TuningJob, trial: Trial) -> dict[str, Any]:
    """CreateTrainingJob for one trial. AWS adds the objective's name to the hyperparameters, and its metric twice."""
    definition = {name: value for name, value in job.definition.items() if name not in OWN_MEMBERS}
    request = {
        **definition,
        "TrainingJobName": trial.training_job,
        "ResourceConfig": definition.get("ResourceConfig") or _resources(job.definition[TUNING_RESOURCES]),
        "AlgorithmSpecification": _with_objective_metric(job),
        "HyperParameters": {
            "_tuning_objective_metric": job.objective.metric,
            **job.definition.get("StaticHyperParameters", {}),
            **trial.parameters,
        },
    }
    if checkpoint := definition.get(
        "CheckpointConfig"
    ):  # each trial has a folder, or it would go on where another ended
        uri = f"{checkpoint['S3Uri'].rstrip('/')}/{trial.training_job}"
        request["CheckpointConfig"] = {**checkpoint, "S3Uri": uri}
    return request


def _resources(tuning_resources: dict[str, Any]) -> dict[str, Any]:
    """Of several InstanceConfigs the first: there is always capacity for it."""
    first, *_ = tuning_resources.get("InstanceConfigs") or [{}]
    of_training = ("InstanceType", "InstanceCount", "VolumeSizeInGB", "VolumeKmsKeyId")
    return {name: value for name, value in {**tuning_resources, **first}.items() if name in of_training}


def _with_objective_metric(job: TuningJob) -> dict[str, Any]:
    algorithm = job.definition["AlgorithmSpecification"]
    pattern: re.Pattern[str] = MetricReader.for_request(algorithm).patterns[job.objective.metric]
    definitions = [*algorithm.get("MetricDefinitions", ()), {"Name": "ObjectiveMetric", "Regex": pattern.pattern}]
    return {**algorithm, "MetricDefinitions": definitions}
