"""Experiments."""

from __future__ import annotations

from sagemaker_emulator.experiments import descriptions
from sagemaker_emulator.operations.registry import Request, Response, listed, operation, tags_of
from sagemaker_emulator.sagemaker import SageMaker


@operation("CreateExperiment")
def create_experiment(sagemaker: SageMaker, request: Request) -> Response:
    return {"ExperimentArn": sagemaker.tracking.experiments.create(request, tags_of(request)).arn}


@operation("DescribeExperiment")
def describe_experiment(sagemaker: SageMaker, request: Request) -> Response:
    return descriptions.describe_experiment(sagemaker.tracking.experiments.get(request["ExperimentName"]))


@operation("ListExperiments")
def list_experiments(sagemaker: SageMaker, request: Request) -> Response:
    """Filter by time; sort and page."""
    page = sagemaker.tracking.experiments.page(request)
    summaries = [descriptions.summarize_experiment(experiment) for experiment in page.resources]
    return listed("ExperimentSummaries", summaries, page.next_token)


@operation("UpdateExperiment")
def update_experiment(sagemaker: SageMaker, request: Request) -> Response:
    return {"ExperimentArn": sagemaker.tracking.experiments.update(request).arn}


@operation("DeleteExperiment")
def delete_experiment(sagemaker: SageMaker, request: Request) -> Response:
    """Refuse an experiment that has trials."""
    return {"ExperimentArn": sagemaker.tracking.experiments.remove(request["ExperimentName"]).arn}
