"""Associations between tracking entities, and questions about them."""

from __future__ import annotations

from sagemaker_emulator.lineage import descriptions
from sagemaker_emulator.operations.registry import Request, Response, listed, operation
from sagemaker_emulator.sagemaker import SageMaker


@operation("AddAssociation")
def add_association(sagemaker: SageMaker, request: Request) -> Response:
    """Associate artifacts, contexts, actions, trial components and experiments that exist."""
    associations = sagemaker.lineage.associations
    added = associations.add(request["SourceArn"], request["DestinationArn"], request.get("AssociationType"))
    return {"SourceArn": added.source_arn, "DestinationArn": added.destination_arn}


@operation("ListAssociations")
def list_associations(sagemaker: SageMaker, request: Request) -> Response:
    """Filter by source, destination, their types, the association's type and time; sort and page."""
    associations = sagemaker.lineage.associations
    page = associations.page(request)
    summaries = [descriptions.summarize_association(one, associations) for one in page.resources]
    return listed("AssociationSummaries", summaries, page.next_token)


@operation("DeleteAssociation")
def delete_association(sagemaker: SageMaker, request: Request) -> Response:
    sagemaker.lineage.associations.remove(request["SourceArn"], request["DestinationArn"])
    return {"SourceArn": request["SourceArn"], "DestinationArn": request["DestinationArn"]}


@operation("QueryLineage")
def query_lineage(sagemaker: SageMaker, request: Request) -> Response:
    """Find ascendants, descendants or both, up to ten associations away, by all filters. With IncludeEdges, the
    entities on the paths are among the vertices; the start never is. Both means ascendants and descendants, not all
    relatives.
    """
    return sagemaker.lineage.query.answer(request)
