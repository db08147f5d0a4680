"""The action of each type of step, over the emulator's own services and those of AWS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sagemaker_emulator.aws_clients.clients import AwsClients
from sagemaker_emulator.experiments.service import Tracking
from sagemaker_emulator.hosting.models import Models
from sagemaker_emulator.pipelines.steps.callbacks import CallbackAction
from sagemaker_emulator.pipelines.steps.decisions import ConditionAction, FailAction
from sagemaker_emulator.pipelines.steps.functions import LambdaAction
from sagemaker_emulator.pipelines.steps.jobs import JobAction
from sagemaker_emulator.pipelines.steps.models import ModelAction, RegisterModelAction
from sagemaker_emulator.pipelines.steps.progress import Action
from sagemaker_emulator.pipelines.steps.quality_check import QualityCheckAction
from sagemaker_emulator.processing.descriptions import describe_processing_job
from sagemaker_emulator.processing.jobs import ProcessingJobs
from sagemaker_emulator.registry.model_packages import ModelPackageGroups, ModelPackages
from sagemaker_emulator.resources.tuning_job import Result, TuningJob
from sagemaker_emulator.training.descriptions import describe_training_job
from sagemaker_emulator.training.jobs import TrainingJobs
from sagemaker_emulator.transform.descriptions import describe_transform_job
from sagemaker_emulator.transform.jobs import TransformJobs
from sagemaker_emulator.tuning.descriptions import describe_tuning_job, summarize_trial
from sagemaker_emulator.tuning.jobs import TuningJobs

TOP_TRAINING_JOBS = 50


@dataclass(frozen=True)
class Services:
    """The services that steps use."""

    training_jobs: TrainingJobs
    processing_jobs: ProcessingJobs
    transform_jobs: TransformJobs
    tuning_jobs: TuningJobs
    models: Models
    model_packages: ModelPackages
    model_package_groups: ModelPackageGroups
    tracking: Tracking


def tuning_properties(job: TuningJob, results: Sequence[Result]) -> dict[str, Any]:
    """Return what other steps refer to: the tuning job's description, and its training jobs, the best one first.

    Source: TuningStep.get_top_model_s3_uri of the SDK, which refers to up to 50 of TrainingJobSummaries.
    """
    ranked = sorted(
        [result for result in results if result.value is not None],
        key=lambda result: result.value or 0.0,
        reverse=job.objective.type == "Maximize",
    )
    summaries = [summarize_trial(job, result) for result in ranked[:TOP_TRAINING_JOBS]]
    return {**describe_tuning_job(job, results), "TrainingJobSummaries": summaries}


def actions_over(services: Services, aws: AwsClients) -> dict[str, Action]:
    results_of, tracking = services.tuning_jobs.results, services.tracking
    processing = JobAction(services.processing_jobs, describe_processing_job, tracking=tracking)
    return {
        "Training": JobAction(services.training_jobs, describe_training_job, tracking=tracking),
        "Processing": processing,
        "Transform": JobAction(services.transform_jobs, describe_transform_job, tracking=tracking),
        "Tuning": JobAction(
            services.tuning_jobs, lambda job: tuning_properties(job, results_of(job)), retries_internally=True
        ),
        "Model": ModelAction(services.models),
        "RegisterModel": RegisterModelAction(services.model_packages, services.model_package_groups),
        "QualityCheck": QualityCheckAction(processing, services.model_packages),
        "Lambda": LambdaAction(aws),
        "Callback": CallbackAction(aws),
        "Condition": ConditionAction(),
        "Fail": FailAction(),
    }
