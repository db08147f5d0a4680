"""Lineage entities, and the associations between them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self


@dataclass(frozen=True)
class LineageEntity:
    """The members that artifacts, contexts and actions share. `type` is any text, such as DataSet or Endpoint."""

    name: str
    arn: str
    created: float
    modified: float
    type: str
    source: dict[str, Any]
    properties: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)

    def with_properties(self, request: dict[str, Any], now: float) -> Self:
        """Return the entity with the properties of an Update request added or replaced, then others removed."""
        merged = {**self.properties, **request.get("Properties", {})}
        for name in request.get("PropertiesToRemove", ()):
            merged.pop(name, None)
        return replace(self, modified=now, properties=merged)


@dataclass(frozen=True)
class Artifact(LineageEntity):
    """An artifact. `name` is the id in its ARN, made from its source; `label` is its ArtifactName."""

    kind: ClassVar[str] = "artifact"

    label: str | None = None


@dataclass(frozen=True)
class Context(LineageEntity):
    kind: ClassVar[str] = "context"

    description: str | None = None


@dataclass(frozen=True)
class Action(LineageEntity):
    """An action. `action_status` is the caller's: AWS does not carry the action out."""

    kind: ClassVar[str] = "action"

    description: str | None = None
    action_status: str | None = None


@dataclass(frozen=True)
class Association:
    """A directed edge. The types are those of its ends, empty for entities without one."""

    kind: ClassVar[str] = "association"

    name: str
    arn: str
    created: float
    source_arn: str
    destination_arn: str
    type: str | None
    source_type: str = ""
    destination_type: str = ""


def artifact_id(source: dict[str, Any]) -> str:
    """Return the id of the artifact of a source: AWS makes one artifact for each source."""
    ids = sorted(f"{one['SourceIdType']}={one['Value']}" for one in source.get("SourceTypes") or ())
    return hashlib.sha256("\n".join([source["SourceUri"], *ids]).encode()).hexdigest()[:32]


def association_id(source_arn: str, destination_arn: str) -> str:
    return hashlib.sha256(f"{source_arn}\n{destination_arn}".encode()).hexdigest()[:32]
