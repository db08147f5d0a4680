"""QueryLineage: the entities that led to an entity, and those that it led to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sagemaker_emulator.errors import validation
from sagemaker_emulator.lineage.associations import Associations, Entity, type_of
from sagemaker_emulator.resources.tracking.lineage import Association, LineageEntity
from sagemaker_emulator.storage.listing import sliced
from sagemaker_emulator.wire import AwsError, present

LINEAGE_TYPES = {
    "experiment-trial-component": "TrialComponent",
    "artifact": "Artifact",
    "context": "Context",
    "action": "Action",
}
DEPTH_MAX = 10
RESULTS_MAX = 1 << 20  # a request without MaxResults gets everything

Edges = Mapping[str, list[Association]]


@dataclass
class Traversal:
    """A breadth-first search in one direction. `paths` has the association by which each entity was reached."""

    edges: Edges
    is_upward: bool
    paths: dict[str, Association] = field(default_factory=dict)

    def run(self, start: str, depth: int) -> None:
        reached = [start]
        for _ in range(depth):
            reached = [arn for near in reached for arn in self._step(near, start)]

    def path_of(self, arn: str) -> list[Association]:
        """Return the associations between an entity and the start."""
        path: list[Association] = []
        while arn in self.paths:
            path.append(self.paths[arn])
            arn = path[-1].destination_arn if self.is_upward else path[-1].source_arn
        return path

    def _step(self, near: str, start: str) -> list[str]:
        reached: list[str] = []
        for edge in self.edges[near]:
            far = edge.source_arn if self.is_upward else edge.destination_arn
            if far not in self.paths and far != start:
                self.paths[far] = edge
                reached.append(far)
        return reached


class LineageQuery:
    def __init__(self, associations: Associations) -> None:
        self._associations = associations

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the answer of QueryLineage. The start is not among its vertices."""
        if not request.get("StartArns"):
            raise validation("StartArns must name one entity.")
        start = self._associations.entity(request["StartArns"][0]).arn
        vertices: dict[str, Entity] = {}
        edges: dict[str, Association] = {}
        for traversal in self._traversals(request.get("Direction", "Both")):
            traversal.run(start, min(request.get("MaxDepth", DEPTH_MAX), DEPTH_MAX))
            for arn in traversal.paths:
                entity = self._found(arn)
                if entity is not None and _matches(entity, request.get("Filters", {})):
                    vertices[arn] = entity
                    edges.update({edge.arn: edge for edge in traversal.path_of(arn)})
        if not request.get("IncludeEdges"):
            edges = {}
        for arn in {end for edge in edges.values() for end in (edge.source_arn, edge.destination_arn)} - {start}:
            if (entity := self._found(arn)) is not None:
                vertices.setdefault(arn, entity)
        page = {**request, "MaxResults": max(1, request.get("MaxResults", RESULTS_MAX))}
        shown, token = sliced(list(vertices.values()), page)
        return present(
            {"Vertices": [_vertex(one) for one in shown], "Edges": _of_page(edges, shown), "NextToken": token}
        )

    def _traversals(self, direction: str) -> list[Traversal]:
        upward: dict[str, list[Association]] = defaultdict(list)
        downward: dict[str, list[Association]] = defaultdict(list)
        for association in self._associations.all():
            upward[association.destination_arn].append(association)
            downward[association.source_arn].append(association)
        chosen = {"Ascendants": [(upward, True)], "Descendants": [(downward, False)]}
        pairs = chosen.get(direction, [(upward, True), (downward, False)])
        return [Traversal(edges, is_upward) for edges, is_upward in pairs]

    def _found(self, arn: str) -> Entity | None:
        with suppress(AwsError):  # a trial component can be deleted while it has associations
            return self._associations.entity(arn)
        return None


def _matches(entity: Entity, filters: dict[str, Any]) -> bool:
    """Return whether an entity is one of those that the filters ask for. One of several properties is enough."""
    properties = entity.properties if isinstance(entity, LineageEntity) else {}
    wanted = filters.get("Properties", {})
    return all(
        (
            not filters.get("Types") or _type(entity) in filters["Types"],
            not filters.get("LineageTypes") or LINEAGE_TYPES.get(entity.kind) in filters["LineageTypes"],
            not wanted or any(properties.get(name) == value for name, value in wanted.items()),
            entity.created < filters.get("CreatedBefore", float("inf")),
            entity.created > filters.get("CreatedAfter", float("-inf")),
            entity.modified < filters.get("ModifiedBefore", float("inf")),
            entity.modified > filters.get("ModifiedAfter", float("-inf")),
        )
    )


def _vertex(entity: Entity) -> dict[str, Any]:
    kind = LINEAGE_TYPES.get(entity.kind)
    return present({"Arn": entity.arn, "Type": _type(entity) or None, "LineageType": kind})


def _type(entity: Entity) -> str:
    """Return an entity's type as QueryLineage has it: TrainingJob where other operations say SageMakerTrainingJob."""
    return type_of(entity).removeprefix("SageMaker")


def _of_page(edges: Mapping[str, Association], shown: Any) -> list[dict[str, Any]]:
    arns = {entity.arn for entity in shown}
    return [
        present({"SourceArn": edge.source_arn, "DestinationArn": edge.destination_arn, "AssociationType": edge.type})
        for edge in edges.values()
        if edge.source_arn in arns or edge.destination_arn in arns
    ]
