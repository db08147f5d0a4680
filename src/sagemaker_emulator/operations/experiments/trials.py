"""Trials, and the components that they have."""

from __future__ import annotations

from sagemaker_emulator.experiments import descriptions
from sagemaker_emulator.operations.registry import Request, Response, listed, operation, tags_of
from sagemaker_emulator.sagemaker import SageMaker


@operation("CreateTrial")
def create_trial(sagemaker: SageMaker, request: Request) -> Response:
    return {"TrialArn": sagemaker.tracking.trials.create(request, tags_of(request)).arn}


@operation("DescribeTrial")
def describe_trial(sagemaker: SageMaker, request: Request) -> Response:
    return descriptions.describe_trial(sagemaker.tracking.trials.get(request["TrialName"]))


@operation("ListTrials")
def list_trials(sagemaker: SageMaker, request: Request) -> Response:
    """Filter by experiment, trial component and time; sort and page."""
    page = sagemaker.tracking.trials.page(request)
    summaries = [descriptions.summarize_trial(trial) for trial in page.resources]
    return listed("TrialSummaries", summaries, page.next_token)


@operation("UpdateTrial")
def update_trial(sagemaker: SageMaker, request: Request) -> Response:
    return {"TrialArn": sagemaker.tracking.trials.update(request).arn}


@operation("DeleteTrial")
def delete_trial(sagemaker: SageMaker, request: Request) -> Response:
    """Refuse a trial that has components."""
    return {"TrialArn": sagemaker.tracking.trials.remove(request["TrialName"]).arn}


@operation("AssociateTrialComponent")
def associate_trial_component(sagemaker: SageMaker, request: Request) -> Response:
    """Add a component to a trial. It may belong to several."""
    trial, component = sagemaker.tracking.trials.associate(request["TrialName"], request["TrialComponentName"])
    return {"TrialComponentArn": component.arn, "TrialArn": trial.arn}


@operation("DisassociateTrialComponent")
def disassociate_trial_component(sagemaker: SageMaker, request: Request) -> Response:
    trial, component = sagemaker.tracking.trials.disassociate(request["TrialName"], request["TrialComponentName"])
    return {"TrialComponentArn": component.arn, "TrialArn": trial.arn}
