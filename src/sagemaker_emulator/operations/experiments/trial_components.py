"""Trial components."""

from __future__ import annotations

from sagemaker_emulator.experiments import descriptions
from sagemaker_emulator.operations.registry import Request, Response, listed, operation, tags_of
from sagemaker_emulator.sagemaker import SageMaker


@operation("CreateTrialComponent")
def create_trial_component(sagemaker: SageMaker, request: Request) -> Response:
    """Every training, processing and transform job has a component, too, such as `<job>-aws-training-job`, with its
    parameters, artifacts, status and metrics. ExperimentConfig adds it to a trial.
    """
    return {"TrialComponentArn": sagemaker.tracking.components.create(request, tags_of(request)).arn}


@operation("DescribeTrialComponent")
def describe_trial_component(sagemaker: SageMaker, request: Request) -> Response:
    """Accept a name or an ARN. Metrics are those of the job, at its end, and those of BatchPutMetrics."""
    component = sagemaker.tracking.components.get(request["TrialComponentName"])
    return sagemaker.tracking.describe_component(component)


@operation("ListTrialComponents")
def list_trial_components(sagemaker: SageMaker, request: Request) -> Response:
    """Filter by experiment, trial or source, and by time; sort and page."""
    page = sagemaker.tracking.trials.components_page(request)
    summaries = [descriptions.summarize_trial_component(component) for component in page.resources]
    return listed("TrialComponentSummaries", summaries, page.next_token)


@operation("UpdateTrialComponent")
def update_trial_component(sagemaker: SageMaker, request: Request) -> Response:
    """Add, replace and remove parameters and artifacts by name."""
    return {"TrialComponentArn": sagemaker.tracking.components.update(request).arn}


@operation("DeleteTrialComponent")
def delete_trial_component(sagemaker: SageMaker, request: Request) -> Response:
    """Refuse a component that belongs to a trial."""
    return {"TrialComponentArn": sagemaker.tracking.components.remove(request["TrialComponentName"]).arn}
