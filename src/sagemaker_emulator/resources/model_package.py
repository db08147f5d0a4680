"""Model packages: what could be deployed, in versions and with an approval."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

PENDING = "PendingManualApproval"
APPROVED = "Approved"
UPDATED_AS_GIVEN = (
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
    """`last_version` only grows: a version that was deleted is never given out again."""

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
    """`name` is `<group>/<version>` of a versioned package; `request` is what is described, updates included."""

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
        """The package as UpdateModelPackage leaves it. What is not named stays."""
        changed = {**self.request, **{name: request[name] for name in UPDATED_AS_GIVEN if name in request}}
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
        said = {name: value for name, value in changed.items() if value is not None}
        return replace(self, request=said, modified=now, approval=request.get("ModelApprovalStatus", self.approval))
