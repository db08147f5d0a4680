"""Artifacts, contexts and actions: created, described, listed, updated, deleted."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar, TypeVar

from sagemaker_emulator.errors import validation
from sagemaker_emulator.lineage.tracked_entities import TrackedEntities
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.tracking.lineage import Action, Artifact, Association, Context, artifact_id
from sagemaker_emulator.storage.listing import Filter, Page, created_between, in_json, page
from sagemaker_emulator.storage.store import NotFound, Store
from sagemaker_emulator.wire import AwsError

PROPERTIES_MAX = 30

E = TypeVar("E", Artifact, Context, Action)


class LineageEntities(TrackedEntities[E]):
    """The base of the three kinds. `noun` is also the first part of their members: ArtifactName, ArtifactType."""

    def page(self, request: dict[str, Any]) -> Page:
        members: Mapping[str, str] = {"SourceUri": "$.source.SourceUri", f"{self.noun}Type": "$.type"}
        filters: list[Filter] = [in_json(path, request[name]) for name, path in members.items() if name in request]
        return page(self._store, self._resource, created_between(request), filters=filters)

    def remove(self, name: str) -> E:
        """Delete an entity. ValidationException while it has associations."""
        with self._store.transaction():
            entity = self.get(name)
            if has_associations(self._store, entity.arn):
                raise validation(f"{self.noun} '{entity.arn}' has associations and cannot be deleted.")
            self.delete(entity.name)
        return entity

    def _updated(self, name: str, request: dict[str, Any], **members: str) -> E:
        """Change an entity: its properties, and the members that the request names."""
        changes = {attribute: request[member] for member, attribute in members.items() if member in request}

        def updated(entity: E) -> E:
            changed: E = replace(entity.with_properties(request, time.time()), **changes)
            if len(changed.properties) > PROPERTIES_MAX:
                raise validation(f"Properties can have at most {PROPERTIES_MAX} entries.")
            return changed

        return self._change(name, updated)

    def _members(self, name: str, request: dict[str, Any]) -> dict[str, Any]:
        """Return the fields that a Create request has for all three kinds."""
        now = time.time()
        return {
            "name": name,
            "arn": self.arn_of(name),
            "created": now,
            "modified": now,
            "type": request[f"{self.noun}Type"],
            "source": request["Source"],
            "properties": request.get("Properties", {}),
            "metadata": request.get("MetadataProperties", {}),
        }


class Artifacts(LineageEntities[Artifact]):
    """The artifacts. There is one for each source; it is found by its ARN."""

    noun: ClassVar[str] = "Artifact"

    def __init__(self, store: Store, arns: Arns) -> None:
        super().__init__(store, arns, Artifact)

    def create(self, request: dict[str, Any], tags: dict[str, str]) -> Artifact:
        members = self._members(artifact_id(request["Source"]), request)
        return self._add(Artifact(**members, label=request.get("ArtifactName")), tags)

    def existing(self, name: str, arn: str) -> AwsError:
        return validation(f"An artifact with this source already exists: {arn}")

    def of_source(self, uri: str, type_: str) -> Artifact:
        """Return the artifact of a URI, created with a type if it does not exist."""
        source = {"SourceUri": uri, "SourceTypes": []}
        with suppress(NotFound):
            return self._store.get(Artifact, artifact_id(source))
        return self.create({"Source": source, "ArtifactType": type_}, {})

    def update(self, request: dict[str, Any]) -> Artifact:
        return self._updated(request["ArtifactArn"], request, ArtifactName="label")

    def arn_of_request(self, request: dict[str, Any]) -> str:
        """Return the ARN of the artifact to delete: the request names its ARN or its source."""
        if ("ArtifactArn" in request) == ("Source" in request):
            raise validation("Either ArtifactArn or Source must be specified.")
        return str(request.get("ArtifactArn") or self.arn_of(artifact_id(request["Source"])))


class Contexts(LineageEntities[Context]):
    noun: ClassVar[str] = "Context"

    def __init__(self, store: Store, arns: Arns) -> None:
        super().__init__(store, arns, Context)

    def create(self, request: dict[str, Any], tags: dict[str, str]) -> Context:
        members = self._members(request["ContextName"], request)
        return self._add(Context(**members, description=request.get("Description")), tags)

    def update(self, request: dict[str, Any]) -> Context:
        return self._updated(request["ContextName"], request, Description="description")


class Actions(LineageEntities[Action]):
    noun: ClassVar[str] = "Action"

    def __init__(self, store: Store, arns: Arns) -> None:
        super().__init__(store, arns, Action)

    def create(self, request: dict[str, Any], tags: dict[str, str]) -> Action:
        members = self._members(request["ActionName"], request)
        action = Action(**members, description=request.get("Description"), action_status=request.get("Status"))
        return self._add(action, tags)

    def update(self, request: dict[str, Any]) -> Action:
        return self._updated(request["ActionName"], request, Description="description", Status="action_status")


def has_associations(store: Store, arn: str) -> bool:
    """Return whether an entity is the source or the destination of an association."""
    paths = ("$.source_arn", "$.destination_arn")
    return any(store.select(Association, *in_json(path, arn), "name", 1) for path in paths)
