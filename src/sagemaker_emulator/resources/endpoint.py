"""An endpoint: the revision it serves, the revision it is updated to, and the moves between its statuses."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, ClassVar

from safety.plain_text import plain
from sagemaker_emulator.resources.endpoint_config import (
    DataCapture,
    EndpointConfig,
    ProductionVariant,
    ServerlessConfig,
)
from sagemaker_emulator.resources.model import Model

FAILURE_REASON_MAX = 1024


class EndpointStatus(StrEnum):
    CREATING = "Creating"
    UPDATING = "Updating"
    SYSTEM_UPDATING = "SystemUpdating"
    ROLLING_BACK = "RollingBack"
    IN_SERVICE = "InService"
    DELETING = "Deleting"
    FAILED = "Failed"
    UPDATE_ROLLBACK_FAILED = "UpdateRollbackFailed"


E = EndpointStatus
NEXT = {
    E.CREATING: {E.IN_SERVICE, E.FAILED, E.DELETING},
    E.UPDATING: {E.IN_SERVICE, E.ROLLING_BACK, E.FAILED, E.DELETING},
    E.ROLLING_BACK: {E.IN_SERVICE, E.UPDATE_ROLLBACK_FAILED, E.FAILED, E.DELETING},
    E.UPDATE_ROLLBACK_FAILED: {E.UPDATING, E.SYSTEM_UPDATING, E.DELETING, E.FAILED},
    E.IN_SERVICE: {E.UPDATING, E.SYSTEM_UPDATING, E.DELETING, E.FAILED},
    E.SYSTEM_UPDATING: {E.SYSTEM_UPDATING, E.IN_SERVICE, E.FAILED},
    E.DELETING: {E.FAILED},
    E.FAILED: {E.DELETING, E.UPDATING},
}
IN_PROGRESS = frozenset({E.CREATING, E.UPDATING, E.SYSTEM_UPDATING, E.ROLLING_BACK, E.DELETING})


@dataclass(frozen=True)
class VariantTarget:
    """The desired weight and instance count of one variant. Weights have no unit: traffic is shared in proportion.

    A serverless variant has `serverless` limits in the place of a count.
    """

    name: str
    weight: float
    instance_count: int
    serverless: ServerlessConfig | None = None

    @classmethod
    def of(cls, variant: ProductionVariant) -> VariantTarget:
        return cls(variant.name, variant.weight, variant.instance_count, variant.serverless)


@dataclass(frozen=True)
class Revision:
    """A complete copy of what an endpoint serves, so that its configuration and models can be deleted meanwhile."""

    id: str
    config: EndpointConfig
    models: tuple[Model, ...]
    targets: tuple[VariantTarget, ...]
    data_capture: DataCapture | None
    started: float

    @classmethod
    def of(cls, id_: str, config: EndpointConfig, models: tuple[Model, ...], now: float) -> Revision:
        targets = tuple(VariantTarget.of(variant) for variant in config.variants)
        return cls(id_, config, models, targets, config.data_capture, now)

    @property
    def shadow_targets(self) -> tuple[VariantTarget, ...]:
        return tuple(VariantTarget.of(variant) for variant in self.config.shadow_variants)

    def model(self, name: str) -> Model:
        return next(model for model in self.models if model.name.lower() == name.lower())

    def target(self, variant: str) -> VariantTarget:
        return next(target for target in self.targets if target.name == variant)

    def with_targets(
        self,
        weights: dict[str, float],
        counts: dict[str, int],
        serverless: dict[str, ServerlessConfig] | None = None,
    ) -> Revision:
        """Return this revision with other weights, instance counts and serverless limits, by variant name."""
        targets = tuple(
            replace(
                target,
                weight=weights.get(target.name, target.weight),
                instance_count=counts.get(target.name, target.instance_count),
                serverless=(serverless or {}).get(target.name, target.serverless),
            )
            for target in self.targets
        )
        return replace(self, targets=targets)

    def retaining(self, current: Revision, excluded: frozenset[str]) -> Revision:
        """Return this revision with the weights, counts and capture of `current`, except for `excluded` properties.

        `excluded` are AWS's VariantPropertyTypes. A variant that was serverless has no count to retain.
        """
        weights = {target.name: target.weight for target in current.targets}
        counts = {target.name: target.instance_count for target in current.targets if target.serverless is None}
        kept = self.with_targets(
            {} if "DesiredWeight" in excluded else weights, {} if "DesiredInstanceCount" in excluded else counts
        )
        return kept if "DataCaptureConfig" in excluded else replace(kept, data_capture=current.data_capture)


@dataclass(frozen=True)
class Endpoint:
    """`pending` is the revision of an update in progress; `revision` serves until that one is healthy."""

    kind: ClassVar[str] = "endpoint"

    name: str
    arn: str
    revision: Revision
    created: float
    modified: float
    status: EndpointStatus = E.CREATING
    failure_reason: str | None = None
    pending: Revision | None = None
    deployment_config: dict[str, Any] = field(default_factory=dict)

    @property
    def config_name(self) -> str:
        return self.revision.config.name

    @property
    def is_in_progress(self) -> bool:
        return self.status in IN_PROGRESS

    def moved_to(self, status: EndpointStatus, now: float, failure_reason: str | None = None) -> Endpoint:
        """Return the endpoint in another status. ValueError for a move that an endpoint of AWS never makes."""
        if status not in NEXT[self.status]:
            raise ValueError(f"endpoint {self.name!r} cannot go from {self.status} to {status}")
        reason = plain(failure_reason)[:FAILURE_REASON_MAX] if failure_reason else None
        return replace(self, status=status, modified=now, failure_reason=reason)

    def updating_to(self, pending: Revision, now: float, deployment_config: dict[str, Any]) -> Endpoint:
        moved = self.moved_to(E.UPDATING, now)
        return replace(moved, pending=pending, deployment_config=deployment_config)

    def serving(self, revision: Revision) -> Endpoint:
        """Return the endpoint with `revision` as the one that serves, and no update in progress."""
        return replace(self, revision=revision, pending=None)
