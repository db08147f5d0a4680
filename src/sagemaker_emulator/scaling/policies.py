"""PutScalingPolicy, DescribeScalingPolicies, DeleteScalingPolicy."""

from __future__ import annotations

import time
import uuid
from contextlib import suppress
from dataclasses import replace
from typing import Any

from sagemaker_emulator.errors import validation
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.scaling.scalable_target import NAMESPACE, ScalableTarget
from sagemaker_emulator.resources.scaling.scaling_policy import CONFIGURATIONS, STEP, TARGET_TRACKING, ScalingPolicy
from sagemaker_emulator.scaling.records import matches, not_found, page_of, require_namespace
from sagemaker_emulator.scaling.targets import ScalableTargets
from sagemaker_emulator.storage.listing import in_json
from sagemaker_emulator.storage.store import NotFound, Store
from sagemaker_emulator.wire import AwsError

POLICIES_MAX = 50  # AWS's quota for one target
STEPS_MAX = 20  # likewise for one step scaling policy


class ScalingPolicies:
    """The policies of all scalable targets."""

    def __init__(self, store: Store, arns: Arns, targets: ScalableTargets) -> None:
        self._store, self._arns, self._targets = store, arns, targets

    def put(self, request: dict[str, Any]) -> ScalingPolicy:
        """Add a policy, or change the configuration of the one of this name."""
        require_namespace(request)
        with self._store.transaction():
            target = self._targets.require(request, "scalable target registered")
            current = self._find(target, request["PolicyName"])
            policy = current or self._new(target, request)
            if request.get("PolicyType", policy.policy_type) != policy.policy_type:
                raise validation(f"The policy {policy.policy_name} is of the type {policy.policy_type}, which stays.")
            policy = replace(policy, configuration=self._configuration(policy, target, request))
            if current:
                return self._store.change(ScalingPolicy, policy.name, lambda _: policy)
            if len(self.of(target)) >= POLICIES_MAX:
                raise AwsError("LimitExceededException", f"The target already has {POLICIES_MAX} scaling policies.")
            self._store.add(policy)
        return policy

    def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        require_namespace(request)
        names = request.get("PolicyNames")
        chosen = [
            one.described()
            for one in self._store.all(ScalingPolicy)
            if matches(one, request) and (not names or one.policy_name in names)
        ]
        return page_of("ScalingPolicies", chosen, request)

    def delete(self, request: dict[str, Any]) -> None:
        require_namespace(request)
        resource_id, dimension, name = request["ResourceId"], request["ScalableDimension"], request["PolicyName"]
        target = self._targets.find(resource_id, dimension)
        policy = self._find(target, name) if target else None
        if policy is None:
            raise not_found("scaling policy found", resource_id, dimension, f", policy name: {name}")
        self._store.remove(ScalingPolicy, policy.name)

    def of(self, target: ScalableTarget) -> list[ScalingPolicy]:
        sql, parameters = in_json("$.resource_id", target.resource_id)
        policies = self._store.select(ScalingPolicy, sql, parameters, "created, name", 2 * POLICIES_MAX)
        return [one for one in policies if one.target == target.name]

    def _find(self, target: ScalableTarget, name: str) -> ScalingPolicy | None:
        with suppress(NotFound):
            return self._store.get(ScalingPolicy, _name(target, name))
        return None

    def _new(self, target: ScalableTarget, request: dict[str, Any]) -> ScalingPolicy:
        name, policy_type = request["PolicyName"], request.get("PolicyType", STEP)
        if policy_type not in CONFIGURATIONS:
            raise validation(f"The policy type {policy_type} is not emulated: {TARGET_TRACKING} and {STEP} are.")
        arn = (
            f"arn:aws:autoscaling:{self._arns.region}:{self._arns.account_id}:scalingPolicy:{uuid.uuid4()}:"
            f"resource/{NAMESPACE}/{target.resource_id}:policyName/{name}"
        )
        return ScalingPolicy(
            _name(target, name), arn, name, target.resource_id, target.dimension, policy_type, {}, time.time()
        )

    def _configuration(self, policy: ScalingPolicy, target: ScalableTarget, request: dict[str, Any]) -> dict[str, Any]:
        member = CONFIGURATIONS[policy.policy_type]
        if member not in request:
            raise validation(f"{member} is required for policies of the type {policy.policy_type}.")
        configuration: dict[str, Any] = request[member]
        if policy.policy_type == STEP:
            _refuse_bad_steps(configuration)
        else:
            _refuse_bad_tracking(configuration, self._targets.capacity(target).metric)
        return configuration


def _name(target: ScalableTarget, policy_name: str) -> str:
    return f"{target.name}|{policy_name}"


def _refuse_bad_steps(configuration: dict[str, Any]) -> None:
    steps = configuration.get("StepAdjustments", ())
    if "AdjustmentType" not in configuration or not steps:
        raise validation("A step scaling policy needs an AdjustmentType and at least one of StepAdjustments.")
    if len(steps) > STEPS_MAX:
        raise validation(f"A step scaling policy may have at most {STEPS_MAX} step adjustments, not {len(steps)}.")
    bounds = [(one.get("MetricIntervalLowerBound"), one.get("MetricIntervalUpperBound")) for one in steps]
    if any(lower is not None and upper is not None and lower >= upper for lower, upper in bounds):
        raise validation("MetricIntervalLowerBound must be less than MetricIntervalUpperBound.")


def _refuse_bad_tracking(configuration: dict[str, Any], metric: str) -> None:
    predefined = configuration.get("PredefinedMetricSpecification")
    customized = configuration.get("CustomizedMetricSpecification")
    if (predefined is None) == (customized is None):
        raise validation("Give either PredefinedMetricSpecification or CustomizedMetricSpecification.")
    if configuration["TargetValue"] <= 0:
        raise validation(f"TargetValue {configuration['TargetValue']:g} must be greater than 0.")
    if predefined and predefined["PredefinedMetricType"] != metric:
        raise validation(f"The metric {predefined['PredefinedMetricType']} is not emulated here: {metric} is.")
    if customized and not ("Metrics" in customized or {"MetricName", "Namespace", "Statistic"} <= customized.keys()):
        raise validation("CustomizedMetricSpecification needs MetricName, Namespace and Statistic, or Metrics.")
