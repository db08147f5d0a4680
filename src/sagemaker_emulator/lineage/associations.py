"""Associations between tracking entities: added, listed, deleted."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sagemaker_emulator.errors import resource_not_found, validation
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.tracking.experiment import Experiment
from sagemaker_emulator.resources.tracking.lineage import Action, Artifact, Association, Context, association_id
from sagemaker_emulator.resources.tracking.trial_component import TrialComponent
from sagemaker_emulator.storage.collection import Collection
from sagemaker_emulator.storage.listing import Filter, Page, created_between, in_json, page
from sagemaker_emulator.storage.store import NotFound, Store
from sagemaker_emulator.wire import AwsError

Entity = Experiment | TrialComponent | Artifact | Context | Action
KINDS: Mapping[str, type[Entity]] = {
    kind.kind: kind for kind in (Experiment, TrialComponent, Artifact, Context, Action)
}
ARN_FILTERS = {"SourceArn": "$.source_arn", "DestinationArn": "$.destination_arn"}
TYPE_FILTERS = {
    "SourceType": "$.source_type",
    "DestinationType": "$.destination_type",
    "AssociationType": "$.type",
}


class Associations(Collection[Association]):
    """The associations. Two entities have at most one in each direction."""

    def __init__(self, store: Store, arns: Arns) -> None:
        super().__init__(store, arns, Association)

    def add(self, source_arn: str, destination_arn: str, type_: str | None) -> Association:
        """Associate two entities. ResourceNotFound if one of them does not exist."""
        with self._store.transaction():
            source, destination = self.entity(source_arn), self.entity(destination_arn)
            name = association_id(source.arn, destination.arn)
            ends = (source.arn, destination.arn)
            types = (type_of(source), type_of(destination))
            return self._add(Association(name, self.arn_of(name), time.time(), *ends, type_, *types), {})

    def ensure(self, source_arn: str, destination_arn: str, type_: str) -> None:
        """Associate two entities, unless they are associated already."""
        if self.find(association_id(source_arn, destination_arn)) is None:
            self.add(source_arn, destination_arn, type_)

    def remove(self, source_arn: str, destination_arn: str) -> None:
        self.delete(association_id(source_arn.lower(), destination_arn.lower()))

    def forget(self, arn: str) -> None:
        """Remove all associations of an entity."""
        for association in self.all():
            if arn in (association.source_arn, association.destination_arn):
                self._store.remove(Association, association.name)

    def page(self, request: dict[str, Any]) -> Page:
        """List associations. ARNs count in any case, as in AddAssociation; types as they are written."""
        ends = [in_json(path, request[name].lower()) for name, path in ARN_FILTERS.items() if name in request]
        types = [in_json(path, request[name]) for name, path in TYPE_FILTERS.items() if name in request]
        filters: list[Filter] = [*ends, *types]
        return page(self._store, Association, created_between(request), filters=filters)

    def all(self) -> list[Association]:
        return self._store.all(Association)

    def entity(self, arn: str) -> Entity:
        """Return the entity of an ARN. ResourceNotFound if there is none."""
        kind = KINDS.get(arn.rpartition(":")[2].partition("/")[0])
        if kind is not None:
            with suppress(NotFound):
                return self._store.by_arn(kind, arn.lower())
        raise resource_not_found(f"'{arn}' does not exist.")

    def missing(self, name: str) -> AwsError:
        return resource_not_found("The association does not exist.")

    def existing(self, name: str, arn: str) -> AwsError:
        return validation("The association already exists.")


def type_of(entity: Entity) -> str:
    """Return the type of an entity, or of the job that a trial component was made for."""
    if isinstance(entity, Experiment | TrialComponent):
        return (entity.source.type or "") if entity.source else ""
    return entity.type


def name_of(entity: Entity) -> str | None:
    return entity.label if isinstance(entity, Artifact) else entity.name
