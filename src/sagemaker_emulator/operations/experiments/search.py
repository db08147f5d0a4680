"""Search over resources."""

from __future__ import annotations

from sagemaker_emulator.operations.registry import Request, Response, listed, operation
from sagemaker_emulator.sagemaker import SageMaker


@operation("Search")
def search(sagemaker: SageMaker, request: Request) -> Response:
    """Search training and tuning jobs, experiments, trials and their components, endpoints, models, model packages and
    their groups, pipelines, their versions and executions, by all operators, nested filters and sub-expressions. Sort
    by any property, such as `Metrics.accuracy.Max`. Other resources and VisibilityConditions are refused.
    """
    results, token, total = sagemaker.search.page(request)
    return {**listed("Results", results, token), "TotalHits": {"Value": total, "Relation": "EqualTo"}}


@operation("GetSearchSuggestions")
def get_search_suggestions(sagemaker: SageMaker, request: Request) -> Response:
    """List the names of a resource's properties that contain the hint."""
    names = sagemaker.search.suggestions(request)
    return {"PropertyNameSuggestions": [{"PropertyName": name} for name in names]}
