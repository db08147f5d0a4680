"""CreateHyperParameterTuningJob's request, parsed once: its rules, the search, and the training job of a trial."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sagemaker_emulator.errors import validation
from sagemaker_emulator.resources.tuning_job import Objective, Result, Trial, best_of
from sagemaker_emulator.training.metrics import patterns_of
from sagemaker_emulator.tuning.parameter_search import (
    Categorical,
    Point,
    Range,
    RangeError,
    combinations,
    grid_points,
    random_points,
    ranges_of,
)

NOT_EMULATED = ("TrainingJobDefinitions", "WarmStartConfig", "Autotune")
TUNING_RESOURCES = "HyperParameterTuningResourceConfig"
OWN_MEMBERS = (TUNING_RESOURCES, "DefinitionName", "TuningObjective", "HyperParameterRanges", "StaticHyperParameters")
TRAINING_RESOURCES = ("InstanceType", "InstanceCount", "VolumeSizeInGB", "VolumeKmsKeyId")
RANGES_MAX = 30


@dataclass(frozen=True)
class TuningRequest:
    """`max_jobs` and `max_runtime_s` are None where the request sets no limit.

    A job is complete when the best value reaches `target`, or when `patience` training jobs have not improved on it.
    `definition` is the wire form of TrainingJobDefinition: each trial's request derives from it.
    """

    strategy: str
    ranges: tuple[Range, ...]
    objective: Objective
    max_jobs: int | None
    max_parallel: int
    max_runtime_s: int | None
    target: float | None
    patience: int | None
    seed: int | None
    definition: Mapping[str, Any]

    @classmethod
    def parse(cls, wire: dict[str, Any]) -> TuningRequest:
        """ValidationException for a request that AWS refuses, or that is not emulated."""
        for name in NOT_EMULATED:
            if wire.get(name):
                raise validation(f"{name} is not emulated; leave it out, or create the tuning job on AWS.")
        config, definition = wire["HyperParameterTuningJobConfig"], wire.get("TrainingJobDefinition")
        if definition is None:
            raise validation("TrainingJobDefinition is required.")
        _refuse_definition(definition)
        _refuse_config(config)
        limits, criteria = config["ResourceLimits"], config.get("TuningJobCompletionCriteria", {})
        request = cls(
            strategy=config["Strategy"],
            ranges=_ranges(config, definition),
            objective=_objective(config, definition),
            max_jobs=limits.get("MaxNumberOfTrainingJobs"),
            max_parallel=limits["MaxParallelTrainingJobs"],
            max_runtime_s=limits.get("MaxRuntimeInSeconds"),
            target=criteria.get("TargetObjectiveMetricValue"),
            patience=criteria.get("BestObjectiveNotImproving", {}).get("MaxNumberOfTrainingJobsNotImproving"),
            seed=config.get("RandomSeed"),
            definition=definition,
        )
        request._refuse_limits()
        return request

    def _refuse_limits(self) -> None:
        total = combinations(self.ranges)
        if self.strategy == "Grid":
            self._refuse_grid(total)
            return
        if self.max_jobs is None:
            raise validation(f"MaxNumberOfTrainingJobs is required with the strategy {self.strategy}.")
        if self.max_jobs < self.max_parallel:
            raise validation(
                f"The value of MaxParallelTrainingJobs, [{self.max_parallel}], must be less than or equal to the "
                f"value of MaxNumberOfTrainingJobs, [{self.max_jobs}]."
            )
        if not math.isinf(total) and total < self.max_jobs:
            raise validation(
                "You don't have enough combinations of hyperparameter ranges. The total number of hyperparameter "
                f"combinations for the provided ranges [{total:.1f}] must be equal or greater than the value of "
                f"MaxNumberOfJobs, [{self.max_jobs}]. Provide additional ranges."
            )

    def _refuse_grid(self, total: float) -> None:
        if not all(isinstance(entry, Categorical) for entry in self.ranges):
            raise validation("The Grid strategy supports only categorical hyperparameter ranges.")
        if self.max_jobs is not None and self.max_jobs != total:
            raise validation(
                f"The value of MaxNumberOfTrainingJobs, [{self.max_jobs}], must be equal to the number of "
                f"combinations of hyperparameters of the Grid strategy, [{int(total)}]. Omit it to use that number."
            )

    def points(self, default_seed: str) -> Iterator[Point]:
        """Yield the hyperparameters of all trials, the same ones for the same seed."""
        if self.strategy == "Grid":
            return grid_points(self.ranges)
        return random_points(self.ranges, default_seed if self.seed is None else self.seed)

    def is_complete(self, results: Sequence[Result]) -> bool:
        """Return whether the completion criteria are met by the trials so far."""
        best = best_of(results, self.objective)
        if best is None or best.value is None:
            return False
        if self.target is not None and not self.objective.better(self.target, best.value):
            return True
        succeeded = [result for result in results if result.succeeded]
        return self.patience is not None and len(succeeded) - 1 - succeeded.index(best) >= self.patience

    def training_request(self, trial: Trial) -> dict[str, Any]:
        """Return CreateTrainingJob's request for a trial."""
        whole = whole_definition(self.definition, self.objective)
        definition = {name: value for name, value in whole.items() if name not in OWN_MEMBERS}
        if checkpoint := definition.get("CheckpointConfig"):
            # a folder for each trial: otherwise a trial would continue where another one ended
            uri = f"{checkpoint['S3Uri'].rstrip('/')}/{trial.training_job}"
            definition["CheckpointConfig"] = {**checkpoint, "S3Uri": uri}
        return {
            **definition,
            "TrainingJobName": trial.training_job,
            "AlgorithmSpecification": _with_objective_metric(self.definition, self.objective),
            "HyperParameters": {**whole["StaticHyperParameters"], **trial.parameters},
        }


