"""RegisterScalableTarget, DescribeScalableTargets, DeregisterScalableTarget, DescribeScalingActivities."""

from __future__ import annotations

from sagemaker_emulator.operations.registry import Request, Response, operation
from sagemaker_emulator.sagemaker import SageMaker


@operation("RegisterScalableTarget")
def register_scalable_target(sagemaker: SageMaker, request: Request) -> Response:
    """Support ServiceNamespace `sagemaker`, dimensions `sagemaker:variant:DesiredInstanceCount` and
    `sagemaker:inference-component:DesiredCopyCount`. A count outside the limits is changed at once. The target is
    removed with its endpoint or component.
    """
    target = sagemaker.scaling.register(request, request.get("Tags", {}))
    return {"ScalableTargetARN": target.arn}


@operation("DescribeScalableTargets")
def describe_scalable_targets(sagemaker: SageMaker, request: Request) -> Response:
    """Filter by resources and dimension; page."""
    return sagemaker.scaling.targets.describe(request)


@operation("DeregisterScalableTarget")
def deregister_scalable_target(sagemaker: SageMaker, request: Request) -> Response:
    """Remove the target, its policies and its scheduled actions. The endpoint keeps its instances."""
    sagemaker.scaling.targets.deregister(request)
    return {}


@operation("DescribeScalingActivities")
def describe_scaling_activities(sagemaker: SageMaker, request: Request) -> Response:
    """List the last 100 of each resource, the newest first. NotScaledReasons are not recorded."""
    return sagemaker.scaling.activities.describe(request)
