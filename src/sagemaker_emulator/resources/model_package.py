"""Model packages: versions of a model, with an approval for deployment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

PENDING = "PendingManualApproval"
APPROVED = "Approved"
REPLACED_BY_UPDATE = (
    "ModelApprovalStatus",
    "ApprovalDescription",
    "InferenceSpecification",
    "ModelCard",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
    "SourceUri",
)


@dataclass(frozen=True)
class ModelPackageGroup:
    """A group. `last_version` only grows, because the number of a deleted version is never used again."""

    kind: ClassVar[str] = "model-package-group"

    name: str
    arn: str
    request: dict[str, Any]
    created: float
    last_version: int = 0

    def with_next_version(self) -> ModelPackageGroup:
        return replace(self, last_version=self.last_version + 1)


@dataclass(frozen=True)
class ModelPackage:
    """A package. A versioned one is named `<group>/<version>`; `request` includes later updates."""

    kind: ClassVar[str] = "model-package"

    name: str
    arn: str
    request: dict[str, Any]
    created: float
    modified: float
    group: str | None = None
    version: int | None = None
    approval: str | None = None
    client_token: str | None = None

    @property
    def may_be_deployed(self) -> bool:
        return self.version is None or self.approval == APPROVED

    @property
    def containers(self) -> list[dict[str, Any]]:
        containers: list[dict[str, Any]] = self.request.get("InferenceSpecification", {}).get("Containers", [])
        return containers

    def updated(self, request: dict[str, Any], now: float) -> ModelPackage:
        """Return the package after UpdateModelPackage. Members that the request does not name stay."""
        changed = {**self.request, **{name: request[name] for name in REPLACED_BY_UPDATE if name in request}}
        properties = {**self.request.get("CustomerMetadataProperties", {})}
        properties |= request.get("CustomerMetadataProperties", {})
        for name in request.get("CustomerMetadataPropertiesToRemove", ()):
            properties.pop(name, None)
        changed["CustomerMetadataProperties"] = properties or None
        if added := request.get("AdditionalInferenceSpecificationsToAdd"):
            changed["AdditionalInferenceSpecifications"] = [
                *self.request.get("AdditionalInferenceSpecifications", ()),
                *added,
            ]
        described = {name: value for name, value in changed.items() if value is not None}
        return replace(
            self, request=described, modified=now, approval=request.get("ModelApprovalStatus", self.approval)
        )
