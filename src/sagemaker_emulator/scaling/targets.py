"""RegisterScalableTarget, DescribeScalableTargets, DeregisterScalableTarget."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from sagemaker_emulator.errors import validation
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.scaling.scalable_target import ScalableTarget, target_name
from sagemaker_emulator.resources.scaling.scaling_policy import ScalingPolicy
from sagemaker_emulator.resources.scaling.scheduled_action import ScheduledAction
from sagemaker_emulator.scaling.capacities import Capacities, Capacity
from sagemaker_emulator.scaling.records import not_found, page_of, require_namespace
from sagemaker_emulator.storage.store import NotFound, Store
from sagemaker_emulator.wire import AwsError

TARGETS_MAX = 500  # AWS's quota for most services
SERVICE_ROLE = (
    "arn:aws:iam::{account}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
)


class ScalableTargets:
    """The scalable targets, by resource and dimension."""

    def __init__(self, store: Store, arns: Arns, capacities: Capacities, clock: Callable[[], float]) -> None:
        self._store, self._arns, self._capacities, self._clock = store, arns, capacities, clock

    def register(self, request: dict[str, Any], tags: dict[str, str]) -> ScalableTarget:
        """Add a target, or change one. MinCapacity and MaxCapacity are required of a new one."""
        require_namespace(request)
        resource_id, dimension = request["ResourceId"], request["ScalableDimension"]
        if self._capacities.of(resource_id, dimension).current() is None:
            raise validation(f"The resource {resource_id} does not exist, or it has no capacity {dimension}.")
        with self._store.transaction():
            target = self._changed(self.find(resource_id, dimension) or self._new(request), request)
            if self._store.has_arn(target.arn):
                return self._store.change(ScalableTarget, target.name, lambda _: target)
            if len(self.all()) >= TARGETS_MAX:
                raise AwsError("LimitExceededException", f"There are already {TARGETS_MAX} scalable targets.")
            self._store.add(target, tags)
        return target

    def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        require_namespace(request)
        ids, dimension = request.get("ResourceIds"), request.get("ScalableDimension")
        chosen = [
            one.described()
            for one in self.all()
            if (not ids or one.resource_id in ids) and dimension in (None, one.dimension)
        ]
        return page_of("ScalableTargets", chosen, request)

    def deregister(self, request: dict[str, Any]) -> None:
        require_namespace(request)
        self.remove(self.require(request, "scalable target found"))

    def remove(self, target: ScalableTarget) -> None:
        """Remove a target, its policies and its scheduled actions."""
        with self._store.transaction():
            for action in self._store.all(ScheduledAction):
                if action.target == target.name:
                    self._store.remove(ScheduledAction, action.name)
            for policy in self._store.all(ScalingPolicy):
                if policy.target == target.name:
                    self._store.remove(ScalingPolicy, policy.name)
            with suppress(NotFound):
                self._store.remove(ScalableTarget, target.name)

    def require(self, request: dict[str, Any], what: str) -> ScalableTarget:
        target = self.find(request["ResourceId"], request["ScalableDimension"])
        if target is None:
            raise not_found(what, request["ResourceId"], request["ScalableDimension"])
        return target

    def find(self, resource_id: str, dimension: str) -> ScalableTarget | None:
        with suppress(NotFound):
            return self._store.get(ScalableTarget, target_name(resource_id, dimension))
        return None

    def all(self) -> list[ScalableTarget]:
        return self._store.all(ScalableTarget)

    def capacity(self, target: ScalableTarget) -> Capacity:
        return self._capacities.of(target.resource_id, target.dimension)

    def _new(self, request: dict[str, Any]) -> ScalableTarget:
        for member in ("MinCapacity", "MaxCapacity"):
            if member not in request:
                raise validation(f"{member} is required when registering a new scalable target.")
        arns, resource_id, dimension = self._arns, request["ResourceId"], request["ScalableDimension"]
        return ScalableTarget(
            target_name(resource_id, dimension),
            f"arn:aws:application-autoscaling:{arns.region}:{arns.account_id}:scalable-target/{uuid.uuid4().hex}",
            resource_id,
            dimension,
            request["MinCapacity"],
            request["MaxCapacity"],
            SERVICE_ROLE.format(account=arns.account_id),
            self._clock(),
        )

    def _changed(self, target: ScalableTarget, request: dict[str, Any]) -> ScalableTarget:
        changed = replace(
            target,
            minimum=request.get("MinCapacity", target.minimum),
            maximum=request.get("MaxCapacity", target.maximum),
            suspended={**target.suspended, **request.get("SuspendedState", {})},
        )
        if changed.minimum < 0:
            raise validation(f"MinCapacity {changed.minimum} must not be negative.")
        if changed.maximum < changed.minimum:
            raise validation("Maximum capacity cannot be less than minimum capacity.")
        return changed
