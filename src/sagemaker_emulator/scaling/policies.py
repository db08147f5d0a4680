"""PutScalingPolicy, DescribeScalingPolicies, DeleteScalingPolicy."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from sagemaker_emulator.errors import validation
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.scaling.scalable_target import ScalableTarget
from sagemaker_emulator.resources.scaling.scaling_policy import CONFIGURATIONS, STEP, TARGET_TRACKING, ScalingPolicy
from sagemaker_emulator.scaling.collection import TargetParts, part_name
from sagemaker_emulator.scaling.records import require_namespace
from sagemaker_emulator.scaling.targets import ScalableTargets
from sagemaker_emulator.storage.store import Store

STEPS_MAX = 20  # AWS's quota for one step scaling policy


class ScalingPolicies(TargetParts[ScalingPolicy]):
    """The policies of all scalable targets."""

    NOUN, NAME, LIST = "scaling policy", "PolicyName", "ScalingPolicies"
    ARN_TYPES = ("scalingPolicy", "policyName")
    QUOTA = 50  # AWS's

    def __init__(self, store: Store, arns: Arns, targets: ScalableTargets) -> None:
        super().__init__(store, arns, targets, ScalingPolicy)

    def put(self, request: dict[str, Any]) -> ScalingPolicy:
        """Add a policy, or change the configuration of the one of this name."""
        require_namespace(request)
        with self._store.transaction():
            target = self._targets.require(request, "scalable target registered")
            current = self.find(part_name(target, request["PolicyName"]))
            policy = current or self._new(target, request)
            if request.get("PolicyType", policy.policy_type) != policy.policy_type:
                raise validation(f"The policy {policy.policy_name} is of the type {policy.policy_type}, which stays.")
            policy = replace(policy, configuration=self._configuration(policy, target, request))
            if current:
                return self._change(policy.name, lambda _: policy)
            self._require_quota(target)
            return self._add(policy, {})

    def _new(self, target: ScalableTarget, request: dict[str, Any]) -> ScalingPolicy:
        name, policy_type = request["PolicyName"], request.get("PolicyType", STEP)
        if policy_type not in CONFIGURATIONS:
            raise validation(f"The policy type {policy_type} is not emulated: {TARGET_TRACKING} and {STEP} are.")
        return ScalingPolicy(
            part_name(target, name),
            self._new_arn(target, name),
            name,
            target.resource_id,
            target.dimension,
            policy_type,
            {},
            time.time(),
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
