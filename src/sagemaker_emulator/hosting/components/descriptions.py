"""Descriptions of inference components, as Describe and List have them. Pure functions of the records."""

from __future__ import annotations

from typing import Any

from sagemaker_emulator.hosting.variants import Variant
from sagemaker_emulator.resources.components.inference_component import InferenceComponent
from sagemaker_emulator.wire import present

Description = dict[str, Any]


def describe_component(component: InferenceComponent, endpoint_arn: str, running: Variant | None) -> Description:
    runtime = {"DesiredCopyCount": component.copies, "CurrentCopyCount": running.ready_count if running else 0}
    return present(
        {
            **summarize_component(component, endpoint_arn),
            "FailureReason": component.failure_reason,
            "Specification": _specification(component),
            "RuntimeConfig": runtime,
        }
    )


def summarize_component(component: InferenceComponent, endpoint_arn: str) -> Description:
    return {
        "InferenceComponentName": component.name,
        "InferenceComponentArn": component.arn,
        "EndpointName": component.endpoint_name,
        "EndpointArn": endpoint_arn,
        "VariantName": component.variant_name,
        "InferenceComponentStatus": component.status,
        "CreationTime": component.created,
        "LastModifiedTime": component.modified,
    }


def _specification(component: InferenceComponent) -> Description:
    """Return the specification. A container has the image that is deployed in the place of the one asked for."""
    container = component.specification.get("Container")
    if container is None:
        return component.specification
    image = container["Image"]
    deployed = {"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": component.created}
    rest = {member: value for member, value in container.items() if member != "Image"}
    return {**component.specification, "Container": {"DeployedImage": deployed, **rest}}
