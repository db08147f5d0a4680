"""Contexts of lineage."""

from __future__ import annotations

from sagemaker_emulator.lineage import descriptions
from sagemaker_emulator.operations.registry import Request, Response, listed, operation, tags_of
from sagemaker_emulator.sagemaker import SageMaker


@operation("CreateContext")
def create_context(sagemaker: SageMaker, request: Request) -> Response:
    """Model package groups and endpoints have contexts by themselves."""
    return {"ContextArn": sagemaker.lineage.contexts.create(request, tags_of(request)).arn}


@operation("DescribeContext")
def describe_context(sagemaker: SageMaker, request: Request) -> Response:
    """Accept a name or an ARN."""
    return descriptions.describe_context(sagemaker.lineage.contexts.get(request["ContextName"]))


@operation("ListContexts")
def list_contexts(sagemaker: SageMaker, request: Request) -> Response:
    """Filter by source URI, type and time; sort and page."""
    page = sagemaker.lineage.contexts.page(request)
    summaries = [descriptions.describe_context(context) for context in page.resources]
    return listed("ContextSummaries", summaries, page.next_token)


@operation("UpdateContext")
def update_context(sagemaker: SageMaker, request: Request) -> Response:
    return {"ContextArn": sagemaker.lineage.contexts.update(request).arn}


@operation("DeleteContext")
def delete_context(sagemaker: SageMaker, request: Request) -> Response:
    """Refuse a context that has associations."""
    return {"ContextArn": sagemaker.lineage.contexts.remove(request["ContextName"]).arn}