def whole_definition(definition: Mapping[str, Any], objective: Objective) -> dict[str, Any]:
    """Return a definition with what AWS adds to it: the hyperparameter of the objective, and ResourceConfig.

    Source: the SDK's HyperparameterTuner.attach reads both, and fit sends neither.
    """
    static = {"_tuning_objective_metric": objective.metric, **definition.get("StaticHyperParameters", {})}
    whole = {**definition, "StaticHyperParameters": static}
    if TUNING_RESOURCES in definition:
        whole["ResourceConfig"] = _resources_of(definition[TUNING_RESOURCES])
    return whole


def _refuse_definition(definition: dict[str, Any]) -> None:
    if ("ResourceConfig" in definition) == (TUNING_RESOURCES in definition):
        raise validation(f"TrainingJobDefinition needs either ResourceConfig or {TUNING_RESOURCES}.")
    for name in ("TuningObjective", "HyperParameterRanges"):
        if name in definition:
            raise validation(
                f"TrainingJobDefinition.{name} is not emulated; use its counterpart in HyperParameterTuningJobConfig."
            )


def _refuse_config(config: dict[str, Any]) -> None:
    if config["Strategy"] == "Hyperband":
        raise validation("Strategy Hyperband is not emulated; Random, Grid and Bayesian are.")
    if "AutoParameters" in config.get("ParameterRanges", {}):
        raise validation("ParameterRanges.AutoParameters is not emulated; give each range its values.")
    criteria = config.get("TuningJobCompletionCriteria", {})
    if criteria.get("ConvergenceDetected", {}).get("CompleteOnConvergence") == "Enabled":
        raise validation("TuningJobCompletionCriteria.ConvergenceDetected is not emulated; leave it out.")


def _ranges(config: dict[str, Any], definition: dict[str, Any]) -> tuple[Range, ...]:
    try:
        ranges = tuple(ranges_of(config.get("ParameterRanges", {})))
    except RangeError as error:
        raise validation(f"{error}.") from error
    if not 0 < len(ranges) <= RANGES_MAX:
        raise validation(f"ParameterRanges must have between 1 and {RANGES_MAX} hyperparameters, not {len(ranges)}.")
    if both := {entry.name for entry in ranges} & set(definition.get("StaticHyperParameters", {})):
        raise validation(f"Hyperparameters cannot be both static and tunable: {sorted(both)}.")
    return ranges


def _objective(config: dict[str, Any], definition: dict[str, Any]) -> Objective:
    if "HyperParameterTuningJobObjective" not in config:
        raise validation("HyperParameterTuningJobConfig.HyperParameterTuningJobObjective is required.")
    objective = Objective.from_request(config["HyperParameterTuningJobObjective"])
    if objective.metric not in patterns_of(definition["AlgorithmSpecification"]):
        raise validation(
            "A metric is required for this hyperparameter tuning job objective. Provide a metric in the metric "
            f"definitions: {objective.metric!r} is not among them."
        )
    return objective


def _resources_of(tuning_resources: dict[str, Any]) -> dict[str, Any]:
    """Return ResourceConfig with the first of several InstanceConfigs: there is always capacity for it."""
    first, *_ = tuning_resources.get("InstanceConfigs") or [{}]
    return {name: value for name, value in {**tuning_resources, **first}.items() if name in TRAINING_RESOURCES}


def _with_objective_metric(definition: Mapping[str, Any], objective: Objective) -> dict[str, Any]:
    """Return AlgorithmSpecification with ObjectiveMetric, which AWS adds to the metrics of every trial."""
    algorithm = definition["AlgorithmSpecification"]
    pattern = patterns_of(algorithm)[objective.metric].pattern
    definitions = [*algorithm.get("MetricDefinitions", ()), {"Name": "ObjectiveMetric", "Regex": pattern}]
    return {**algorithm, "MetricDefinitions": definitions}
