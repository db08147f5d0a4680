"""PutScalingPolicy, DescribeScalingPolicies, DeleteScalingPolicy."""

from __future__ import annotations

from sagemaker_emulator.operations.registry import Request, Response, operation
from sagemaker_emulator.sagemaker import SageMaker


@operation("PutScalingPolicy")
def put_scaling_policy(sagemaker: SageMaker, request: Request) -> Response:
    """Support target tracking of SageMakerVariantInvocationsPerInstance, SageMakerInferenceComponentInvocationsPerCopy
    or any CloudWatch metric, and step scaling by CloudWatch alarms that have the policy as an action. Both change the
    counts of instances or copies, with cooldowns. Target tracking creates no alarms: the emulator evaluates the metric
    itself. Refuse predictive scaling.
    """
    return {"PolicyARN": sagemaker.scaling.policies.put(request).arn, "Alarms": []}


@operation("DescribeScalingPolicies")
def describe_scaling_policies(sagemaker: SageMaker, request: Request) -> Response:
    """Filter by name, resource and dimension; page."""
    return sagemaker.scaling.policies.describe(request)


@operation("DeleteScalingPolicy")
def delete_scaling_policy(sagemaker: SageMaker, request: Request) -> Response:
    sagemaker.scaling.policies.remove(request)
    return {}
