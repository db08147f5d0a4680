"""Actions of lineage."""

from __future__ import annotations

from sagemaker_emulator.lineage import descriptions
from sagemaker_emulator.operations.registry import Request, Response, listed, operation, tags_of
from sagemaker_emulator.sagemaker import SageMaker


@operation("CreateAction")
def create_action(sagemaker: SageMaker, request: Request) -> Response:
    """Deployments of models and approvals of model packages have actions by themselves."""
    return {"ActionArn": sagemaker.lineage.actions.create(request, tags_of(request)).arn}


@operation("DescribeAction")
def describe_action(sagemaker: SageMaker, request: Request) -> Response:
    """Accept a name or an ARN."""
    return descriptions.describe_action(sagemaker.lineage.actions.get(request["ActionName"]))


@operation("ListActions")
def list_actions(sagemaker: SageMaker, request: Request) -> Response:
    """Filter by source URI, type and time; sort and page."""
    page = sagemaker.lineage.actions.page(request)
    summaries = [descriptions.describe_action(action) for action in page.resources]
    return listed("ActionSummaries", summaries, page.next_token)


@operation("UpdateAction")
def update_action(sagemaker: SageMaker, request: Request) -> Response:
    return {"ActionArn": sagemaker.lineage.actions.update(request).arn}


@operation("DeleteAction")
def delete_action(sagemaker: SageMaker, request: Request) -> Response:
    """Refuse an action that has associations."""
    return {"ActionArn": sagemaker.lineage.actions.remove(request["ActionName"]).arn}
